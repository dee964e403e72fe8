import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  dance,
  manifestNamed,
  open,
  person,
  pretendPictures,
  type ScriptedEngine,
  settle,
} from '../studio/testing/world.ts';

vi.stubGlobal('document', { baseURI: 'http://x/', hidden: false, addEventListener() {} });
vi.stubGlobal('navigator', { hardwareConcurrency: 2 });
vi.stubGlobal('matchMedia', () => ({ matches: false }));

const world = vi.hoisted(() => ({ engine: undefined as unknown }));
vi.mock('../client/engine.ts', async () => {
  const { ScriptedEngine: Scripted } = await import('../studio/testing/world.ts');
  world.engine = new Scripted();
  return { createEngine: () => world.engine };
});
vi.mock('../client/pose.ts', () => ({ FOR_FILES: {}, FOR_LIVE_COMPANY: {}, PoseClient: class {} }));
vi.mock('../studio/media.ts', async () => (await import('../studio/testing/world.ts')).noMedia);

const { choosePack, changeSettings, DEFAULT_PACK, learnPack, useChoices } = await import('./choices.ts');
const { clearStage, goOn, isOutdated, reelOf, start, stop, useJob } = await import('./job.ts');
const { openFilm, removeFilm, takeBack, useFilms, lookForFilms } = await import('./films.ts');
const { studio } = await import('./studio.ts');
const engine = world.engine as ScriptedEngine;

const A = { ...DEFAULT_PACK, name: 'A', source: { kind: 'url', url: 'A' } } as const;
const B = { ...DEFAULT_PACK, name: 'B', source: { kind: 'url', url: 'B' } } as const;

let seed = 0;

beforeEach(() => {
  pretendPictures();
  engine.calls.length = 0;
  engine.frames = 0;
  engine.before = {};
  clearStage();
  const { clip } = dance();
  useChoices.setState({
    photos: [person()],
    // The page's own part of a clip is its decoder and its strip, which no film looks at.
    clip: { ...clip, clip: { info: { duration: 4 }, close() {} }, strip: [] } as never,
    poses: null,
    pack: A,
  });
  // Another film in each test.
  changeSettings({ seed: ++seed, frameRate: 25 });
});
afterEach(() => stop());

const film = () => {
  const { film: shown } = useJob.getState();
  if (!shown) throw new Error('There is no film.');
  return shown;
};
const until = async (call: string) => {
  while (!engine.calls.some((made) => made.startsWith(call))) await settle();
};

describe('a finished dance', () => {
  it('is outdated when another model is chosen, and that model paints it', async () => {
    await start();
    expect(useJob.getState().status).toBe('finished');
    expect(isOutdated(film(), useChoices.getState())).toBe(false);
    choosePack(B);
    expect(isOutdated(film(), useChoices.getState())).toBe(true);
    await start();
    expect(engine.calls).toEqual([
      'load A',
      'references 1',
      'animate 4',
      'load B',
      'references 1',
      'animate 4',
    ]);
    expect(film().pack.name).toBe('B');
  });

  it('is outdated when a model turns out to give another guidance', async () => {
    await start();
    const { pack } = useChoices.getState();
    learnPack({ ...pack, hash: pack.hash ?? '', guidance: 3 });
    expect(isOutdated(film(), useChoices.getState())).toBe(true);
  });

  it('is not outdated by what is laid over its frames, and nothing is painted for it', async () => {
    await start();
    changeSettings({ background: 'still', visibleMark: true });
    expect(isOutdated(film(), useChoices.getState())).toBe(false);
    await start();
    expect(engine.frames).toBe(4);
  });

  it('is shown again without its model, and says the model that it was made with', async () => {
    await start();
    choosePack(B);
    engine.calls.length = 0;
    const { aboutFilm, viewOf } = await import('../studio/index.ts');
    expect(aboutFilm(film(), viewOf(film().settings)).settings.pack).toBe('A');
    await openFilm(film().id);
    expect(engine.calls).toEqual([]);
  });
});

describe('another choice while a model is loaded', () => {
  it('does not end up in the film that was begun, nor in the other model', async () => {
    choosePack({ ...A, source: { kind: 'url', url: 'D' } });
    engine.manifests.set(
      'D',
      manifestNamed('D', { defaults: { width: 256, height: 256, steps: 4, guidance: 2 } }),
    );
    engine.before.load = () => settle(20);
    const run = start();
    await until('load');
    choosePack(B);
    await run;
    expect(engine.calls).toEqual(['load D', 'references 1', 'animate 4']);
    expect(film().pack.source).toEqual({ kind: 'url', url: 'D' });
    expect(film().options.guidance).toBe(2);
    // What the first was made for is not the second's.
    expect(useChoices.getState().pack).toBe(B);
    expect(isOutdated(film(), useChoices.getState())).toBe(true);
  });

  it('leaves the film its own clip', async () => {
    const run = start();
    await until('animate');
    useChoices.setState(({ clip }) => ({
      clip: clip && { ...clip, id: 'tango', file: new Blob(['tango']) },
    }));
    await run;
    expect(film().dance.clip?.id).toBe('salsa');
    const kept = await studio.store.film(film().id);
    expect(kept?.dance.clip?.id).toBe('salsa');
    expect(await (await studio.store.file('salsa'))?.text()).toBe('salsa');
  });
});

describe('Stop', () => {
  it('stops while the references go over', async () => {
    let go = () => {};
    engine.before.references = () =>
      new Promise<void>((resolve) => {
        go = resolve;
      });
    const run = start();
    await until('references');
    stop();
    expect(useJob.getState().status).toBe('idle');
    go();
    await run;
    await settle(10);
    expect(engine.frames).toBe(0);
    expect(engine.calls.some((call) => call.startsWith('animate'))).toBe(false);
  });

  it('keeps what is done, and the next start paints the rest', async () => {
    const pictures = open.bitmaps;
    const unsubscribe = useJob.subscribe(({ ready }) => ready.length === 2 && stop());
    await start();
    unsubscribe();
    expect(useJob.getState()).toMatchObject({ status: 'stopped', ready: [0, 1] });
    await start();
    expect(useJob.getState()).toMatchObject({ status: 'finished', ready: [0, 1, 2, 3] });
    expect(engine.frames).toBe(4);
    expect(open.bitmaps).toBe(pictures);
  });
});

describe('an engine that fails', () => {
  it('is loaded again by the next start after it died', async () => {
    const { EngineDiedError } = await import('../engine/errors.ts');
    engine.before.frame = (index) => {
      if (index === 1) throw new EngineDiedError('it ran out of memory.');
    };
    await start();
    expect(useJob.getState()).toMatchObject({ status: 'failed', ready: [0] });
    engine.before = {};
    engine.calls.length = 0;
    await start();
    expect(engine.calls).toEqual(['load A', 'references 1', 'animate 3']);
    expect(useJob.getState().status).toBe('finished');
  });

  it('is loaded again after a load that failed', async () => {
    choosePack({ ...B, source: { kind: 'url', url: 'C' } });
    engine.before.load = () => {
      throw new Error('no such pack');
    };
    await start();
    expect(useJob.getState().status).toBe('failed');
    engine.before = {};
    await start();
    expect(useJob.getState().status).toBe('finished');
  });
});

it('what the engine did on its own is forgotten with the model that it did it for', async () => {
  const { useDevice } = await import('./device.ts');
  useDevice.setState({ notices: ['The processor computes instead.'] });
  choosePack({ ...B, source: { kind: 'url', url: 'E' } });
  await start();
  expect(useDevice.getState().notices).toEqual([]);
});

describe('the list of films', () => {
  it('keeps every film, opens one again with its choices, and goes on with it', async () => {
    const unsubscribe = useJob.subscribe(({ ready }) => ready.length === 3 && stop());
    await start();
    unsubscribe();
    const { id } = film();
    changeSettings({ seed: ++seed });
    await start();
    await lookForFilms();
    expect(useFilms.getState().entries?.length).toBeGreaterThan(1);

    engine.frames = 0;
    await openFilm(id);
    expect(useJob.getState()).toMatchObject({ status: 'stopped', ready: [0, 1, 2] });
    await goOn();
    expect(engine.frames).toBe(1);
    expect(useJob.getState()).toMatchObject({ status: 'finished', ready: [0, 1, 2, 3] });
    expect(reelOf(film())).not.toBeNull();
  });

  it('lets a film go, and takes it back', async () => {
    await start();
    const { id } = film();
    await removeFilm(id);
    expect(useJob.getState().film).toBeNull();
    expect(useFilms.getState().entries?.some((entry) => entry.id === id)).toBe(false);
    await takeBack();
    expect(useFilms.getState().entries?.some((entry) => entry.id === id)).toBe(true);
    await openFilm(id);
    expect(useJob.getState().status).toBe('finished');
  });

  it('is deleted for good only by the next one that goes', async () => {
    await start();
    const first = film().id;
    changeSettings({ seed: ++seed });
    await start();
    const second = film().id;
    await removeFilm(first);
    await settle(5);
    await removeFilm(second);
    expect(await studio.store.film(first)).toBeNull();
    expect(await studio.store.film(second)).not.toBeNull();
  });
});
