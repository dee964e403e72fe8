/** What is chosen last counts, however long the things chosen before take. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { bitmap, open, pretendPictures, settle } from '../studio/testing/world.ts';

vi.stubGlobal('document', { baseURI: 'http://x/', hidden: false, addEventListener() {} });
vi.stubGlobal('navigator', { hardwareConcurrency: 2 });
vi.stubGlobal('matchMedia', () => ({ matches: false }));

const slow = vi.hoisted(() => ({ strip: null as Promise<void> | null, closed: [] as string[] }));

vi.mock('../client/engine.ts', async () => ({
  createEngine: () =>
    new (class {
      onNotice() {}
    })(),
}));
vi.mock('../client/pose.ts', async () => {
  const { standing } = await import('../live/testing/bodies.ts');
  return {
    FOR_FILES: {},
    FOR_LIVE_COMPANY: {},
    PoseClient: class {
      find = async () => [standing({ size: 256 })];
      forget = async () => undefined;
      follow = async () => [standing({ size: 256 })];
    },
  };
});
vi.mock('../studio/media.ts', async () => {
  const { bitmap: picture } = await import('../studio/testing/world.ts');
  return {
    media: async () => ({
      openPhoto: async () => ({ image: picture(), notes: [] }),
      openClip: async (file: Blob) => {
        const name = await file.text();
        return {
          info: { width: 256, height: 256, duration: 2, frameRate: 25, sound: null },
          close: () => slow.closed.push(name),
          async *filmstrip({ signal }: { signal: AbortSignal }) {
            yield { time: 0, image: picture({ width: 10, height: 10 }) };
            if (name === 'slow') await slow.strip;
            signal.throwIfAborted();
          },
          async *frames({ signal }: { signal: AbortSignal }) {
            for (let index = 0; index < 3; index++) {
              signal.throwIfAborted();
              await new Promise((resolve) => setTimeout(resolve, 2));
              yield { time: index / 25, bitmap: async () => picture(), close() {} };
            }
          },
        };
      },
    }),
  };
});

const { useChoices } = await import('./choices.ts');
const { chooseClip, finishTrim, trimClip } = await import('./choose-clip.ts');
const { choosePhoto, correctPose, putPhoto } = await import('./choose-photo.ts');
const { chooseExamplePhoto } = await import('./examples.ts');

const hold = () => {
  let go = () => {};
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  return { held, go };
};

beforeEach(() => {
  pretendPictures();
  slow.closed.length = 0;
  slow.strip = null;
  useChoices.setState({ photos: [], clip: null, poses: null, photoTask: null, clipTask: null });
});

describe('a photo', () => {
  it('of one’s own is not overtaken by an example that was pressed before', async () => {
    const { held, go } = hold();
    vi.stubGlobal('fetch', async (url: string, { signal }: { signal: AbortSignal }) => {
      await held;
      signal.throwIfAborted();
      return url.endsWith('.json') ? Response.json({}) : new Response('mira');
    });
    const example = chooseExamplePhoto({ id: 'mira', title: 'Mira', file: 'mira.png' });
    expect(await choosePhoto(new Blob(['mine']), 'mine.png')).toBe(true);
    go();
    expect(await example).toBe(false);
    expect(useChoices.getState()).toMatchObject({ photoTask: null, photos: [{ name: 'mine.png' }] });
  });

  it('gives its picture’s memory back when another one takes its place', async () => {
    await choosePhoto(new Blob(['a']), 'a.png');
    const [first] = useChoices.getState().photos;
    if (!first) throw new Error('There is no photo.');
    correctPose(first.id, first.pose);
    expect(open.bitmaps).toBe(1);
    await choosePhoto(new Blob(['b']), 'b.png');
    expect(open.bitmaps).toBe(1);
    putPhoto({ ...first, id: 'c', image: bitmap() }, 'more');
    expect(open.bitmaps).toBe(2);
  });
});

describe('a clip', () => {
  it('that is being opened is not lost when a handle of the one before is let go', async () => {
    await chooseClip(new Blob(['first']), 'first.mp4');
    const { held, go } = hold();
    slow.strip = held;
    const second = chooseClip(new Blob(['slow']), 'second.mp4');
    await settle(5);
    trimClip({ start: 0.5, end: 1.5 });
    await finishTrim();
    go();
    expect(await second).toBe(true);
    expect(useChoices.getState()).toMatchObject({ clip: { name: 'second.mp4' }, clipTask: null });
    expect(slow.closed).toEqual(['first']);
  });

  it('that was overtaken while it was opened is closed, with its pictures', async () => {
    const { held, go } = hold();
    slow.strip = held;
    const first = chooseClip(new Blob(['slow']), 'first.mp4');
    await settle(5);
    const second = chooseClip(new Blob(['quick']), 'second.mp4');
    go();
    expect(await first).toBe(false);
    expect(await second).toBe(true);
    expect(slow.closed).toEqual(['slow']);
    // One picture of the strip of the clip that is shown, and what was looked at.
    expect(useChoices.getState().clip?.name).toBe('second.mp4');
    const [picture] = useChoices.getState().clip?.strip ?? [];
    expect(picture?.image.width).toBe(10);
  });
});
