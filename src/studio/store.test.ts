import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FrameStore } from './frames.ts';
import { createStudio, DEFAULT_SETTINGS, MemoryFolder, OwnLocks, Store } from './index.ts';
import { Pictures } from './pictures.ts';
import { readRecord, writeRecord } from './record.ts';
import {
  bitmap,
  dance,
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

async function painted(folder: MemoryFolder, locks: OwnLocks, { seed = 1, frames = 4, who = 'mira' } = {}) {
  const store = new Store(folder, locks);
  const studio = createStudio({ engine: new ScriptedEngine(), pose: noPose, store });
  const pack = await studio.pack('A', { kind: 'url', url: 'A' }, {});
  const settings = { ...DEFAULT_SETTINGS, seed, frameRate: 25 };
  const all = dance(4).clip;
  const part = { clip: all && { ...all, trim: { start: 0, end: frames / 25 } }, poses: null };
  const plan = { photos: [person(who)], dance: part, settings, pack };
  const reel = await studio.film(plan);
  await studio.keep(reel, plan);
  for await (const _ of reel.paint({ signal: new AbortController().signal, load: {} }));
  return reel;
}

const filesIn = async (folder: MemoryFolder, name: string) =>
  (await (await folder.folder(name)).names()).sort();

describe('the store', () => {
  it('writes a film once, with its files, however often it is kept', async () => {
    const [folder, locks] = [new MemoryFolder(), new OwnLocks()];
    const write = vi.spyOn(MemoryFolder.prototype, 'write');
    await painted(folder, locks);
    const written = () => write.mock.calls.map(([name]) => name).filter((name) => !name.endsWith('.png'));
    expect(written()).toEqual(['mira', 'salsa', 'record', 'keys', 'card.json']);
    await painted(folder, locks);
    expect(written().slice(5)).toEqual(['card.json']);
    write.mockRestore();
  });

  it('keeps a film of poses without any clip', async () => {
    const [folder, locks] = [new MemoryFolder(), new OwnLocks()];
    const store = new Store(folder, locks);
    const studio = createStudio({ engine: new ScriptedEngine(), pose: noPose, store });
    const pack = await studio.pack('A', { kind: 'url', url: 'A' }, {});
    const clip = dance(4).clip;
    const track = clip && studio.planner.track(clip);
    if (!track) throw new Error('Nobody is seen.');
    const alone = { clip: null, poses: { name: 'poses.json', track, trim: null } };
    const plan = { photos: [person()], dance: alone, settings: DEFAULT_SETTINGS, pack };
    const reel = await studio.film(plan);
    await studio.keep(reel, plan);
    const again = await studio.open(reel.film.id);
    expect(again?.film.dance.poses?.track.poses[0]?.joints).toEqual(track.poses[0]?.joints);
  });

  it('deletes only what was let go, and of that only what nobody else needs', async () => {
    const [folder, locks] = [new MemoryFolder(), new OwnLocks()];
    const store = new Store(folder, locks);
    const long = await painted(folder, locks);
    const short = await painted(folder, locks, { frames: 2 });
    const other = await painted(folder, locks, { seed: 2, who: 'kofi' });
    for (const reel of [long, short, other]) reel.close();
    await store.sweep();
    expect(await store.list()).toHaveLength(3);

    await store.remove(long.film.id);
    await settle(2);
    await store.sweep();
    expect((await store.list()).map(({ done, total }) => [done, total])).toEqual([
      [4, 4],
      [2, 2],
    ]);
    // The short film has the same photo, the same clip, and two of the frames.
    expect(await filesIn(folder, 'files')).toEqual(['kofi', 'mira', 'salsa']);

    await store.remove(short.film.id);
    await settle(2);
    await store.sweep();
    expect(await filesIn(folder, 'files')).toEqual(['kofi', 'salsa']);
    expect(await filesIn(folder, 'raw')).toEqual([other.film.look]);
  });

  it('takes back what was let go, and keeps what another tab still shows', async () => {
    const [folder, locks] = [new MemoryFolder(), new OwnLocks()];
    const store = new Store(folder, locks);
    const reel = await painted(folder, locks);
    await store.remove(reel.film.id);
    await store.restore(reel.film.id);
    await store.sweep();
    expect(await store.list()).toHaveLength(1);

    await store.remove(reel.film.id);
    await settle(2);
    await store.sweep();
    expect(await store.film(reel.film.id)).not.toBeNull();
    reel.close();
    await store.sweep();
    expect(await store.list()).toEqual([]);
  });

  it('does not show a film that was cut off while it was written', async () => {
    const [folder, locks] = [new MemoryFolder(), new OwnLocks()];
    const store = new Store(folder, locks);
    await (await (await folder.folder('films')).folder('half')).write('record', new Blob(['x']));
    expect(await store.list()).toEqual([]);
    expect(await store.film('half')).toBeNull();
  });
});

describe('frames', () => {
  it('are decoded once, however many ask, and close when they have to make room', async () => {
    const pictures = new Pictures(50 * 2 ** 20);
    const make = async () => {
      await settle();
      return bitmap({ width: 512, height: 512 });
    };
    for (let i = 0; i < 200; i++) await Promise.all([pictures.get(`${i}`, make), pictures.get(`${i}`, make)]);
    await settle();
    expect(open.made).toBe(200);
    expect(pictures.count).toBe(50);
    expect(pictures.bytes).toBe(50 * 2 ** 20);
    expect(open.bitmaps).toBe(50);
    pictures.clear();
    await settle();
    expect([open.bitmaps, pictures.bytes]).toEqual([0, 0]);
  });

  it('stay in memory where the disk is full', async () => {
    const folder = new MemoryFolder();
    const frames = await FrameStore.open(folder);
    vi.spyOn(folder, 'write').mockRejectedValue(new DOMException('full', 'QuotaExceededError'));
    await frames.put('a', bitmap());
    expect([frames.has('a'), frames.unkept]).toEqual([true, 1]);
    expect(await (await frames.blob('a'))?.text()).toBe('picture');
  });

  it('are not kept in memory as well as on the disk', async () => {
    const folder = new MemoryFolder();
    const read = vi.spyOn(folder, 'read');
    const frames = await FrameStore.open(folder);
    await frames.put('a', bitmap());
    await frames.blob('a');
    expect(read).toHaveBeenCalledWith('a.png');
    expect(frames.unkept).toBe(0);
  });
});

describe('a record', () => {
  it('gives the same data back, its numbers to the bit', async () => {
    const data = {
      name: 'ä',
      poses: [{ joints: Float32Array.of(0.1, Math.fround(1 / 3)) }, { joints: new Float32Array(0) }],
    };
    const file = writeRecord(data);
    expect(await readRecord(file)).toEqual(data);
    expect(await readRecord(file.slice(0, file.size - 4))).toBeNull();
    expect(await readRecord(new Blob(['no record at all, but long enough']))).toBeNull();
  });
});
