import type { Pack, PartFiles } from '../../pack/manifest.ts';
import type { Tensor } from '../backend.ts';
import {
  type AttentionCall,
  type AttentionKernel,
  type BoundAttention,
  countOf,
  type Device,
  type Part,
  type Place,
} from '../device.ts';
import { NotFiniteError } from '../errors.ts';
import { type HostValues, OPERATIONS, type OperationName } from '../operations.ts';
import { toRgba } from '../planes.ts';
import { readPart, weightsName } from '../read-part.ts';
import { attentionGraph } from './attention.ts';
import { type RuntimeFiles, Session, startRuntime } from './runtime.ts';

export interface WasmOptions {
  /** 0: as many as the machine has, up to eight. */
  readonly threads?: number;
  /** Where ONNX Runtime's own files are; without them it looks beside itself. */
  readonly files?: RuntimeFiles;
}

/** 64 MB of them at a time. */
const MOST_LOGITS = 2 ** 24;

/** JavaScript collects it. Whoever puts other values there puts another array. */
export class HostPlace implements Place, HostValues, Tensor {
  constructor(
    readonly shape: readonly number[],
    public data: Float32Array<ArrayBuffer> = new Float32Array(countOf(shape)),
  ) {}

  dispose(): void {}
}

interface SharedSession {
  readonly session: Promise<Session>;
  readonly ports: Promise<Ports>;
  users: number;
}

interface Ports {
  readonly inputs: readonly { readonly name: string; readonly shape: readonly (number | string)[] }[];
  readonly outputs: readonly string[];
}

interface WasmAttention extends BoundAttention {
  run(): Promise<void>;
}

/** Machines without a GPU: ONNX Runtime's wasm kernels, in f32, on threads where the page may have them. */
export class WasmDevice implements Device {
  readonly kind = 'wasm';
  readonly precision = 'f32';
  readonly name: string;
  readonly threads: number;
  readonly lost = new Promise<string>(() => undefined);
  /** Here graphs take any size, so those of one file are one session. */
  readonly #sessions = new Map<Pack, Map<string, SharedSession>>();
  readonly #attentions = new Map<string, Promise<Session>>();
  /** Whether all was numbers since the last picture. */
  #isFinite = true;

  constructor({ threads = 0, files }: WasmOptions = {}) {
    this.threads = startRuntime(threads, files);
    this.name = this.threads === 1 ? 'one processor thread' : `${this.threads} processor threads`;
  }

  async compile(
    pack: Pack,
    files: PartFiles,
    sizes: (dimension: string) => number,
    signal?: AbortSignal,
  ): Promise<Part> {
    const shared = this.#share(pack, files, signal);
    const release = () => this.#unshare(pack, files, shared);
    try {
      const [session, { inputs, outputs }] = await Promise.all([shared.session, shared.ports]);
      const shapes = inputs.map(({ name, shape }): [string, number[]] => [
        name,
        shape.map((dimension) => (typeof dimension === 'string' ? sizes(dimension) : dimension)),
      ]);
      return partOf(session, new Map(shapes), outputs, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  async attention(heads: number, headSize: number): Promise<AttentionKernel> {
    const name = `${heads} heads of ${headSize}`;
    const session = this.#attentions.get(name) ?? Session.create(name, attentionGraph(heads, headSize));
    this.#attentions.set(name, session);
    session.catch(() => this.#attentions.delete(name));
    const made = await session;
    return {
      bind: (call): WasmAttention => ({
        run: () => attendInSlices(made, heads, call),
        dispose: () => undefined,
      }),
    };
  }

  async attend(attentions: readonly BoundAttention[]): Promise<void> {
    for (const attention of attentions as readonly WasmAttention[]) await attention.run();
  }

  place(shape: readonly number[]): HostPlace {
    return new HostPlace(shape);
  }

  release(): void {}

  trim(): void {}

  fill(places: readonly (readonly [Place, readonly (Tensor | null)[]])[]): void {
    for (const [place, members] of places) {
      const [only] = members;
      // Tensors never change, so a place may hold a tensor's own values.
      if (members.length === 1 && only) host(place).data = host(only).data;
      else
        host(place).data = joined(
          place.shape,
          members.map((member) => member && host(member).data),
        );
    }
  }

  write(place: Place, values: Float32Array): void {
    host(place).data = Float32Array.from(values);
  }

  take(place: Place): Tensor[] {
    const [batch = 1, ...rest] = place.shape;
    const size = countOf(rest);
    const { data } = host(place);
    return Array.from({ length: batch }, (_, i) => {
      const member = batch === 1 ? data : data.slice(i * size, (i + 1) * size);
      return new HostPlace([1, ...rest], member);
    });
  }

  copy(from: Place, to: Place, index = 0): void {
    const values = host(from).data;
    if (values.length === host(to).data.length) host(to).data = values;
    else host(to).data.set(values, index * values.length);
  }

  copyRange(from: Place, first: number, to: Place, at: number, count: number): void {
    host(to).data.set(host(from).data.subarray(first, first + count), at);
  }

  watch(place: Place): void {
    this.#isFinite &&= allFinite(host(place));
  }

  warp(picture: Place, flow: Place, result: Place): void {
    host(result).data = OPERATIONS.warp([host(picture), host(flow)]);
  }

  async inFloats(): Promise<WasmDevice> {
    return this;
  }

  upload(values: Float32Array, shape: readonly number[]): Tensor {
    return new HostPlace(shape, Float32Array.from(values));
  }

  async download(tensor: Tensor): Promise<Float32Array> {
    return host(tensor).data.slice();
  }

  compute(
    operation: OperationName,
    inputs: readonly Tensor[],
    shape: readonly number[],
    parameters: readonly number[],
  ): Tensor {
    if (operation === 'update') for (const input of inputs.slice(0, 2)) this.watch(host(input));
    return new HostPlace(shape, OPERATIONS[operation](inputs.map(host), shape, parameters));
  }

  async pixels(picture: Tensor): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const rgba = toRgba(host(picture).data);
    const wasFinite = this.#isFinite;
    this.#isFinite = true;
    if (rgba === undefined || !wasFinite) throw new NotFiniteError('f32');
    return rgba;
  }

  async done(): Promise<void> {}

  async settle(): Promise<void> {}

  dispose(): void {
    for (const attention of this.#attentions.values()) {
      attention.then(
        (session) => session.dispose(),
        () => undefined,
      );
    }
    this.#attentions.clear();
  }

  #share(pack: Pack, files: PartFiles, signal: AbortSignal | undefined): SharedSession {
    const ofPack = this.#sessions.get(pack) ?? new Map<string, SharedSession>();
    this.#sessions.set(pack, ofPack);
    let shared = ofPack.get(files.graph);
    if (shared === undefined) {
      const part = readPart(pack, files, 'f32', signal);
      const session = part.then(({ model, weights }) =>
        Session.create(files.graph, model, [{ path: weightsName(files), data: weights }]),
      );
      const ports = part.then(({ graph: { inputs, outputs } }) => ({
        inputs,
        outputs: outputs.map(({ name }) => name),
      }));
      // Whoever waits for one of them hears of it.
      session.catch(() => undefined);
      ports.catch(() => undefined);
      shared = { session, ports, users: 0 };
      ofPack.set(files.graph, shared);
    }
    shared.users++;
    return shared;
  }

  #unshare(pack: Pack, files: PartFiles, shared: SharedSession): void {
    if (--shared.users > 0) return;
    const ofPack = this.#sessions.get(pack);
    if (ofPack?.get(files.graph) === shared) ofPack.delete(files.graph);
    if (ofPack?.size === 0) this.#sessions.delete(pack);
    shared.session.then(
      (session) => session.dispose(),
      () => undefined,
    );
  }
}

function partOf(
  session: Session,
  inputs: ReadonlyMap<string, readonly number[]>,
  outputs: readonly string[],
  release: () => void,
): Part {
  let places: ReadonlyMap<string, Place> = new Map();
  const made = new Map<string, HostPlace>();
  return {
    inputs,
    outputs,
    bind: (to) => {
      places = new Map(to);
    },
    async run() {
      const results = await session.run(Object.fromEntries(places) as Record<string, HostPlace>);
      for (const [name, { data, shape }] of Object.entries(results)) {
        const place = made.get(name);
        if (place === undefined) made.set(name, new HostPlace(shape, data));
        else place.data = data;
      }
      return made;
    },
    dispose: release,
  };
}

/** Large pictures go through in slices of queries, whose logits fit in little memory. */
export async function attendInSlices(
  session: Session,
  heads: number,
  { query, key, value, result, first, count, reference }: AttentionCall,
  mostLogits = MOST_LOGITS,
): Promise<void> {
  const [, queries = 0, width = 0] = query.shape;
  const all = new Float32Array(host(result).data);
  for (let member = first; member < first + count; member++) {
    const k = seen(reference && host(reference.key), host(key), member);
    const v = seen(reference && host(reference.value), host(value), member);
    const q = host(query).data.subarray(member * queries * width, (member + 1) * queries * width);
    const slice = Math.max(1, Math.floor(mostLogits / ((k.shape[1] as number) * heads)));
    for (let start = 0; start < queries; start += slice) {
      const part = q.slice(start * width, (start + slice) * width);
      const { attention } = await session.run({
        q: { data: part, shape: [1, part.length / width, width] },
        k,
        v,
      });
      all.set((attention as HostValues).data, (member * queries + start) * width);
    }
  }
  host(result).data = all;
}

/** The tokens that one member of a batch sees: the reference's, then its own. */
function seen(reference: HostValues | undefined, own: HostValues, member: number): HostValues {
  const [, tokens = 0, width = 0] = own.shape;
  const size = tokens * width;
  const part = own.data.subarray(member * size, (member + 1) * size);
  const data = new Float32Array((reference?.data.length ?? 0) + size);
  if (reference) data.set(reference.data);
  data.set(part, data.length - size);
  return { data, shape: [1, data.length / width, width] };
}

function joined(
  shape: readonly number[],
  members: readonly (Float32Array | null)[],
): Float32Array<ArrayBuffer> {
  const data = new Float32Array(countOf(shape));
  const size = data.length / members.length;
  for (const [i, member] of members.entries()) if (member) data.set(member, i * size);
  return data;
}

const allFinite = ({ data }: HostValues): boolean => data.every(Number.isFinite);

const host = (value: Place | Tensor): HostPlace => value as HostPlace;
