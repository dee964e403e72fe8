import { PirouetteError } from '../../../src/errors.ts';
import { CLIP_FRAMES } from '../../../src/metrics/prepare.ts';
import { planI3d } from '../../../src/onnx/judges/i3d.ts';
import { planInception } from '../../../src/onnx/judges/inception.ts';
import { planLpips } from '../../../src/onnx/judges/lpips.ts';
import { planResnet3d } from '../../../src/onnx/judges/resnet3d.ts';
import { TRUNKS, type TrunkName } from '../../../src/onnx/judges/trunks.ts';
import type { SegmentPlan, WeightSpec } from '../../../src/onnx/trace.ts';
import type { TensorFile, TensorInfo } from '../../../src/pack/tensor-file.ts';

/** A file of weights is not what its measure needs. */
export class JudgeWeightsError extends PirouetteError {}

type Tensors = ReadonlyMap<string, Pick<TensorInfo, 'shape'>>;

/** A file that somebody publishes, told by its tensors and not by its name. */
interface PublishedFile {
  readonly title: string;
  /** What it is usually called. */
  readonly called: string;
  /** A tensor by which it is known, and that tensor's shape. */
  readonly mark: readonly [name: string, ...shape: number[]];
  readonly weights: readonly WeightSpec[];
  /** What it holds beside them: classifiers, counters. */
  readonly leaves: RegExp;
}

export const PLANS = {
  ...(Object.fromEntries(
    Object.keys(TRUNKS).map((trunk) => [`lpips-${trunk}`, planLpips({ trunk: trunk as TrunkName })]),
  ) as Record<`lpips-${TrunkName}`, SegmentPlan>),
  inception: planInception(),
  i3d: planI3d({ frames: CLIP_FRAMES, pooled_frames: 1 }),
  resnet3d: planResnet3d({ frames: CLIP_FRAMES, layers: [3, 4, 6, 3] }),
};
export type JudgeName = keyof typeof PLANS;

const partOf = (plan: SegmentPlan, isPart: (name: string) => boolean) =>
  plan.weights.filter(({ name }) => isPart(name));
const isLinear = (name: string) => name.startsWith('lin');
const trunkOf = (trunk: TrunkName) => partOf(PLANS[`lpips-${trunk}`], (name) => !isLinear(name));
const linearsOf = (trunk: TrunkName) => partOf(PLANS[`lpips-${trunk}`], isLinear);
const CLASSIFIER = /^classifier\./;
const NOTHING = /(?!)/;

const linears = (trunk: TrunkName, file: string, ...mark: readonly [string, ...number[]]): PublishedFile => ({
  title: `LPIPS's linear layers for ${trunk}`,
  called: file,
  mark,
  weights: linearsOf(trunk),
  leaves: NOTHING,
});

export const FILES = {
  alexnet: {
    title: 'AlexNet',
    called: 'alexnet-owt-*.pth',
    mark: ['features.0.weight', 64, 3, 11, 11],
    weights: trunkOf('alexnet'),
    leaves: CLASSIFIER,
  },
  vgg16: {
    title: 'VGG-16',
    called: 'vgg16-*.pth',
    mark: ['features.28.weight', 512, 512, 3, 3],
    weights: trunkOf('vgg16'),
    leaves: CLASSIFIER,
  },
  squeezenet: {
    title: 'SqueezeNet 1.1',
    called: 'squeezenet1_1-*.pth',
    mark: ['features.6.squeeze.weight', 32, 128, 1, 1],
    weights: trunkOf('squeezenet'),
    leaves: CLASSIFIER,
  },
  'lpips-alexnet': linears('alexnet', 'alex.pth', 'lin1.model.1.weight', 1, 192, 1, 1),
  'lpips-vgg16': linears('vgg16', 'vgg.pth', 'lin4.model.1.weight', 1, 512, 1, 1),
  'lpips-squeezenet': linears('squeezenet', 'squeeze.pth', 'lin6.model.1.weight', 1, 512, 1, 1),
  inception: {
    title: 'Inception-v3 of FID',
    called: 'pt_inception-2015-12-05-*.pth',
    mark: ['fc.weight', 1008, 2048],
    weights: PLANS.inception.weights,
    leaves: /^fc\.|\.num_batches_tracked$/,
  },
  i3d: {
    title: 'I3D',
    called: 'i3d_pretrained_400.pt',
    mark: ['logits.conv3d.weight', 400, 1024, 1, 1, 1],
    weights: PLANS.i3d.weights,
    leaves: /\.num_batches_tracked$/,
  },
  resnet3d: {
    title: '3D ResNet-50',
    called: 'resnet-50-kinetics.pth',
    mark: ['layer1.0.conv1.weight', 64, 64, 1, 1, 1],
    weights: PLANS.resnet3d.weights,
    leaves: /^fc\.|\.num_batches_tracked$/,
  },
} as const satisfies Record<string, PublishedFile>;
export type FileName = keyof typeof FILES;

/** The files that a judge takes its weights from. */
export const filesOf = (judge: JudgeName): readonly FileName[] =>
  judge.startsWith('lpips-')
    ? [judge.slice('lpips-'.length) as FileName, judge as FileName]
    : [judge as FileName];

/** Which of them a file is, and what stands before all of its names (`i3d.`, say, in a larger module). */
export function recognizeJudge(
  tensors: Tensors,
): { readonly file: FileName; readonly prefix: string } | undefined {
  for (const [file, { mark }] of Object.entries(FILES)) {
    const [name, ...shape] = mark;
    for (const [stored, info] of tensors) {
      const isIt = stored === name || stored.endsWith(`.${name}`);
      if (isIt && info.shape.join() === shape.join()) {
        return { file: file as FileName, prefix: stored.slice(0, stored.length - name.length) };
      }
    }
  }
  return undefined;
}

/** That each weight is there in its shape, and nothing that is not known. */
export function expectWhole(
  file: FileName,
  prefix: string,
  { path, tensors }: Pick<TensorFile, 'path'> & { tensors: Tensors },
): void {
  const { title, weights, leaves }: PublishedFile = FILES[file];
  const known = new Map(weights.map(({ name, shape }) => [prefix + name, shape]));
  const missing = [...known.keys()].filter((name) => !tensors.has(name));
  const unknown = [...tensors.keys()].filter(
    (name) => !known.has(name) && !(name.startsWith(prefix) && leaves.test(name.slice(prefix.length))),
  );
  const misshapen = [...known].filter(
    ([name, shape]) => (tensors.get(name)?.shape ?? shape).join() !== shape.join(),
  );
  const faults = [
    ...some('lacks', missing),
    ...some(
      'has in another shape',
      misshapen.map(([name]) => name),
    ),
    ...some('has beside what is known', unknown),
  ];
  if (faults.length === 0) return;
  throw new JudgeWeightsError(
    `${path} looks like ${title} but ${faults.join(', ')}.`,
    `Use the file that its authors publish, ${FILES[file].called}.`,
  );
}

const some = (what: string, names: readonly string[]) =>
  names.length === 0
    ? []
    : [`${what} ${names.slice(0, 4).join(', ')}${names.length > 4 ? ` and ${names.length - 4} more` : ''}`];
