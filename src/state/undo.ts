/** Back and forth between what was chosen: photos, clip, poses, settings and model. */
import { create } from 'zustand';
import { type Choices, useChoices } from './choices.ts';

type Chosen = Pick<Choices, 'photos' | 'clip' | 'poses' | 'settings' | 'pack'>;

interface Undo {
  readonly past: readonly Chosen[];
  readonly future: readonly Chosen[];
}

export const useUndo = create<Undo>(() => ({ past: [], future: [] }));

/** Changes that follow each other as closely as this are one: a drag, a word typed. */
const ONE_CHANGE_MS = 700;
const MOST_STEPS = 40;
/** Photos are up to 16 MB each in memory. */
const MOST_PICTURES = 6;

const chosen = ({ photos, clip, poses, settings, pack }: Choices): Chosen => ({
  photos,
  clip,
  poses,
  settings,
  pack,
});

let present: Chosen | null = null;
let changedAt = 0;
let isStepping = false;

/** Remembers what is chosen from here on. */
export function keepSteps(): () => void {
  present = chosen(useChoices.getState());
  useUndo.setState({ past: [], future: [] });
  changedAt = 0;
  return useChoices.subscribe((choices) => {
    const before = present;
    const now = chosen(choices);
    if (!before || isSame(before, now)) return;
    present = now;
    if (isStepping || !isStep(before, now)) return;
    const { past } = useUndo.getState();
    const isOne = performance.now() - changedAt < ONE_CHANGE_MS && past.length > 0;
    changedAt = performance.now();
    useUndo.setState({ past: isOne ? past : shortened([...past, before]), future: [] });
    closeRetired();
  });
}

const isSame = (a: Chosen, b: Chosen): boolean =>
  a.photos === b.photos &&
  a.clip === b.clip &&
  a.poses === b.poses &&
  a.settings === b.settings &&
  a.pack === b.pack;

/** That a pack was read, or a clip looked through, is nobody's choice. */
function isStep(before: Chosen, now: Chosen): boolean {
  const withoutWatching = ({ clip }: Chosen) => clip && [clip.clip, clip.trim, clip.pointed];
  const [a, b] = [withoutWatching(before), withoutWatching(now)];
  return (
    before.photos !== now.photos ||
    before.poses !== now.poses ||
    before.settings !== now.settings ||
    before.pack.source !== now.pack.source ||
    (a === null || b === null ? a !== b : a.some((part, i) => part !== b[i]))
  );
}

function shortened(past: readonly Chosen[]): readonly Chosen[] {
  let kept = past.slice(-MOST_STEPS);
  const pictures = () => new Set(kept.flatMap(({ photos }) => photos.map(({ image }) => image))).size;
  while (kept.length > 1 && pictures() > MOST_PICTURES) kept = kept.slice(1);
  return kept;
}

export function undo(): void {
  const { past, future } = useUndo.getState();
  const before = past.at(-1);
  if (!before || !present) return;
  useUndo.setState({ past: past.slice(0, -1), future: [present, ...future] });
  step(before);
}

export function redo(): void {
  const { past, future } = useUndo.getState();
  const [next, ...others] = future;
  if (!next || !present) return;
  useUndo.setState({ past: [...past, present], future: others });
  step(next);
}

function step(to: Chosen): void {
  isStepping = true;
  useChoices.setState({ ...to, photoProblem: null, clipProblem: null, unseenPhoto: null });
  isStepping = false;
  changedAt = 0;
}

interface Closable {
  close(): void;
}

const retired = new Set<Closable>();

/** What is no longer chosen is closed as soon as no step leads back to it. */
export function retire(...things: readonly Closable[]): void {
  for (const thing of things) retired.add(thing);
  closeRetired();
}

function closeRetired(): void {
  const { past, future } = useUndo.getState();
  const held = new Set<Closable>();
  for (const { photos, clip } of [...past, ...future, chosen(useChoices.getState())]) {
    for (const { image } of photos) held.add(image);
    if (clip) for (const thing of [clip.clip, ...clip.strip.map(({ image }) => image)]) held.add(thing);
  }
  for (const thing of retired) {
    if (held.has(thing)) continue;
    retired.delete(thing);
    thing.close();
  }
}
