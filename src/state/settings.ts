import type { PackManifest } from '../pack/manifest.ts';

export type Quality = 'draft' | 'good' | 'best';
export type Aspect = 'photo' | '1:1' | '3:4' | '9:16' | '4:3' | '16:9';
export type SizeChoice = 'small' | 'standard' | 'large';
export type FitMode = 'fitted' | 'asFilmed';

/** What a person can choose about the result; null means the app's own choice. */
export interface Settings {
  readonly quality: Quality;
  readonly steps: number | null;
  readonly aspect: Aspect;
  readonly size: SizeChoice;
  /** Both together: exactly this size, to the nearest step the networks can do. */
  readonly width: number | null;
  readonly height: number | null;
  readonly seed: number;
  readonly guidance: number | null;
  readonly frameRate: number | null;
  /** Keep the photo's own pixels wherever neither the photo's person nor the dancer is. */
  readonly steadyBackground: boolean;
  readonly visibleMark: boolean;
  readonly fit: FitMode;
  readonly mirror: boolean;
  readonly backend: 'auto' | 'webgpu' | 'wasm';
  readonly precision: 'auto' | 'f16' | 'f32';
  readonly threads: number;
  readonly eta: number;
  readonly interaction: 'causal' | 'mutual';
  readonly referencePose: boolean;
}

export const DEFAULT_SETTINGS: Settings = {
  quality: 'draft',
  steps: null,
  aspect: 'photo',
  size: 'standard',
  width: null,
  height: null,
  seed: 1,
  guidance: null,
  frameRate: null,
  steadyBackground: false,
  visibleMark: false,
  fit: 'fitted',
  mirror: false,
  backend: 'auto',
  precision: 'auto',
  threads: 0,
  eta: 0,
  interaction: 'causal',
  referencePose: true,
};

export const STEPS: Readonly<Record<Quality, number>> = { draft: 4, good: 10, best: 25 };

const SCALE: Readonly<Record<SizeChoice, number>> = { small: 0.75, standard: 1, large: 1.5 };
const ASPECT: Readonly<Record<Exclude<Aspect, 'photo'>, number>> = {
  '1:1': 1,
  '3:4': 3 / 4,
  '9:16': 9 / 16,
  '4:3': 4 / 3,
  '16:9': 16 / 9,
};

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The networks halve a picture several times over, so its sides come in steps. */
const SIDE_STEP = 64;
const SIDES = Array.from({ length: 19 }, (_, index) => (index + 2) * SIDE_STEP);

const nearestSide = (pixels: number) =>
  SIDES.reduce((best, side) => (Math.abs(side - pixels) < Math.abs(best - pixels) ? side : best));

/** The result's size: the wanted shape first, then about as many pixels as the pack was made for. */
type Shape = Pick<Settings, 'aspect' | 'size' | 'width' | 'height'>;

export function outputSize(settings: Shape, photo: Size, pack: Size): Size {
  const { width, height } = settings;
  if (width !== null && height !== null) return { width: nearestSide(width), height: nearestSide(height) };
  const aspect = settings.aspect === 'photo' ? photo.width / photo.height : ASPECT[settings.aspect];
  // A panorama at a network's pixel count would be a sliver.
  const shape = Math.min(Math.max(aspect, 1 / 2), 2);
  const pixels = pack.width * pack.height * SCALE[settings.size] ** 2;
  const misfit = ({ width, height }: Size) =>
    2 * Math.abs(Math.log(width / height / shape)) + Math.abs(Math.log((width * height) / pixels));
  return SIDES.flatMap((width) => SIDES.map((height) => ({ width, height }))).reduce((best, size) =>
    misfit(size) < misfit(best) ? size : best,
  );
}

export const stepsOf = (settings: Pick<Settings, 'quality' | 'steps'>): number =>
  settings.steps ?? STEPS[settings.quality];

/** A draft shows the motion with about half the frames; anything better keeps the clip's own rate, up to 30. */
export function frameRateOf(settings: Pick<Settings, 'quality' | 'frameRate'>, clipRate: number): number {
  if (settings.frameRate !== null) return settings.frameRate;
  const rate = Math.min(clipRate, 30);
  const wanted = settings.quality === 'draft' && rate > 15 ? rate / 2 : rate;
  return Math.round(wanted * 100) / 100;
}

export const guidanceOf = (settings: Pick<Settings, 'guidance'>, manifest: PackManifest): number =>
  settings.guidance ?? manifest.defaults.guidance;

/** Only what this version knows, and only of the right kind: the file may come from anywhere. */
export function knownSettings(settings: unknown): Partial<Settings> {
  if (typeof settings !== 'object' || settings === null) return {};
  const known = Object.entries(DEFAULT_SETTINGS).flatMap(([name, standard]) => {
    const value = (settings as Record<string, unknown>)[name];
    const fits =
      standard === null ? value === null || typeof value === 'number' : typeof value === typeof standard;
    return fits ? [[name, value]] : [];
  });
  return Object.fromEntries(known);
}
