import type { Pack, PartFiles } from '../../pack/manifest.ts';
import { readPart, weightsName } from '../read-part.ts';
import { attentionGraph } from './attention.ts';
import { type HostTensor, type NamedTensors, Session } from './runtime.ts';

export interface QueriesKeysValues {
  readonly q: HostTensor;
  readonly k: HostTensor;
  readonly v: HostTensor;
}

/** What to make of the self-attention of one cut. */
export type Attend = (cut: number, tokens: QueriesKeysValues) => Promise<HostTensor>;

/** The U-Net's segments with the attention between them, whatever it is. */
export class SegmentedUNet {
  readonly #segments: readonly Session[];
  /** One for each kind of heads, by cut. */
  readonly #attentions: readonly Session[];

  private constructor(segments: readonly Session[], attentions: readonly Session[]) {
    this.#segments = segments;
    this.#attentions = attentions;
  }

  static async create(pack: Pack, signal?: AbortSignal): Promise<SegmentedUNet> {
    const segments: Session[] = [];
    const attentions: Session[] = [];
    const known = new Map<string, Session>();
    try {
      for (const files of pack.manifest.unet) {
        segments.push(await createPart(pack, files, signal));
        if (files.attention === undefined) continue;
        const { heads, headSize } = files.attention;
        const kind = `${heads} heads of ${headSize}`;
        const session = known.get(kind) ?? (await Session.create(kind, attentionGraph(heads, headSize)));
        known.set(kind, session);
        attentions.push(session);
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

  async attend(cut: number, tokens: QueriesKeysValues): Promise<HostTensor> {
    const { attention } = (await this.#attentions[cut]?.run({ ...tokens })) ?? {};
    if (attention === undefined) throw new Error(`There is no attention after segment ${cut}.`);
    return attention;
  }

  dispose(): void {
    for (const session of new Set([...this.#segments, ...this.#attentions])) session.dispose();
  }
}

/** A graph of the pack with its weights, compiled for f32. */
export async function createPart(pack: Pack, files: PartFiles, signal?: AbortSignal): Promise<Session> {
  const { graph, weights } = await readPart(pack, files, 'f32', signal);
  return Session.create(files.graph, graph, [{ path: weightsName(files), data: weights }]);
}
