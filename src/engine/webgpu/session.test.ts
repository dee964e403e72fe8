import { beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeModel, ElementType, encodeModel } from '../../onnx/model.ts';
import { DeviceLimitError, NetworkError } from '../errors.ts';
import type { Runtime } from './runtime.ts';
import { GpuSession, type SessionSource } from './session.ts';
import type { GpuPlace } from './tensors.ts';

const info = (name: string) => ({ name, type: ElementType.float, shape: ['batch', 4] });
const graphOf = (type: ElementType) =>
  encodeModel({
    name: 'Doubled',
    inputs: [info('x')],
    outputs: [info('y')],
    initializers: [{ name: 'w', type, dims: [4], data: new Uint8Array(16) }],
    nodes: [{ name: 'add', op: 'Add', inputs: ['x', 'w'], outputs: ['y'], attributes: {} }],
  });

/** A buffer that knows what it holds, as far as a session can tell. */
interface FakeBuffer {
  readonly size: number;
  holds: string;
  destroy(): void;
}

const buffer = (holds: string): FakeBuffer & GPUBuffer =>
  ({ size: 16, holds, destroy: () => undefined }) as unknown as FakeBuffer & GPUBuffer;

function fakeDevice(most = 1 << 20): GPUDevice {
  return {
    limits: { maxStorageBufferBindingSize: most },
    createBuffer: () => buffer('nothing'),
    createCommandEncoder: () => ({
      copyBufferToBuffer: (from: FakeBuffer, _: number, to: FakeBuffer) => {
        to.holds = from.holds;
      },
      finish: () => undefined,
    }),
    queue: { submit: () => undefined },
  } as unknown as GPUDevice;
}

interface Faults {
  readonly creating?: boolean;
  /** The captured run that fails, from 1. */
  readonly run?: number;
}

/** A runtime whose captured graphs fail as told; a graph that is not captured makes its output somewhere new each time. */
function fakeRuntime(faults: Faults) {
  const made: { readonly captured: boolean; released: boolean }[] = [];
  const create = async (_: Uint8Array, { enableGraphCapture: captured }: { enableGraphCapture: boolean }) => {
    if (captured && faults.creating) throw new Error('not all nodes are on the device');
    const session = { captured, released: false };
    made.push(session);
    const stays = buffer('captured');
    let runs = 0;
    return {
      async run() {
        runs++;
        if (captured && faults.run === runs) throw new Error('the recording broke');
        return { y: { gpuBuffer: captured ? stays : buffer(`run ${runs}`), dispose: () => undefined } };
      },
      async release() {
        session.released = true;
      },
    };
  };
  const runtime = { InferenceSession: { create }, Tensor: { fromGpuBuffer: (it: unknown) => it } };
  return { made, runtime: runtime as unknown as Runtime };
}

async function openSession(faults: Faults, gpu = fakeDevice(), type: ElementType = ElementType.float) {
  const { made, runtime } = fakeRuntime(faults);
  const model = graphOf(type);
  const read = vi.fn(async () => ({ graph: decodeModel(model, 'graph'), model, weights: new Blob() }));
  const source: SessionSource = { name: 'graph', read, weightsPath: 'weights', dimensions: () => 1 };
  const session = await GpuSession.create(runtime, gpu, source);
  session.bind(new Map([['x', { buffer: buffer('x'), shape: [1, 4] }]]));
  return { session, made, read };
}

const holds = (places: ReadonlyMap<string, GpuPlace>) =>
  (places.get('y') as unknown as { buffer: FakeBuffer }).buffer.holds;

describe('a session', () => {
  beforeAll(() => {
    vi.stubGlobal('GPUBufferUsage', { STORAGE: 1, COPY_SRC: 2, COPY_DST: 4 });
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  });

  it('replays what it has captured', async () => {
    const { session, read } = await openSession({});
    expect(holds(await session.run())).toBe('captured');
    expect(session.isCaptured).toBe(true);
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('runs without capture where its graph cannot be captured, its outputs in one place', async () => {
    const { session, made } = await openSession({ creating: true });
    const first = (await session.run()).get('y')?.buffer;
    const second = await session.run();
    expect(second.get('y')?.buffer).toBe(first);
    expect(holds(second)).toBe('run 2');
    expect(made.map(({ captured }) => captured)).toEqual([false]);
    expect(console.warn).toHaveBeenCalledWith(expect.stringContaining('not all nodes'));
  });

  it('captures no graph with weights in 8 bits', async () => {
    const { session, made } = await openSession({}, fakeDevice(), ElementType.int8);
    expect(holds(await session.run())).toBe('run 1');
    expect(made).toEqual([{ captured: false, released: false }]);
  });

  it('runs without capture where its first run fails', async () => {
    const { session, made, read } = await openSession({ run: 1 });
    const first = await session.run();
    expect(holds(first)).toBe('run 1');
    expect(holds(await session.run())).toBe('run 2');
    expect(made).toEqual([
      { captured: true, released: true },
      { captured: false, released: false },
    ]);
    expect(read).toHaveBeenCalledTimes(2);
  });

  it('does not hide a fault of a later run', async () => {
    const { session } = await openSession({ run: 2 });
    await session.run();
    await expect(session.run()).rejects.toThrow(NetworkError);
  });

  it('names a limit that a tensor goes beyond, before anything is compiled', async () => {
    await expect(openSession({}, fakeDevice(15))).rejects.toThrow(DeviceLimitError);
  });
});
