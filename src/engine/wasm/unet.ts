import type { Pack, PartFiles } from '../../pack/manifest.ts';
import { readPart, weightsName } from '../read-part.ts';
import { attentionGraph } from './attention.ts';
import { type HostTensor, type NamedTensors, Session } from './runtime.ts';

export interface QueriesKeysValues {
  readonly q: HostTensor;
  readonly k: HostTensor;
  readonly v: HostTensor;
}

interface Attention {
  readonly heads: number;
  readonly session: Session;
}

/** 64 MB of them at a time. */
const MOST_LOGITS = 2 ** 24;

/** What to make of the self-attention of one cut. */
export type Attend = (cut: number, tokens: QueriesKeysValues) => Promise<HostTensor>;

/** The U-Net's segments with the attention between them, whatever it is. */
export class SegmentedUNet {
  readonly #segments: readonly Session[];
  /** By cut; cuts with the same kind of heads share a session. */
  readonly #attentions: readonly Attention[];

  private constructor(segments: readonly Session[], attentions: readonly Attention[]) {
    this.#segments = segments;
    this.#attentions = attentions;
  }

  static async create(pack: Pack, signal?: AbortSignal): Promise<SegmentedUNet> {
    const segments: Session[] = [];
    const attentions: Attention[] = [];
    const known = new Map<string, Session>();
    try {
      for (const files of pack.manifest.unet) {
        segments.push(await createPart(pack, files, signal));
        if (files.attention === undefined) continue;
        const { heads, headSize } = files.attention;
        const kind = `${heads} heads of ${headSize}`;
        const session = known.get(kind) ?? (await Session.create(kind, attentionGraph(heads, headSize)));
        known.set(kind, session);
        attentions.push({ heads, session });
      }
    } catch (error) {
      for (const session of [...segments, ...known.values()]) session.dispose();
      throw error;
    }
    return new SegmentedUNet(segments, attentions);
  }

  /** From the network's inputs to `prediction`; segments hand tensors to later ones by name. */
  async run(inputs: NamedTensors, attend: Attend): Promise<HostTensor> {
    let values: NamedTensors = inputs;
    for (const [cut, segment] of this.#segments.entries()) {
      values = { ...values, ...(await segment.run(values)) };
      const { [`q.${cut}`]: q, [`k.${cut}`]: k, [`v.${cut}`]: v, ...others } = values;
      if (q === undefined || k === undefined || v === undefined) continue;
      values = { ...others, [`attention.${cut}`]: await attend(cut, { q, k, v }) };
    }
    const { prediction } = values;
    if (prediction === undefined) throw new Error('The last segment makes no prediction.');
    return prediction;
  }

  /** For one row of a batch. Large pictures go through in slices of queries, whose logits fit in little memory. */
  async attend(cut: number, { q, k, v }: QueriesKeysValues, mostLogits = MOST_LOGITS): Promise<HostTensor> {
    const [, queries = 0, width = 0] = q.shape;
    const keys = k.shape[1] ?? 1;
    const slice = Math.max(1, Math.floor(mostLogits / (keys * this.#heads(cut))));
    if (queries <= slice) return this.#attendTo(cut, { q, k, v });
    const data = new Float32Array(queries * width);
    for (let start = 0; start < queries; start += slice) {
      const count = Math.min(slice, queries - start);
      const part = q.data.slice(start * width, (start + count) * width);
      const attention = await this.#attendTo(cut, { q: { data: part, shape: [1, count, width] }, k, v });
      data.set(attention.data, start * width);
    }
    return { data, shape: q.shape };
  }

  async #attendTo(cut: number, tokens: QueriesKeysValues): Promise<HostTensor> {
    const { attention } = (await this.#attentions[cut]?.session.run({ ...tokens })) ?? {};
    if (attention === undefined) throw new Error(`There is no attention after segment ${cut}.`);
    return attention;
  }

  #heads(cut: number): number {
    return this.#attentions[cut]?.heads ?? 1;
  }

  dispose(): void {
    for (const session of new Set([...this.#segments, ...this.#attentions.map(({ session }) => session)]))
      session.dispose();
  }
}

/** A graph of the pack with its weights, compiled for f32. */
export async function createPart(pack: Pack, files: PartFiles, signal?: AbortSignal): Promise<Session> {
  const { graph, weights } = await readPart(pack, files, 'f32', signal);
  return Session.create(files.graph, graph, [{ path: weightsName(files), data: weights }]);
}
