import { readFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-web';
import { widenHalves } from '../src/onnx/float.ts';
import type { MotionModule } from '../src/onnx/motion.ts';
import { layOutPart, type Storage, storeTensor } from '../src/onnx/part.ts';
import { concat } from '../src/onnx/proto.ts';
import { type Part, retypeToF32 } from '../src/onnx/retype.ts';
import { type FloatType, tensorIndexOf } from '../src/onnx/safetensors.ts';
import type { SegmentPlan } from '../src/onnx/trace.ts';
import type { Attention, UNetPlan } from '../src/onnx/unet.ts';

/** What the tests of this room share: parts run by ONNX Runtime's WASM backend in Node. */

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

export interface Numbers {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export type TensorFile = ReadonlyMap<
  string,
  { dtype: FloatType; shape: readonly number[]; bytes: Uint8Array<ArrayBuffer> }
>;

export async function readTensors(path: string): Promise<TensorFile> {
  const bytes = new Uint8Array(await readFile(path));
  return new Map(
    [...tensorIndexOf(bytes, path)].map(([name, entry]) => [
      name,
      {
        dtype: entry.dtype as FloatType,
        shape: entry.shape,
        bytes: bytes.slice(entry.offset, entry.offset + entry.bytes),
      },
    ]),
  );
}

export function numbersOf(file: TensorFile, name: string): Numbers {
  const tensor = file.get(name);
  if (tensor === undefined) throw new Error(`no ${name}`);
  return { shape: tensor.shape, values: new Float32Array(tensor.bytes.buffer) };
}

export function assemble(plan: SegmentPlan, weights: TensorFile, storage: Storage = 'f32'): Part {
  const { graph, header, weights: specs } = layOutPart(plan, storage, 'weights');
  const stored = specs.map((spec) => {
    const tensor = weights.get(spec.name);
    if (tensor === undefined) throw new Error(`no ${spec.name}`);
    return storeTensor(tensor.bytes, tensor.dtype, spec, storage);
  });
  return { graph, weights: concat([header, ...stored]) };
}

export class Runner {
  private constructor(private readonly session: ort.InferenceSession) {}

  static async load(part: Part, location = 'weights'): Promise<Runner> {
    const { graph, weights } = retypeToF32(part, 'part');
    return new Runner(
      await ort.InferenceSession.create(graph, {
        executionProviders: ['wasm'],
        externalData: [{ path: location, data: weights }],
      }),
    );
  }

  get inputs(): readonly string[] {
    return this.session.inputNames;
  }

  release(): Promise<void> {
    return this.session.release();
  }

  async run(inputs: Readonly<Record<string, Numbers>>): Promise<Record<string, Numbers>> {
    const feeds = Object.fromEntries(
      this.session.inputNames.map((name) => {
        const input = inputs[name];
        if (input === undefined) throw new Error(`no input ${name}`);
        return [name, new ort.Tensor('float32', input.values, [...input.shape])];
      }),
    );
    const results = await this.session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, { dims, data }]) => [
        name,
        {
          shape: dims,
          values: data instanceof Float32Array ? data : widenHalves(data as unknown as Uint16Array),
        },
      ]),
    );
  }
}

type KeysAndValues = readonly { readonly k: Numbers; readonly v: Numbers }[];

/** One evaluation of a cut U-Net, with the reference's keys and values before its own where there are any. */
export async function evaluate(
  segments: readonly Runner[],
  attentions: readonly Attention[],
  inputs: Readonly<Record<string, Numbers>>,
  memory?: KeysAndValues,
): Promise<{ prediction: Numbers; memory: KeysAndValues }> {
  const values: Record<string, Numbers> = { ...inputs };
  const own: { k: Numbers; v: Numbers }[] = [];
  for (const [i, segment] of segments.entries()) {
    Object.assign(values, await segment.run(values));
    const attention = attentions[i];
    if (attention === undefined) break;
    const [q, k, v] = ['q', 'k', 'v'].map((part) => values[`${part}.${i}`]) as [Numbers, Numbers, Numbers];
    own.push({ k, v });
    values[`attention.${i}`] = attend(q, [...(memory ? [memory[i]!] : []), { k, v }], attention);
  }
  return { prediction: values.prediction as Numbers, memory: own };
}

/**
 * One evaluation of a U-Net with motion modules for all frames of a clip. Modules see `most` tokens at a time, and are
 * left out where there are none.
 */
export async function evaluateClip(
  segments: readonly Runner[],
  modules: readonly Runner[] | undefined,
  plan: UNetPlan & { readonly modules: readonly MotionModule[] },
  frames: readonly Readonly<Record<string, Numbers>>[],
  { maxFrames, most }: { readonly maxFrames: number; readonly most: number },
  memory?: KeysAndValues,
): Promise<Numbers[]> {
  const values: Record<string, Numbers>[] = frames.map((inputs) => ({ ...inputs }));
  for (const [i, segment] of segments.entries()) {
    for (const frame of values) Object.assign(frame, await segment.run(frame));
    const cut = plan.cuts[i];
    if (cut === undefined) break;
    if ('motion' in cut) {
      const motion = plan.modules[cut.motion]!;
      const moved = await move(modules?.[cut.motion], motion, values, maxFrames, most);
      for (const [f, frame] of values.entries()) frame[motion.makes] = moved[f]!;
      continue;
    }
    const attention = plan.attentions[cut.attention]!;
    for (const frame of values) {
      const [q, k, v] = ['q', 'k', 'v'].map((part) => frame[`${part}.${cut.attention}`]!) as [
        Numbers,
        Numbers,
        Numbers,
      ];
      const sources = [...(memory ? [memory[cut.attention]!] : []), { k, v }];
      frame[`attention.${cut.attention}`] = attend(q, sources, attention);
    }
  }
  return values.map(({ prediction }) => prediction!);
}

async function move(
  module: Runner | undefined,
  motion: MotionModule,
  frames: readonly Readonly<Record<string, Numbers>>[],
  maxFrames: number,
  most: number,
): Promise<Numbers[]> {
  const tokens = frames.map((frame) => frame[motion.takes.tokens!]!);
  const [, count = 0, channels = 0] = tokens[0]!.shape;
  const moved = tokens.map(({ shape, values }) => ({ shape, values: new Float32Array(values.length) }));
  if (module === undefined) return moved;
  const positions = new Float32Array(frames.length * maxFrames);
  for (const f of frames.keys()) positions[f * maxFrames + f] = 1;
  const moments = frames.map((frame) => frame[motion.measures.moments!]!);
  for (let start = 0; start < count; start += most) {
    const taken = Math.min(most, count - start);
    const [from, to] = [start * channels, (start + taken) * channels];
    const made = await module.run({
      tokens: joined(
        tokens.map(({ values }) => values.slice(from, to)),
        [taken, channels],
      ),
      positions: { shape: [frames.length, maxFrames], values: positions },
      moments: joined(
        moments.map(({ values }) => values),
        moments[0]!.shape.slice(1),
      ),
    });
    const length = to - from;
    for (const [f, frame] of moved.entries())
      frame.values.set(made.moved!.values.subarray(f * length, (f + 1) * length), from);
  }
  return moved;
}

const joined = (rows: readonly Float32Array[], shape: readonly number[]): Numbers => ({
  shape: [rows.length, ...shape],
  values: Float32Array.from(rows.flatMap((row) => [...row])),
});

function attend(q: Numbers, sources: KeysAndValues, { heads, headSize }: Attention): Numbers {
  const width = heads * headSize;
  const tokens = q.shape[1]!;
  const result = new Float32Array(q.values.length);
  for (let token = 0; token < tokens; token++) {
    for (let head = 0; head < heads; head++) {
      const start = token * width + head * headSize;
      let total = 0;
      const sum = new Float64Array(headSize);
      for (const { k, v } of sources) {
        for (let other = head * headSize; other < k.values.length; other += width) {
          let dot = 0;
          for (let c = 0; c < headSize; c++) dot += q.values[start + c]! * k.values[other + c]!;
          const share = Math.exp(dot / Math.sqrt(headSize));
          total += share;
          for (let c = 0; c < headSize; c++) sum[c]! += share * v.values[other + c]!;
        }
      }
      for (let c = 0; c < headSize; c++) result[start + c] = sum[c]! / total;
    }
  }
  return { shape: q.shape, values: result };
}

/** diffusers' positional embedding with flip_sin_to_cos and no shift: cosines, then sines. */
export function timeEmbedding(timestep: number, width: number): Numbers {
  const half = width / 2;
  const values = new Float32Array(width);
  for (let i = 0; i < half; i++) {
    const angle = timestep * Math.exp((-Math.log(10000) * i) / half);
    values[i] = Math.cos(angle);
    values[half + i] = Math.sin(angle);
  }
  return { shape: [1, width], values };
}

/** The worst difference, in standard deviations of the truth. */
export function worstError(found: Numbers, truth: Numbers): number {
  if (found.shape.join() !== truth.shape.join())
    throw new Error(`shape ${found.shape} in place of ${truth.shape}`);
  const { values } = truth;
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  let worst = 0;
  for (let i = 0; i < values.length; i++) {
    const error = Math.abs(found.values[i]! - values[i]!);
    if (!(error <= worst)) worst = error;
  }
  return worst / deviation;
}
