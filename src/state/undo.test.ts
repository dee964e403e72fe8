import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { bitmap, dance, open, person, pretendPictures } from '../studio/testing/world.ts';

vi.stubGlobal('document', { baseURI: 'http://x/' });
const { changeSettings, DEFAULT_PACK, learnPack, useChoices } = await import('./choices.ts');
const { keepSteps, redo, retire, undo, useUndo } = await import('./undo.ts');

let stop = () => {};
let now = 0;

beforeEach(() => {
  pretendPictures();
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  useChoices.setState({ photos: [], clip: null, poses: null, pack: DEFAULT_PACK });
  changeSettings({ seed: 1 });
  stop = keepSteps();
});
afterEach(() => {
  stop();
  vi.restoreAllMocks();
});

const later = () => {
  now += 1000;
};
const seed = () => useChoices.getState().settings.seed;

it('goes back and forth, and a new change ends the way forth', () => {
  for (const value of [2, 3, 4]) {
    later();
    changeSettings({ seed: value });
  }
  undo();
  undo();
  expect(seed()).toBe(2);
  redo();
  expect(seed()).toBe(3);
  undo();
  later();
  changeSettings({ seed: 9 });
  redo();
  expect(seed()).toBe(9);
  undo();
  undo();
  undo();
  expect(seed()).toBe(1);
  expect(useUndo.getState().past).toEqual([]);
});

it('takes a drag for one change, and what the page learns by itself for none', () => {
  later();
  for (let value = 2; value < 30; value++) {
    now += 16;
    changeSettings({ seed: value });
  }
  expect(useUndo.getState().past).toHaveLength(1);
  later();
  learnPack({ ...DEFAULT_PACK, hash: 'read', guidance: 2 });
  const { clip } = dance();
  useChoices.setState({ clip: { ...clip, clip: {}, strip: [] } as never });
  later();
  useChoices.setState(({ clip: there }) => ({ clip: there && { ...there, watched: null, sightings: [] } }));
  expect(useUndo.getState().past).toHaveLength(2);
  undo();
  undo();
  expect(seed()).toBe(1);
});

it('brings a cleared photo back, whose picture is closed only when no step leads to it', () => {
  const mira = person('mira');
  later();
  useChoices.setState({ photos: [mira] });
  later();
  useChoices.setState({ photos: [] });
  retire(mira.image);
  expect(mira.image.width).toBe(256);
  undo();
  expect(useChoices.getState().photos[0]?.image.width).toBe(256);
  for (let i = 0; i < 12; i++) {
    later();
    const before = useChoices.getState().photos;
    useChoices.setState({ photos: [{ ...mira, id: `${i}`, image: bitmap() }] });
    retire(...before.map(({ image }) => image));
  }
  expect(mira.image.width).toBe(0);
  // Six that steps lead to, and the one that is shown.
  expect(open.bitmaps).toBe(7);
});
