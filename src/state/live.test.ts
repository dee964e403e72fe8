import { beforeEach, expect, it, vi } from 'vitest';
import { person, pretendPictures, settle } from '../studio/testing/world.ts';

vi.stubGlobal('document', {
  baseURI: 'http://x/',
  hidden: false,
  addEventListener() {},
  removeEventListener() {},
});
vi.stubGlobal('navigator', { hardwareConcurrency: 2 });
vi.stubGlobal('matchMedia', () => ({ matches: false }));
vi.stubGlobal('OffscreenCanvas', class {});

const world = vi.hoisted(() => ({
  cameras: [] as { closed: boolean }[],
  sessions: 0,
  reference: null as Promise<void> | null,
}));
vi.mock('../client/engine.ts', async () => {
  const { ScriptedEngine } = await import('../studio/testing/world.ts');
  return { createEngine: () => new ScriptedEngine() };
});
vi.mock('../client/pose.ts', () => ({
  FOR_FILES: {},
  FOR_LIVE_COMPANY: {},
  PoseClient: class {
    dispose() {}
  },
}));
vi.mock('../live/index.ts', () => ({
  FROM_LAST_FRAME: 0.5,
  FROM_NOISE: 1,
  LiveMeter: class {
    forget() {}
  },
  LiveSession: class {
    constructor() {
      world.sessions++;
    }
    startFramesWith() {}
    resume() {}
    run = (_: unknown, signal: AbortSignal) =>
      new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  },
}));
vi.mock('./live-source.ts', () => ({
  mirrorFor: () => true,
  openCameraSource: async () => {
    const camera = { closed: false, deviceId: '', mirror: true, close: () => {} };
    camera.close = () => {
      camera.closed = true;
    };
    world.cameras.push(camera);
    return { camera, cameras: [] };
  },
}));
vi.mock('./live-photo.ts', async () => {
  const { bitmap } = await import('../studio/testing/world.ts');
  return {
    liveSizes: () => [{ width: 256, height: 256 }],
    liveReference: async () => {
      await world.reference;
      return { image: bitmap(), pose: {} };
    },
  };
});

const { useChoices } = await import('./choices.ts');
const { goLive, leaveLive, useLive } = await import('./live.ts');

beforeEach(() => {
  pretendPictures();
  useChoices.setState({ photos: [person()] });
});

it('ended before it has begun, a session leaves no camera on', async () => {
  let go = () => {};
  world.reference = new Promise((resolve) => {
    go = resolve;
  });
  const live = goLive('camera');
  await settle(5);
  expect(world.cameras).toHaveLength(1);
  await leaveLive();
  go();
  await live;
  expect(world.cameras[0]?.closed).toBe(true);
  expect(world.sessions).toBe(0);
  expect(useLive.getState().phase).toBe('off');
});

it('begun anew while it begins, there is one session and one camera', async () => {
  let go = () => {};
  world.reference = new Promise((resolve) => {
    go = resolve;
  });
  const first = goLive('camera');
  await settle(5);
  const second = goLive('camera');
  go();
  await first;
  await settle(20);
  expect(world.cameras.slice(1).map(({ closed }) => closed)).toEqual([true, false]);
  expect(world.sessions).toBe(1);
  await leaveLive();
  await second;
  expect(world.cameras.every(({ closed }) => closed)).toBe(true);
});
