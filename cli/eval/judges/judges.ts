import { readdirSync } from 'node:fs';
import * as ort from 'onnxruntime-web';
import type { Picture } from '../../../src/metrics/picture.ts';
import {
  prepareForI3d,
  prepareForInception,
  prepareForLpips,
  prepareForResnet3d,
  type Tensor,
} from '../../../src/metrics/prepare.ts';
import type { TrunkName } from '../../../src/onnx/judges/trunks.ts';
import { layOutPart, storeTensor } from '../../../src/onnx/part.ts';
import { concat } from '../../../src/onnx/proto.ts';
import { type Checkpoint, checkpointOf } from '../../../src/pack/checkpoint.ts';
import { openTensorFile, WEIGHT_ENDINGS } from '../../../src/pack/tensor-file.ts';
import { diskFolder } from '../../node-files.ts';
import {
  expectWhole,
  FILES,
  type FileName,
  filesOf,
  type JudgeName,
  JudgeWeightsError,
  PLANS,
  recognizeJudge,
} from './published.ts';

ort.env.logLevel = 'error';

/** As many tensors of a file that is not known are named. */
const NAMED = 6;

/** The networks of LPIPS, FID, FID-VID and FVD, as far as a folder holds their weights; each is made when first asked. */
export class Judges {
  readonly #files: ReadonlyMap<FileName, Checkpoint>;
  readonly #sessions = new Map<JudgeName, Promise<ort.InferenceSession>>();
  /** One at a time: the runtime can neither make nor run two at once. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(files: ReadonlyMap<FileName, Checkpoint>) {
    this.#files = files;
  }

  static async open(folder: string, threads = 1): Promise<Judges> {
    ort.env.wasm.numThreads = threads;
    const found = new Map<FileName, Checkpoint>();
    const disk = diskFolder(folder);
    for (const path of readdirSync(folder).filter(isWeights).sort()) {
      const source = await disk.open(path);
      if (source === undefined) continue;
      const opened = await openTensorFile(source, path);
      const known = recognizeJudge(opened.tensors);
      if (known === undefined) {
        const names = [...opened.tensors.keys()].slice(0, NAMED).join(', ');
        throw new JudgeWeightsError(
          `${path} is none of the networks that judge: its tensors are ${names} and so on.`,
          `Leave in ${folder} only ${published()}.`,
        );
      }
      const { file, prefix } = known;
      expectWhole(file, prefix, opened);
      if (found.has(file)) {
        throw new JudgeWeightsError(
          `${folder} holds ${FILES[file].title} twice.`,
          `Leave one of them; ${path} is the second.`,
        );
      }
      found.set(
        file,
        checkpointOf([opened], (name) => (name.startsWith(prefix) ? name.slice(prefix.length) : undefined)),
      );
    }
    if (found.size === 0) {
      throw new JudgeWeightsError(
        `${folder} holds no weights of a network that judges.`,
        `Put there ${published()}.`,
      );
    }
    return new Judges(found);
  }

  /** Which can be asked. */
  get names(): readonly JudgeName[] {
    const all = Object.keys(PLANS) as JudgeName[];
    return all.filter((judge) => filesOf(judge).every((file) => this.#files.has(file)));
  }

  /** What is missing for the others, in words. */
  get missing(): readonly string[] {
    const all = Object.keys(PLANS) as JudgeName[];
    return all
      .filter((judge) => !this.names.includes(judge))
      .map((judge) => {
        const files = filesOf(judge).filter((file) => !this.#files.has(file));
        return `${judge}: ${files.map((file) => FILES[file].called).join(' and ')}`;
      });
  }

  async lpips(trunk: TrunkName, one: Picture, other: Picture): Promise<number> {
    const [distance] = await this.#ask(`lpips-${trunk}`, prepareForLpips(one, other));
    return distance as number;
  }

  inception(picture: Picture): Promise<Float32Array> {
    return this.#ask('inception', prepareForInception(picture));
  }

  i3d(frames: readonly Picture[]): Promise<Float32Array> {
    return this.#ask('i3d', prepareForI3d(frames));
  }

  resnet3d(frames: readonly Picture[]): Promise<Float32Array> {
    return this.#ask('resnet3d', prepareForResnet3d(frames));
  }

  async dispose(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).release();
    this.#sessions.clear();
  }

  #ask(judge: JudgeName, { shape, values }: Tensor): Promise<Float32Array> {
    const answer = this.#last.then(async () => {
      const session = await this.#session(judge);
      const [input = ''] = session.inputNames;
      const results = await session.run({ [input]: new ort.Tensor('float32', values, [...shape]) });
      return results[session.outputNames[0] as string]?.data as Float32Array;
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  #session(judge: JudgeName): Promise<ort.InferenceSession> {
    const known = this.#sessions.get(judge);
    if (known) return known;
    const made = this.#make(judge);
    this.#sessions.set(judge, made);
    return made;
  }

  async #make(judge: JudgeName): Promise<ort.InferenceSession> {
    const { graph, header, weights } = layOutPart(PLANS[judge], 'f32', 'weights');
    const files = filesOf(judge).map((file) => this.#files.get(file) as Checkpoint);
    const stored = [header];
    for (const spec of weights) {
      const file = files.find(({ tensors }) => tensors.has(spec.name));
      if (file === undefined) throw new Error(`${judge} asks for ${spec.name}`);
      const { bytes, dtype } = await file.read(spec.name);
      stored.push(storeTensor(bytes, dtype, spec, 'f32'));
    }
    return ort.InferenceSession.create(graph, {
      executionProviders: ['wasm'],
      externalData: [{ path: 'weights', data: concat(stored) }],
    });
  }
}

const isWeights = (path: string) => WEIGHT_ENDINGS.some((ending) => path.endsWith(ending));
const published = () =>
  Object.values(FILES)
    .map(({ called }) => called)
    .join(', ');
