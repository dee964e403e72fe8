import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CancelledError } from '../errors.ts';
import {
  createStudio,
  DEFAULT_SETTINGS,
  MemoryFolder,
  OtherModelError,
  OwnLocks,
  type Reel,
  Store,
} from './index.ts';
import {
  dance,
  manifestNamed,
  noPose,
  open,
  person,
  pretendPictures,
  ScriptedEngine,
  settle,
} from './testing/world.ts';

vi.mock('./media.ts', async () => (await import('./testing/world.ts')).noMedia);

beforeEach(pretendPictures);
afterEach(() => vi.unstubAllGlobals());

const settings = { ...DEFAULT_SETTINGS, frameRate: 25 };
const load = {};

function world(folder = new MemoryFolder(), locks = new OwnLocks()) {
  const engine = new ScriptedEngine();
  const studio = createStudio({ engine, pose: noPose, store: new Store(folder, locks) });
  return { engine, studio, folder, locks };
}

async function filmOf({ studio }: ReturnType<typeof world>, change: object = {}, url = 'A') {
  const pack = await studio.pack(url, { kind: 'url', url }, load);
  const plan = { photos: [person()], dance: dance(), settings, pack, ...change };
  const reel = await studio.film(plan);
  await studio.keep(reel, plan);
  return reel;
}

async function paint(reel: Reel, most = Number.POSITIVE_INFINITY): Promise<number[]> {
  const stop = new AbortController();
  const done: number[] = [];
  try {
    for await (const index of reel.paint({ signal: stop.signal, load })) {
      done.push(index);
      if (done.length >= most) stop.abort(new CancelledError());
    }
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error;
  }
  return done;
}

describe('a film', () => {
  it('has an id over all that decides its pixels, and over nothing else', async () => {
    const here = world();
    const id = async (change: object = {}, url = 'A') => (await filmOf(here, change, url)).film.id;
    const same = await id();
    expect(await id()).toBe(same);
    expect(await id({ settings: { ...settings, background: 'plain', plainColour: '#ffffff' } })).toBe(same);
    expect(await id({ settings: { ...settings, visibleMark: true } })).toBe(same);
    expect(await id({}, 'B')).not.toBe(same);
    expect(await id({ settings: { ...settings, seed: 2 } })).not.toBe(same);
    expect(await id({ photos: [person('kofi')] })).not.toBe(same);
    expect(await id({ dance: dance(3) })).not.toBe(same);
    expect(await id({ photos: [person(), person('again')] })).not.toBe(same);
  });

  it('knows two packs of one name and address apart by what is in them', async () => {
    const here = world();
    const before = await filmOf(here);
    await paint(before);
    const next = world(here.folder);
    next.engine.manifests.set(
      'A',
      manifestNamed('A', { files: { 'unet/00.onnx': { bytes: 1, sha256: 'new' } } }),
    );
    const after = await filmOf(next);
    expect(after.film.id).not.toBe(before.film.id);
    expect(after.missing()).toHaveLength(4);
  });

  it('is gone on with after a stop: only what is missing is painted', async () => {
    const here = world();
    expect(await paint(await filmOf(here), 2)).toEqual([0, 1]);

    const later = world(here.folder);
    const [card] = await later.studio.store.list();
    expect(card).toMatchObject({ name: 'mira, salsa', done: 2, total: 4 });
    const reel = await later.studio.open(card?.id ?? '');
    vi.spyOn(later.studio.store, 'file');
    // The photo comes from the store; opening it needs a browser.
    if (!reel) throw new Error('The film is not there.');
    vi.spyOn(reel, 'ground');
    expect(reel.ready()).toEqual([0, 1]);
    expect(reel.film.motion.poses[3]?.joints).toBeInstanceOf(Float32Array);
    const again = await filmOf(later);
    expect(again.film.id).toBe(card?.id);
    expect(await paint(again)).toEqual([2, 3]);
    expect(later.engine.frames).toBe(2);
    expect(await paint(again)).toEqual([]);
  });

  it('is painted by the model that it was begun with, or not at all', async () => {
    const here = world();
    const reel = await filmOf(here);
    await paint(reel, 2);
    here.engine.manifests.set('A', manifestNamed('A', { licence: 'another' }));
    const later = world(here.folder);
    later.engine.manifests.set('A', manifestNamed('A', { licence: 'another' }));
    const opened = await later.studio.open(reel.film.id);
    await expect(async () => {
      for await (const _ of opened?.paint({ signal: new AbortController().signal, load }) ?? []);
    }).rejects.toThrow(OtherModelError);
    expect(later.engine.frames).toBe(0);
  });

  it('gives all frames in order, those that were there and those that are painted', async () => {
    const here = world();
    const reel = await filmOf(here);
    await paint(reel, 2);
    const frames: unknown[] = [];
    for await (const { index, painted } of reel.frames({ signal: new AbortController().signal, load }))
      frames.push([index, painted]);
    expect(frames).toEqual([
      [0, false],
      [1, false],
      [2, true],
      [3, true],
    ]);
  });

  it('shares frames with a longer part of the same dance', async () => {
    const here = world();
    await paint(await filmOf(here, { dance: dance(4) }));
    const clip = dance(4).clip;
    const part = { clip: clip && { ...clip, trim: { start: 0, end: 0.08 } }, poses: null };
    const shorter = await filmOf(here, { dance: part });
    expect(shorter.missing()).toEqual([]);
    expect((await here.studio.store.list()).map(({ done }) => done).sort()).toEqual([2, 4]);
  });
});

describe('a film whose frames are joined', () => {
  const joining = (folder?: MemoryFolder) => {
    const here = world(folder);
    here.engine.joinsFrames = true;
    return here;
  };

  it('is gone on with from a window before what is missing, and what is there stays', async () => {
    const here = joining();
    await paint(await filmOf(here, { dance: dance(40) }), 30);
    const later = joining(here.folder);
    const again = await filmOf(later, { dance: dance(40) });
    expect(again.ready()).toHaveLength(30);
    expect(await paint(again)).toEqual([30, 31, 32, 33, 34, 35, 36, 37, 38, 39]);
    expect(later.engine.firstFrames).toEqual([6]);
    expect(later.engine.frames).toBe(34);
  });

  it('shares no frames with a part of the same dance, unless they are painted one by one', async () => {
    const here = joining();
    const clip = dance(4).clip;
    const part = { clip: clip && { ...clip, trim: { start: 0, end: 0.08 } }, poses: null };
    await paint(await filmOf(here, { dance: dance(4) }));
    expect((await filmOf(here, { dance: part })).missing()).toEqual([0, 1]);
    const alone = { settings: { ...settings, smooth: false } };
    await paint(await filmOf(here, { dance: dance(4), ...alone }));
    expect((await filmOf(here, { dance: part, ...alone })).missing()).toEqual([]);
  });
});

describe('stopping', () => {
  it('stops while the references go over, and nothing is painted afterwards', async () => {
    const here = world();
    const reel = await filmOf(here);
    let go = () => {};
    here.engine.before.references = () => new Promise<void>((resolve) => (go = resolve));
    const stop = new AbortController();
    const painting = (async () => {
      for await (const _ of reel.paint({ signal: stop.signal, load }));
    })();
    const over = expect(painting).rejects.toThrow(CancelledError);
    await settle(5);
    stop.abort(new CancelledError());
    go();
    await over;
    await settle(5);
    expect(here.engine.calls.some((call) => call.startsWith('animate'))).toBe(false);
  });

  it('reaches the engine while a frame is dealt with, and closes what comes too late', async () => {
    const here = world();
    const reel = await filmOf(here);
    const stop = new AbortController();
    const before = open.bitmaps;
    await expect(async () => {
      for await (const _ of reel.paint({ signal: stop.signal, load })) {
        stop.abort(new CancelledError());
        // At once, and not with the next frame.
        expect(here.engine.calls.at(-1)).toBe('cancel');
      }
    }).rejects.toThrow(CancelledError);
    await settle(5);
    expect(here.engine.frames).toBe(1);
    expect(open.bitmaps).toBe(before);
  });

  it('gives up a load that nobody else waits for, and no other', async () => {
    const { studio, engine } = world();
    engine.before.load = () => settle(20);
    const stop = new AbortController();
    const [mine, theirs] = ['A', 'A'].map((url, i) =>
      studio.pack(url, { kind: 'url', url }, load, i === 0 ? { signal: stop.signal } : {}),
    );
    const refused = expect(mine).rejects.toThrow(CancelledError);
    await settle();
    stop.abort(new CancelledError());
    await refused;
    expect((await theirs)?.name).toBe('A');
    expect(engine.calls).toEqual(['load A']);

    const alone = new AbortController();
    const last = studio.pack('B', { kind: 'url', url: 'B' }, load, { signal: alone.signal });
    const gone = expect(last).rejects.toThrow(CancelledError);
    await settle();
    alone.abort(new CancelledError());
    await gone;
    expect(engine.calls).toEqual(['load A', 'load B', 'cancel']);
    await studio.pack('B', { kind: 'url', url: 'B' }, load);
    expect(engine.calls.at(-1)).toBe('load B');
  });
});

describe('two tabs', () => {
  it('do not paint one film twice: the second takes over what the first leaves', async () => {
    const first = world();
    const second = world(first.folder, first.locks);
    const [a, b] = [await filmOf(first), await filmOf(second)];
    const waited = vi.fn();
    const stop = new AbortController();
    const painting = (async () => {
      for await (const index of a.paint({ signal: stop.signal, load })) {
        if (index === 1) stop.abort(new CancelledError());
        await settle(5);
      }
    })().catch(() => undefined);
    await settle(2);
    const done: number[] = [];
    for await (const index of b.paint({ signal: new AbortController().signal, load, onWait: waited }))
      done.push(index);
    await painting;
    expect(waited).toHaveBeenCalledOnce();
    expect(done).toEqual([2, 3]);
    expect(second.engine.frames).toBe(2);
  });

  it('stop waiting when they are told to', async () => {
    const first = world();
    const second = world(first.folder, first.locks);
    const [a, b] = [await filmOf(first), await filmOf(second)];
    const painting = a.paint({ signal: new AbortController().signal, load });
    await painting.next();
    const stop = new AbortController();
    const waiting = b.paint({ signal: stop.signal, load }).next();
    const refused = expect(waiting).rejects.toThrow(CancelledError);
    await settle();
    stop.abort(new CancelledError());
    await refused;
    await painting.return(undefined);
    expect(await paint(b)).toEqual([1, 2, 3]);
  });
});
