import { readFileSync } from 'node:fs';
import type { Picture } from '../src/metrics/picture.ts';
import {
  prepareForI3d,
  prepareForInception,
  prepareForLpips,
  prepareForResnet3d,
  type Tensor,
} from '../src/metrics/prepare.ts';
import { planI3d } from '../src/onnx/judges/i3d.ts';
import { planInception } from '../src/onnx/judges/inception.ts';
import { planLpips } from '../src/onnx/judges/lpips.ts';
import { planResnet3d } from '../src/onnx/judges/resnet3d.ts';
import type { SegmentPlan } from '../src/onnx/trace.ts';
import { assemble, numbersOf, Runner, readTensors, type TensorFile } from './run-parts.ts';

/** Small random copies of the judging networks against what PyTorch made of the same bytes (tools/torch-judges.py). */

interface Fixture {
  readonly plan: (config: never) => SegmentPlan;
  /** Where the bytes lie in the fixture, and what PyTorch made of them. */
  readonly seen: 'pictures' | 'frames';
  readonly truth: string;
  readonly prepare: (pictures: readonly Picture[]) => readonly Tensor[];
}

const pair = ([one, other]: readonly Picture[]) => [prepareForLpips(one as Picture, other as Picture)];
const LPIPS: Fixture = { plan: planLpips, seen: 'pictures', truth: 'distance', prepare: pair };

export const JUDGE_FIXTURES: Readonly<Record<string, Fixture>> = {
  'lpips-alexnet': LPIPS,
  'lpips-vgg16': LPIPS,
  'lpips-squeezenet': LPIPS,
  inception: {
    plan: planInception,
    seen: 'pictures',
    truth: 'features',
    prepare: (pictures) => pictures.map(prepareForInception),
  },
  i3d: {
    plan: planI3d,
    seen: 'frames',
    truth: 'logits',
    prepare: (frames) => [prepareForI3d(frames)],
  },
  resnet3d: {
    plan: planResnet3d,
    seen: 'frames',
    truth: 'features',
    prepare: (frames) => [prepareForResnet3d(frames)],
  },
};

/** The largest difference from PyTorch's numbers, over the largest of them. */
export async function judgeError(name: string): Promise<number> {
  const { plan, seen, truth, prepare } = JUDGE_FIXTURES[name] as Fixture;
  const folder = `fixtures/judges/${name}`;
  const config = JSON.parse(readFileSync(`${folder}/config.json`, 'utf8'));
  const io = await readTensors(`${folder}/io.safetensors`);
  const runner = await Runner.load(
    assemble(plan(config as never), await readTensors(`${folder}/weights.safetensors`)),
  );
  const [input = ''] = runner.inputs;
  const found: number[] = [];
  for (const { shape, values } of prepare(picturesOf(io, seen))) {
    const [result] = Object.values(await runner.run({ [input]: { shape, values } }));
    found.push(...(result?.values ?? []));
  }
  await runner.release();
  const { values } = numbersOf(io, truth);
  if (values.length !== found.length) throw new Error(`${found.length} numbers in place of ${values.length}`);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return (
    values.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (found[i] as number))), 0) / largest
  );
}

function picturesOf(io: TensorFile, name: string): Picture[] {
  const { shape, bytes } = io.get(name) ?? { shape: [], bytes: new Uint8Array() };
  const [count = 0, height = 0, width = 0] = shape;
  return Array.from({ length: count }, (_, i) => {
    const data = new Uint8ClampedArray(4 * width * height).fill(255);
    for (let pixel = 0; pixel < width * height; pixel++) {
      data.set(bytes.subarray(3 * (i * width * height + pixel)).subarray(0, 3), 4 * pixel);
    }
    return { width, height, data };
  });
}
