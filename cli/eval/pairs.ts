import { FOR_FILES, PoseClient } from '../../src/client/pose.ts';
import type { EngineApi, RenderOptions } from '../../src/engine/api.ts';
import { l1, psnr } from '../../src/metrics/difference.ts';
import type { Picture } from '../../src/metrics/picture.ts';
import { sharpness } from '../../src/metrics/sharpness.ts';
import { ssim } from '../../src/metrics/ssim.ts';
import type { PackManifest } from '../../src/pack/manifest.ts';
import { throughAutoencoder } from './autoencoder.ts';
import { warpLimbs } from './limbs.ts';
import { type Offer, pack } from './offer.ts';
import { poseDistance } from './pose-distance.ts';
import { type EvaluationSet, type Pair, type PairEntry, placed } from './set.ts';
import { ContactSheet } from './sheet.ts';
import type { FrameOptions } from './task.ts';

const MANY = 25;
const FEW = 4;
/** Every so many pairs a wrong reference and a wrong pose are tried. */
const CONTROL_EVERY = 4;

/** Every pair rendered with many and with few steps, and measured. */
export async function evaluatePairs(
  engine: EngineApi,
  manifest: PackManifest,
  set: EvaluationSet,
  request: { readonly pack: string; readonly pairs: number },
  options: FrameOptions,
  offer?: Offer,
): Promise<{ figures: Record<string, number>; sheet: string }> {
  const all = await set.entries<PairEntry>('pairs.json');
  if (all.length === 0) throw new Error('The set has no pairs.json, or no pairs in it.');
  const entries = spread(all, request.pairs);
  const detector = new PoseClient(FOR_FILES, new URL('/pose/', location.href).href);
  const means = new Means();
  const sheet = new ContactSheet(manifest.skeleton, options);
  const rendering = new Rendering(engine, options);

  for (const [i, entry] of entries.entries()) {
    const pair = await set.pair(entry);
    const seed = 1 + i;
    const truth = placed(pair.target.image, options);
    const many = await rendering.picture(pair, pair.target.pose, { steps: MANY, seed });
    const few = await rendering.picture(pair, pair.target.pose, { steps: FEW, seed });
    measurePair(means, pair, { truth, many, few }, options);
    await measurePose(means, detector, pair, many);
    const otherEntry = otherPerson(all, entry);
    if (i % CONTROL_EVERY === 0 && otherEntry !== entry) {
      const other = await set.pair(otherEntry);
      const control = { steps: MANY, seed };
      const right = psnr(many, truth, pair.mask);
      const wrongPose = await rendering.picture(pair, other.target.pose, control);
      means.add('wrongPoseCost', right - psnr(wrongPose, truth, pair.mask));
      if (otherEntry.reference !== entry.reference) {
        const wrongReference = await rendering.picture(other, pair.target.pose, control);
        means.add('wrongReferenceCost', right - psnr(wrongReference, truth, pair.mask));
      }
    }
    const { reference, target } = pair;
    const copied = placed(reference.image, options);
    sheet.offer(entry.reference, [copied, target.pose, many, few, truth]);
    if (offer) {
      const warped = warpLimbs(copied, reference.pose, target.pose);
      await offer({ label: entry.target, ...(await pack({ truth, output: many, copied, warped })) });
    }
    console.info(`pair ${i + 1} of ${entries.length}`);
  }
  detector.dispose();
  await throughAutoencoder(request.pack, options, entries, set, (picture, pair) => {
    means.add('autoencoderPsnrPerson', psnr(picture, placed(pair.target.image, options), pair.mask));
  });

  const figures = means.all();
  const mean = (name: string) => figures[name] ?? Number.NaN;
  return {
    figures: {
      psnrPersonGain: mean('psnrPerson') - mean('psnrPersonCopied'),
      psnrPersonGainOverWarp: mean('psnrPerson') - mean('psnrPersonWarped'),
      fewStepLoss: mean('psnrPerson') - mean('psnrPersonFewSteps'),
      fewStepSharpness: mean('sharpnessFewSteps') / mean('sharpness'),
      ...figures,
      pairs: entries.length,
    },
    sheet: await sheet.png(['reference', 'pose', `${MANY} steps`, `${FEW} steps`, 'truth']),
  };
}

function measurePair(
  means: Means,
  { reference, target, mask }: Pair,
  { truth, many, few }: Record<'truth' | 'many' | 'few', Picture>,
  size: FrameOptions,
): void {
  const copied = placed(reference.image, size);
  means.add('psnrPerson', psnr(many, truth, mask));
  means.add('psnrPersonFewSteps', psnr(few, truth, mask));
  means.add('psnrPersonCopied', psnr(copied, truth, mask));
  means.add('psnrPersonWarped', psnr(warpLimbs(copied, reference.pose, target.pose), truth, mask));
  means.add('psnr', psnr(many, truth));
  means.add('ssim', ssim(many, truth));
  means.add('l1', l1(many, truth));
  means.add('l1Person', l1(many, truth, mask));
  means.add('sharpness', sharpness(many, mask) / sharpness(truth, mask));
  means.add('sharpnessFewSteps', sharpness(few, mask) / sharpness(truth, mask));
}

/** What the detector sees in the picture against what was asked for, and against what it sees in the truth. */
async function measurePose(means: Means, detector: PoseClient, pair: Pair, picture: Picture): Promise<void> {
  const found = await detector.find(await bitmapOf(picture));
  const distance = poseDistance(found, pair.target.pose);
  means.add('poseDetected', distance === undefined ? 0 : 1);
  means.add('poseError', distance);
  means.add('poseErrorOfTruth', poseDistance(await detector.find(pair.target.image), pair.target.pose));
}

export function bitmapOf({ width, height, data }: Picture): Promise<ImageBitmap> {
  return createImageBitmap(new ImageData(new Uint8ClampedArray(data), width, height));
}

/** Frames of a person, whose references are set only when the person changes. */
class Rendering {
  readonly #engine: EngineApi;
  readonly #options: FrameOptions;
  #person: Pair['reference'] | undefined;

  constructor(engine: EngineApi, options: FrameOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  async picture(
    { reference }: Pair,
    pose: Pair['target']['pose'],
    choice: Pick<RenderOptions, 'steps' | 'seed'>,
  ): Promise<Picture> {
    if (this.#person !== reference) await this.#engine.setReferences([reference]);
    this.#person = reference;
    const { image } = await this.#engine.renderFrame(pose, { ...this.#options, ...choice });
    const picture = placed(image, this.#options);
    image.close();
    return picture;
  }
}

class Means {
  readonly #values = new Map<string, number[]>();

  add(name: string, value: number | undefined): void {
    if (value === undefined) return;
    this.#values.set(name, [...(this.#values.get(name) ?? []), value]);
  }

  all(): Record<string, number> {
    return Object.fromEntries(
      [...this.#values].map(([name, values]) => [name, values.reduce((a, b) => a + b) / values.length]),
    );
  }
}

/** As many as asked for, evenly over all. */
function spread<T>(all: readonly T[], count: number): readonly T[] {
  if (count >= all.length) return all;
  return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)] as T);
}

/** The next pair with another reference; in a set of one person, the next pair. */
function otherPerson(all: readonly PairEntry[], entry: PairEntry): PairEntry {
  const start = all.indexOf(entry);
  const next = [...all.slice(start + 1), ...all.slice(0, start + 1)];
  return next.find(({ reference }) => reference !== entry.reference) ?? (next[0] as PairEntry);
}
