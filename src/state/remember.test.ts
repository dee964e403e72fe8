import { beforeEach, expect, it, vi } from 'vitest';
import { DEFAULT_SETTINGS } from '../studio/settings.ts';

const kept = new Map<string, string>();

beforeEach(() => {
  vi.resetModules();
  kept.clear();
  vi.stubGlobal('document', { baseURI: 'http://x/' });
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
});

async function visit() {
  const [choices, { rememberSettings }] = [await import('./choices.ts'), await import('./remember.ts')];
  choices.useChoices.setState({ settings: DEFAULT_SETTINGS, pack: choices.DEFAULT_PACK });
  rememberSettings();
  return choices;
}

it('takes up the settings and the imported model of the last visit', async () => {
  const first = await visit();
  first.changeSettings({ aspect: '9:16', quality: 'best' });
  first.choosePack({ ...first.DEFAULT_PACK, name: 'tuned', source: { kind: 'imported', id: '7' } });
  vi.resetModules();
  const { settings, pack } = (await visit()).useChoices.getState();
  expect(settings).toMatchObject({ aspect: '9:16', quality: 'best', seed: 1 });
  expect(pack).toMatchObject({ name: 'tuned', hash: null, source: { kind: 'imported', id: '7' } });
});

it('leaves what it does not know, and a browser that keeps nothing', async () => {
  kept.set('settings', '{"settings":{"aspect":"round","steps":-3,"seed":5},"imported":{"id":3}}');
  const { settings, pack } = (await visit()).useChoices.getState();
  expect(settings).toEqual({ ...DEFAULT_SETTINGS, seed: 5 });
  expect(pack.name).toBe('Built-in');
  kept.set('settings', 'not json');
  vi.resetModules();
  expect((await visit()).useChoices.getState().settings).toEqual(DEFAULT_SETTINGS);
  vi.stubGlobal('localStorage', {
    getItem() {
      throw new DOMException('no', 'SecurityError');
    },
  });
  vi.resetModules();
  const choices = await visit();
  expect(() => choices.changeSettings({ seed: 4 })).not.toThrow();
});
