/** Settings and model stay as they were at the last visit. */
import { knownSettings } from '../studio/settings.ts';
import { changeSettings, choosePack, DEFAULT_PACK, useChoices } from './choices.ts';

const KEY = 'settings';

interface Remembered {
  readonly settings?: unknown;
  /** Only those that are still there without being asked for: weights that were imported here. */
  readonly imported?: { readonly id: string; readonly name: string } | null;
}

/** Takes up what was left, and remembers from here on. Where the browser forbids it, every visit begins anew. */
export function rememberSettings(): void {
  try {
    const { settings, imported }: Remembered = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    changeSettings(knownSettings(settings));
    if (typeof imported?.id === 'string' && typeof imported.name === 'string')
      choosePack({ ...DEFAULT_PACK, name: imported.name, source: { kind: 'imported', id: imported.id } });
  } catch {
    // Somebody else's, or nobody's.
  }
  let before = useChoices.getState();
  useChoices.subscribe((now) => {
    const isNews = now.settings !== before.settings || now.pack.source !== before.pack.source;
    before = now;
    if (!isNews) return;
    const { settings, pack } = now;
    const imported = pack.source.kind === 'imported' ? { id: pack.source.id, name: pack.name } : null;
    try {
      localStorage.setItem(KEY, JSON.stringify({ settings, imported } satisfies Remembered));
    } catch {
      // No room, or not allowed.
    }
  });
}
