import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LiveRecorder } from './live-film.ts';

const writer = vi.hoisted(() => ({ add: vi.fn(), finish: vi.fn(), cancel: vi.fn() }));
const microphone = vi.hoisted(() => ({ stop: vi.fn() }));
vi.mock('./media.ts', () => ({
  media: async () => ({ writeVideo: async () => writer }),
  pageMedia: async () => ({ openMicrophone: async () => microphone }),
}));

const drawn: number[][] = [];
class Canvas {
  constructor(
    readonly width: number,
    readonly height: number,
  ) {}

  getContext() {
    return { drawImage: (_: unknown, ...place: number[]) => drawn.push(place) };
  }
}

const screen = (width: number, height: number) => ({ width, height }) as HTMLCanvasElement;
const start = (withMicrophone = false) =>
  LiveRecorder.start({ width: 256, height: 256 }, { withMicrophone, about: { seed: 1, settings: {} } });

beforeEach(() => {
  drawn.length = 0;
  for (const call of [...Object.values(writer), microphone.stop])
    call.mockReset().mockResolvedValue(undefined);
  vi.stubGlobal('OffscreenCanvas', Canvas);
});
afterEach(() => vi.unstubAllGlobals());

describe('a live film', () => {
  it('takes a screen of its shape as it is, of whatever size', async () => {
    const recorder = await start();
    const small = screen(128, 128);
    recorder.add(small);
    expect(writer.add.mock.calls[0]?.[0]).toBe(small);
    expect(drawn).toEqual([]);
  });

  it('shows a screen of another shape as a whole', async () => {
    const recorder = await start();
    recorder.add(screen(192, 384));
    expect(writer.add.mock.calls[0]?.[0]).toMatchObject({ width: 256, height: 256 });
    expect(drawn).toEqual([[64, 0, 128, 256]]);
  });

  it('leaves nothing behind and no microphone on when it is given up', async () => {
    const recorder = await start(true);
    await recorder.cancel();
    expect(writer.cancel).toHaveBeenCalled();
    expect(microphone.stop).toHaveBeenCalled();
  });
});
