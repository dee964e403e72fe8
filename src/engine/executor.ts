import type { MotionModule } from '../onnx/motion.ts';
import type { Pack, PartFiles, SegmentFiles } from '../pack/manifest.ts';
import type { Memory, Tensor } from './backend.ts';
import {
  type AttentionKernel,
  type BoundAttention,
  countOf,
  type Device,
  type KeysValues,
  type Part,
  type Place,
} from './device.ts';
import { NetworkError, WrongShapeError } from './errors.ts';
import { type Stretch, stretchesOf } from './stretches.ts';

/**
 * A network as steps that follow one another and hand values on by name. A graph takes the names of its inputs and makes
 * those of its outputs; an attention makes `attention.I` of `q.I`, `k.I` and `v.I`; a warp reads one value through another.
 */
export type Step =
  | { readonly kind: 'graph'; readonly files: PartFiles }
  | ({ readonly kind: 'attend' } & Cut)
  | { readonly kind: 'warp'; readonly picture: string; readonly flow: string; readonly result: string }
  | Move;

/** Where the frames of a clip meet: a motion module. A frame by itself goes on as if it made nothing of them. */
export interface Move extends Pick<MotionModule, 'takes' | 'measures' | 'makes'> {
  readonly kind: 'move';
  readonly module: number;
}

/** What is made of a value of all frames where they meet. Takes values of each frame, by name, and puts new ones there. */
export type OnMove = (module: number, frames: readonly Map<string, Place>[]) => Promise<void>;

interface Cut {
  readonly cut: number;
  readonly heads: number;
  readonly headSize: number;
}

/**
 * The parts of a U-Net or a reference net with what lies between them: attentions, whose heads are the U-Net's, and the
 * places of motion modules. `modules` are those that lie behind attentions, or that parts end before.
 */
export function segmentSteps(
  parts: readonly PartFiles[],
  unet: readonly SegmentFiles[],
  modules: readonly MotionModule[] = [],
): Step[] {
  // A reference net has no motion modules, and the U-Net's parts end before them too.
  const cuts = parts.length === unet.length ? unet : unet.filter(({ attention }) => attention !== undefined);
  const steps: Step[] = [];
  let cut = 0;
  const meet = (makes: string) => {
    const module = modules.findIndex((each) => each.makes === makes);
    const { takes, measures } = modules[module] ?? {};
    if (takes && measures) steps.push({ kind: 'move', module, takes, measures, makes });
  };
  for (const [i, files] of parts.entries()) {
    steps.push({ kind: 'graph', files });
    if (i === parts.length - 1) break;
    const { attention, motion } = cuts[i] ?? {};
    if (attention) {
      steps.push({ kind: 'attend', cut, ...attention });
      meet(`attention.${cut++}`);
    } else if (motion !== undefined) meet(`moved.${motion}`);
  }
  return steps;
}

/** What goes in: numbers as they are, or tensors, one for each member of the batch, with null for zeros. */
export type Inputs = Readonly<Record<string, Float32Array | readonly (Tensor | null)[]>>;

/** Called behind each graph, with its number, the values at hand and, in a visit, the number of the pass. */
export type OnGraph = (graph: number, values: ReadonlyMap<string, Place>, pass: number) => void;

export interface ProgramSettings {
  /** The numbers behind the graphs' symbolic dimensions. */
  readonly sizes: (dimension: string) => number;
  /** Inputs that are the same in every run. */
  readonly constants?: Readonly<Record<string, { readonly data: Float32Array }>>;
  /** Shapes of inputs that no graph takes: what is only read through a flow. */
  readonly readings?: Readonly<Record<string, readonly number[]>>;
  readonly signal?: AbortSignal | undefined;
}

export interface RunOptions {
  /** What self-attention sees beside its own tokens, for each member of the batch. */
  readonly memories?: readonly (Kept | undefined)[];
  readonly onGraph?: OnGraph;
}

/** Keys and values of every self-attention, one reference after another. */
export class Kept implements Memory {
  readonly #device: Device;
  readonly #references: number;
  readonly #cuts: KeysValues[] = [];
  /** Attentions that are bound to these places. */
  readonly bound = new Map<string, BoundAttention>();

  constructor(device: Device, references: number) {
    this.#device = device;
    this.#references = references;
  }

  keep(cut: number, key: Place, value: Place, reference: number): void {
    const device = this.#device;
    const [, tokens = 0, width = 0] = key.shape;
    const room = () => device.place([1, tokens * this.#references, width]);
    let kept = this.#cuts[cut];
    if (kept === undefined) {
      kept = { key: room(), value: room() };
      this.#cuts[cut] = kept;
    }
    const pairs = [
      [key, kept.key],
      [value, kept.value],
    ] as const;
    for (const [from, to] of pairs) {
      device.copy(from, to, reference);
      // Once all is there: what lies where nothing was put may be anything.
      if (reference === this.#references - 1) device.watch(to);
    }
  }

  at(cut: number): KeysValues | undefined {
    return this.#cuts[cut];
  }

  dispose(): void {
    for (const attention of this.bound.values()) attention.dispose();
    this.bound.clear();
    for (const { key, value } of this.#cuts.splice(0)) {
      this.#device.release(key);
      this.#device.release(value);
    }
  }
}

let programs = 0;

/** A network that stays on the device, for pictures of one size and batches of one length. */
export class Program {
  readonly #device: Device;
  readonly #steps: readonly Step[];
  readonly #parts: readonly Part[];
  readonly #kernels: ReadonlyMap<Step, AttentionKernel>;
  readonly #id = programs++;
  /** All values, by name: the inputs' places are the program's own, the others belong to the graphs that make them. */
  readonly #values = new Map<string, Place>();
  readonly #inputs = new Map<string, Place>();
  readonly #own: Place[] = [];
  readonly #bound = new Map<string, BoundAttention>();
  readonly #isBound = new Set<Part>();
  #stretches: readonly Stretch[] | undefined;
  /** Runs share their places, so one follows another. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    device: Device,
    steps: readonly Step[],
    parts: readonly Part[],
    kernels: ReadonlyMap<Step, AttentionKernel>,
  ) {
    this.#device = device;
    this.#steps = steps;
    this.#parts = parts;
    this.#kernels = kernels;
  }

  static async create(
    device: Device,
    pack: Pack,
    steps: readonly Step[],
    { sizes, constants = {}, readings = {}, signal }: ProgramSettings,
  ): Promise<Program> {
    const parts: Part[] = [];
    const kernels = new Map<Step, AttentionKernel>();
    const program = new Program(device, steps, parts, kernels);
    try {
      for (const step of steps) {
        if (step.kind === 'graph') parts.push(await device.compile(pack, step.files, sizes, signal));
        if (step.kind === 'attend') kernels.set(step, await device.attention(step.heads, step.headSize));
      }
      program.#layOut(constants, readings);
      return program;
    } catch (error) {
      program.dispose();
      throw error;
    }
  }

  /** One tensor for each member of the batch. */
  run(inputs: Inputs, output: string, options: RunOptions = {}): Promise<Tensor[]> {
    const result = this.#last.then(async () => {
      fill(this.#device, this.#inputs, inputs);
      await this.#run(options);
      return this.#device.take(need(this.#values, output));
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  dispose(): void {
    for (const part of this.#parts) part.dispose();
    for (const attention of this.#bound.values()) attention.dispose();
    for (const place of this.#own.splice(0)) this.#device.release(place);
  }

  /** Makes places for what no graph makes. */
  #layOut(
    constants: NonNullable<ProgramSettings['constants']>,
    readings: NonNullable<ProgramSettings['readings']>,
  ): void {
    for (const [name, shape] of Object.entries(readings)) this.#inputs.set(name, this.#place(name, shape));
    const made = new Set(this.#steps.flatMap((step) => (step.kind === 'graph' ? [] : [resultOf(step)])));
    for (const part of this.#parts) {
      for (const [name, shape] of part.inputs) {
        if (made.has(name) || this.#values.has(name)) continue;
        const place = this.#place(name, shape);
        const constant = constants[name];
        if (constant === undefined) this.#inputs.set(name, place);
        else this.#device.write(place, constant.data);
      }
      for (const name of part.outputs) made.add(name);
    }
  }

  /**
   * All frames of a clip, which meet in the program's moves. A frame goes from one of them to the next by itself, and what
   * it will ask for behind it is kept meanwhile: so many frames take no more room than their values between two graphs.
   */
  runClip(
    frames: readonly Inputs[],
    output: string,
    onMove: OnMove,
    memory?: Kept | undefined,
  ): Promise<Tensor[]> {
    const result = this.#last.then(() => this.#runClip(frames, output, onMove, memory));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #runClip(
    frames: readonly Inputs[],
    output: string,
    onMove: OnMove,
    memory: Kept | undefined,
  ): Promise<Tensor[]> {
    const device = this.#device;
    const kept = frames.map(() => new Map<string, Place>());
    const results: Tensor[] = [];
    const forget = (of: Map<string, Place>, name: string) => {
      const place = of.get(name);
      if (place !== undefined) device.release(place);
      of.delete(name);
    };
    try {
      this.#stretches ??= stretchesOf(this.#steps, this.#parts);
      let graph = 0;
      for (const { steps, move, loads, saves, last } of this.#stretches) {
        const first = graph;
        const asked = new Map([...this.#inputs].filter(([name]) => loads.includes(name)));
        for (const [f, inputs] of frames.entries()) {
          const own = kept[f] as Map<string, Place>;
          fill(device, asked, inputs);
          for (const name of loads) {
            const value = own.get(name);
            if (value) device.copy(value, this.#place(name, value.shape));
          }
          graph = first;
          for (const step of steps) graph = await this.#take(step, graph, { memories: [memory] });
          for (const name of saves) {
            const value = need(this.#values, name);
            const copy = device.place(value.shape);
            device.copy(value, copy);
            own.set(name, copy);
          }
          if (this.#stretches.at(-1)?.steps === steps) {
            results.push(...device.take(need(this.#values, output)));
          }
          for (const name of last) if (!asksFor(move, name)) forget(own, name);
        }
        if (move === undefined) continue;
        await onMove(move.module, kept);
        for (const own of kept) {
          for (const name of last) if (name !== move.makes) forget(own, name);
        }
      }
      return results;
    } catch (error) {
      for (const tensor of results) tensor.dispose();
      throw error;
    } finally {
      for (const own of kept) for (const name of [...own.keys()]) forget(own, name);
    }
  }

  async #run(options: RunOptions): Promise<void> {
    let graph = 0;
    for (const step of this.#steps) graph = await this.#take(step, graph, options);
  }

  /** One step; gives back the number of the next graph. */
  async #take(step: Step, graph: number, { memories = [], onGraph }: RunOptions): Promise<number> {
    const device = this.#device;
    const values = this.#values;
    if (step.kind === 'graph') {
      const part = this.#parts[graph] as Part;
      // Only now is it known where the graphs before have put their outputs.
      if (!this.#isBound.has(part)) part.bind(values);
      this.#isBound.add(part);
      for (const [name, place] of await part.run()) values.set(name, place);
      onGraph?.(graph, values, 0);
      return graph + 1;
    }
    if (step.kind === 'attend') {
      await device.attend(this.#attentions(step, memories));
    } else if (step.kind === 'warp') {
      const [picture, flow] = [need(values, step.picture), need(values, step.flow)];
      device.warp(picture, flow, this.#place(step.result, warpedShape(picture, flow)));
    } else if (isNew(step)) {
      const [tokens = ''] = Object.values(step.takes);
      device.fill([[this.#place(step.makes, need(values, tokens).shape), [null]]]);
    }
    return graph;
  }

  #attentions(step: Step & Cut, memories: readonly (Kept | undefined)[]): BoundAttention[] {
    const { cut } = step;
    const [query, key, value] = ['q', 'k', 'v'].map((name) => need(this.#values, `${name}.${cut}`)) as [
      ...[Place, Place, Place],
    ];
    const [batch = 1] = query.shape;
    const result = this.#place(`attention.${cut}`, query.shape);
    return alike(batch, memories).map(({ first, count, memory }) => {
      const known = memory?.bound ?? this.#bound;
      const name = [this.#id, cut, first, count].join();
      const reference = memory?.at(cut);
      const attention =
        known.get(name) ??
        (this.#kernels.get(step) as AttentionKernel).bind({
          ...{ query, key, value, result },
          ...{ first, count, reference },
        });
      known.set(name, attention);
      return attention;
    });
  }

  #place(name: string, shape: readonly number[]): Place {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const place = this.#device.place(shape);
    this.#own.push(place);
    this.#values.set(name, place);
    return place;
  }
}

export interface VisitSettings extends ProgramSettings {
  /** What is asked of each pass. */
  readonly outputs?: readonly string[];
  readonly onGraph?: OnGraph;
  /** Where parts come from that stay on the device; without it each is read for its turn, and let go behind it. */
  readonly resident?: (files: PartFiles) => Promise<Part>;
}

/**
 * Several passes through one network, step by step: all of them go through a part before the next part's turn comes. So
 * no more than one part needs to lie on the device; what a pass has made lies in places of its own meanwhile. Outputs
 * named `kept.…` are for `onGraph` alone.
 */
export async function visit(
  device: Device,
  pack: Pack,
  steps: readonly Step[],
  passes: readonly Inputs[],
  { sizes, signal, outputs = [], onGraph, resident }: VisitSettings,
): Promise<Record<string, Tensor>[]> {
  const values = passes.map(() => new Map<string, Place>());
  const forget = (of: Map<string, Place>, name: string) => {
    const place = of.get(name);
    if (place !== undefined) device.release(place);
    of.delete(name);
  };
  let graph = 0;
  try {
    for (const step of steps) {
      if (step.kind === 'graph') {
        const part =
          (await resident?.(step.files)) ?? (await device.compile(pack, step.files, sizes, signal));
        try {
          await visitPart(device, part, passes, values, (made, pass) => onGraph?.(graph, made, pass));
        } finally {
          if (resident === undefined) part.dispose();
        }
        graph++;
      } else if (step.kind === 'attend') {
        const { cut } = step;
        const kernel = await device.attention(step.heads, step.headSize);
        for (const of of values) {
          const [query, key, value] = ['q', 'k', 'v'].map((name) => need(of, `${name}.${cut}`)) as [
            ...[Place, Place, Place],
          ];
          const result = device.place(query.shape);
          of.set(`attention.${cut}`, result);
          const all = { first: 0, count: query.shape[0] ?? 1 };
          const attention = kernel.bind({ query, key, value, result, ...all });
          try {
            await device.attend([attention]);
          } finally {
            attention.dispose();
          }
          for (const name of ['q', 'k', 'v']) forget(of, `${name}.${cut}`);
        }
      } else if (step.kind === 'warp') {
        for (const of of values) {
          const [picture, flow] = [need(of, step.picture), need(of, step.flow)];
          const result = device.place(warpedShape(picture, flow));
          of.set(step.result, result);
          device.warp(picture, flow, result);
        }
      }
    }
    return values.map((of) =>
      Object.fromEntries(outputs.map((name) => [name, device.take(need(of, name))[0] as Tensor])),
    );
  } finally {
    for (const of of values) for (const name of [...of.keys()]) forget(of, name);
  }
}

/** Every pass through one part. The part's own places are bound once: a captured graph stays with those of its first run. */
async function visitPart(
  device: Device,
  part: Part,
  passes: readonly Inputs[],
  values: readonly Map<string, Place>[],
  onRun: (made: ReadonlyMap<string, Place>, pass: number) => void,
): Promise<void> {
  const inputs = new Map<string, Place>();
  try {
    for (const [name, shape] of part.inputs) inputs.set(name, device.place(shape));
    part.bind(inputs);
    for (const [pass, of] of values.entries()) {
      const fromOutside = new Map(inputs);
      for (const [name, place] of inputs) {
        const value = of.get(name);
        if (value === undefined) continue;
        device.copy(value, place);
        fromOutside.delete(name);
      }
      fill(device, fromOutside, passes[pass] ?? {});
      const made = await part.run();
      onRun(made, pass);
      for (const [name, place] of made) {
        if (name.startsWith('kept.')) continue;
        const copy = device.place(place.shape);
        of.set(name, copy);
        device.copy(place, copy);
      }
    }
  } finally {
    for (const place of inputs.values()) device.release(place);
  }
}

/** Puts what is given into the places that are to be filled; what else is given is not asked for. */
function fill(device: Device, places: ReadonlyMap<string, Place>, inputs: Inputs): void {
  const tensors: [Place, readonly (Tensor | null)[]][] = [];
  for (const [name, place] of places) {
    const input = inputs[name];
    if (input === undefined) throw new NetworkError(`looking for ${name}, which nothing has made`);
    if (input instanceof Float32Array) {
      if (input.length !== countOf(place.shape)) throw new WrongShapeError(name, place.shape, [input.length]);
      device.write(place, input);
      continue;
    }
    const one = [place.shape[0] === input.length ? 1 : `1 of ${place.shape[0]}`, ...place.shape.slice(1)];
    for (const tensor of input) {
      if (tensor && tensor.shape.join() !== one.join()) throw new WrongShapeError(name, one, tensor.shape);
    }
    tensors.push([place, input]);
  }
  device.fill(tensors);
}

/** Neighbours in a batch that see the same memory are attended to together. */
function alike(batch: number, memories: readonly (Kept | undefined)[]) {
  const groups: { first: number; count: number; memory: Kept | undefined }[] = [];
  for (let member = 0; member < batch; member++) {
    const last = groups.at(-1);
    const memory = memories[member];
    if (last !== undefined && last.memory === memory) last.count++;
    else groups.push({ first: member, count: 1, memory });
  }
  return groups;
}

const resultOf = (step: Exclude<Step, { kind: 'graph' }>): string =>
  step.kind === 'attend' ? `attention.${step.cut}` : step.kind === 'move' ? step.makes : step.result;

/** Whether what a module makes is a value of its own, and not another one in the place of one that it takes. */
const isNew = ({ takes, makes }: Move): boolean => !Object.values(takes).includes(makes);

const asksFor = (move: Move | undefined, name: string): boolean =>
  move !== undefined &&
  (Object.values(move.takes).includes(name) || Object.values(move.measures).includes(name));

const warpedShape = (picture: Place, flow: Place): number[] => [
  ...picture.shape.slice(0, 2),
  ...flow.shape.slice(2),
];

function need(values: ReadonlyMap<string, Place>, name: string): Place {
  const place = values.get(name);
  if (place === undefined) throw new NetworkError(`looking for ${name}, which no part makes`);
  return place;
}
