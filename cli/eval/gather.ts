import { l1, psnr } from '../../src/metrics/difference.ts';
import { frechetDistance, Gaussian } from '../../src/metrics/frechet.ts';
import { type Body, motionFigures } from '../../src/metrics/motion.ts';
import type { Picture } from '../../src/metrics/picture.ts';
import { CLIP_FRAMES } from '../../src/metrics/prepare.ts';
import { sharpness } from '../../src/metrics/sharpness.ts';
import { ssim } from '../../src/metrics/ssim.ts';
import type { TrunkName } from '../../src/onnx/judges/trunks.ts';
import type { Judges } from './judges/judges.ts';
import type { JudgeName } from './judges/published.ts';
import { BASELINES, type Offered } from './offer.ts';

/** A frame as the report shows it. */
export interface Shown {
  readonly label: string;
  readonly time?: number;
  readonly strip: string;
  readonly values: Readonly<Record<string, number>>;
}

/** How many of the best and of the worst are kept. */
const KEPT = 10;
const FEATURES = { inception: 2048, resnet3d: 2048, i3d: 400 } as const;
const DISTANCES = { inception: 'fid', resnet3d: 'fidVid', i3d: 'fvd' } as const;
type Extractor = keyof typeof FEATURES;
/** The output has no name of its own among the figures. */
const SUFFIX: Readonly<Record<string, string>> = { output: '', copied: 'Copied', warped: 'Warped' };

/**
 * Frames come one at a time beside their truth; figures come out. Of a clip no more frames than a window are kept, and
 * of pictures only the strips of the best and the worst.
 */
export class Gathering {
  readonly #judges: Judges | undefined;
  /** Frames between two windows of a clip. */
  readonly #step: number;
  readonly #sums = new Map<string, { sum: number; count: number }>();
  readonly #gaussians = new Map<string, Gaussian>();
  readonly #windows = new Map<string, Picture[]>();
  readonly #asked: (Body | undefined)[] = [];
  readonly #found: (Body | undefined)[] = [];
  readonly #series: Omit<Shown, 'strip'>[] = [];
  #best: Shown[] = [];
  #worst: Shown[] = [];

  constructor(judges?: Judges, step = 1) {
    this.#judges = judges;
    this.#step = step;
  }

  /** Every frame's own values, in the order they came. */
  get series(): readonly Omit<Shown, 'strip'>[] {
    return this.#series;
  }

  /** By PSNR, the extreme ones first. */
  get extremes(): { readonly best: readonly Shown[]; readonly worst: readonly Shown[] } {
    return { best: this.#best, worst: this.#worst };
  }

  async add({ label, time, width, height, pictures, strip, asked, found }: Offered): Promise<void> {
    const pictureOf = (text: string): Picture => ({ width, height, data: Buffer.from(text, 'base64') });
    const truth = pictureOf(pictures.truth);
    const values: Record<string, number> = {};
    for (const name of ['output', ...BASELINES] as const) {
      const text = pictures[name];
      if (text === undefined) continue;
      for (const [measure, value] of Object.entries(await this.#compare(pictureOf(text), truth))) {
        values[measure + SUFFIX[name]] = value;
      }
      await this.#look(name, pictureOf(text), time !== undefined);
    }
    await this.#look('truth', truth, time !== undefined);
    for (const [name, value] of Object.entries(values)) this.#sum(name, value);
    if (asked) {
      this.#asked.push({ joints: asked });
      this.#found.push(found && { joints: found });
      this.#sum('poseDetected', found ? 1 : 0);
    }
    const seen = { label, ...(time !== undefined && { time }), values };
    this.#series.push(seen);
    this.#keep({ ...seen, strip });
  }

  figures(): Record<string, number> {
    const figures: Record<string, number> = {};
    for (const [name, { sum, count }] of this.#sums) figures[name] = sum / count;
    for (const [key, gaussian] of this.#gaussians) {
      const [extractor, name] = key.split(' ') as [Extractor, string];
      const truth = this.#gaussians.get(`${extractor} truth`);
      if (name === 'truth' || truth === undefined) continue;
      figures[DISTANCES[extractor] + SUFFIX[name]] = frechetDistance(gaussian, truth);
      figures[`${DISTANCES[extractor]}Samples`] = truth.count;
    }
    if (this.#asked.length > 2) {
      for (const [name, value] of Object.entries(motionFigures(this.#found, this.#asked))) {
        // A clip shorter than a window has no distance.
        if (!Number.isNaN(value)) figures[`motion${name[0]?.toUpperCase()}${name.slice(1)}`] = value;
      }
    }
    return figures;
  }

  async #compare(picture: Picture, truth: Picture): Promise<Record<string, number>> {
    const values: Record<string, number> = {
      psnr: psnr(picture, truth),
      ssim: ssim(picture, truth),
      l1: l1(picture, truth),
      sharpness: sharpness(picture) / sharpness(truth),
    };
    for (const judge of this.#judges?.names ?? []) {
      if (!judge.startsWith('lpips-')) continue;
      const trunk = judge.slice('lpips-'.length) as TrunkName;
      const name = `lpips${trunk[0]?.toUpperCase()}${trunk.slice(1)}`;
      values[name] = (await this.#judges?.lpips(trunk, picture, truth)) as number;
    }
    return values;
  }

  /** What the networks see in a picture, or in the clip's last frames. */
  async #look(name: string, picture: Picture, isClip: boolean): Promise<void> {
    const judges = this.#judges;
    const can = (judge: JudgeName) => judges?.names.includes(judge) === true;
    if (judges && can('inception')) this.#gather('inception', name, await judges.inception(picture));
    if (!isClip || !judges || !(can('i3d') || can('resnet3d'))) return;
    const window = [...(this.#windows.get(name) ?? []), picture];
    if (window.length < CLIP_FRAMES) {
      this.#windows.set(name, window);
      return;
    }
    if (can('resnet3d')) this.#gather('resnet3d', name, await judges.resnet3d(window));
    if (can('i3d')) this.#gather('i3d', name, await judges.i3d(window));
    this.#windows.set(name, window.slice(this.#step));
  }

  #gather(extractor: Extractor, name: string, features: Float32Array): void {
    const key = `${extractor} ${name}`;
    const gaussian = this.#gaussians.get(key) ?? new Gaussian(FEATURES[extractor]);
    gaussian.add(features);
    this.#gaussians.set(key, gaussian);
  }

  #sum(name: string, value: number): void {
    const { sum, count } = this.#sums.get(name) ?? { sum: 0, count: 0 };
    this.#sums.set(name, { sum: sum + value, count: count + 1 });
  }

  #keep(shown: Shown): void {
    const of = ({ values }: Shown) => values.psnr as number;
    this.#best = [...this.#best, shown].sort((a, b) => of(b) - of(a)).slice(0, KEPT);
    this.#worst = [...this.#worst, shown].sort((a, b) => of(a) - of(b)).slice(0, KEPT);
  }
}
