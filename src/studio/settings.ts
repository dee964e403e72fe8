/**
 * The settings that are one word of several. Of backgrounds, 'photo' has the photo's own painted with everything else;
 * 'still' lays its pixels over that wherever neither its person nor the dancer is; 'plain' cuts the person out and has
 * one colour behind them, 'none' has nothing behind them.
 */
export const WORDS = {
  quality: ['draft', 'good', 'best'],
  aspect: ['photo', '1:1', '3:4', '9:16', '4:3', '16:9'],
  size: ['small', 'standard', 'large'],
  background: ['photo', 'still', 'plain', 'none'],
  fit: ['fitted', 'asFilmed'],
  backend: ['auto', 'webgpu', 'wasm'],
  precision: ['auto', 'f16', 'f32'],
  interaction: ['causal', 'mutual'],
} as const;

type Word<Name extends keyof typeof WORDS> = (typeof WORDS)[Name][number];
export type Quality = Word<'quality'>;
export type Aspect = Word<'aspect'>;
export type SizeChoice = Word<'size'>;
export type Background = Word<'background'>;
export type FitMode = Word<'fit'>;

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
  readonly background: Background;
  /** Of a plain background, as #rrggbb. */
  readonly plainColour: string;
  /** Whether a model that can gives its frames the photo's own detail. */
  readonly retouch: boolean;
  /** Whether a model with motion modules paints frames together. */
  readonly smooth: boolean;
  /** Whether a model that can moves what the photo shows, in place of painting the whole frame. */
  readonly layers: boolean;
  readonly visibleMark: boolean;
  readonly fit: FitMode;
  readonly mirror: boolean;
  readonly backend: Word<'backend'>;
  readonly precision: Word<'precision'>;
  readonly threads: number;
  readonly eta: number;
  readonly interaction: Word<'interaction'>;
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
  background: 'photo',
  plainColour: '#e6e1da',
  retouch: true,
  smooth: true,
  layers: true,
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
export const LEAST_SIDE = 2 * SIDE_STEP;
export const MOST_SIDE = 20 * SIDE_STEP;

/** Between which bounds each number among the settings makes sense. */
export const BOUNDS = {
  seed: [0, 2 ** 32 - 1],
  steps: [1, 100],
  guidance: [1, 20],
  frameRate: [0.1, 120],
  width: [LEAST_SIDE, MOST_SIDE],
  height: [LEAST_SIDE, MOST_SIDE],
  threads: [0, 64],
  eta: [0, 1],
} as const;
const WHOLE_NUMBERS = ['seed', 'steps', 'width', 'height', 'threads'];

const SIDES = Array.from({ length: 19 }, (_, index) => LEAST_SIDE + index * SIDE_STEP);

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

export const isColour = (value: unknown): value is string =>
  typeof value === 'string' && /^#[\da-f]{6}$/i.test(value);

/** Only what this version knows, and only of the right kind: the file may come from anywhere. */
export function knownSettings(settings: unknown): Partial<Settings> {
  if (typeof settings !== 'object' || settings === null) return {};
  const given = settings as Record<string, unknown>;
  const known = Object.entries(DEFAULT_SETTINGS).filter(([name, standard]) =>
    isSetting(name, given[name], standard),
  );
  return Object.fromEntries(known.map(([name]) => [name, given[name]]));
}

function isSetting(name: string, value: unknown, standard: unknown): boolean {
  const words: readonly string[] | undefined = WORDS[name as keyof typeof WORDS];
  if (words) return words.some((word) => word === value);
  if (name === 'plainColour') return isColour(value);
  if (name in BOUNDS) return (value === null && standard === null) || isInBounds(name, value);
  return typeof value === typeof standard;
}

function isInBounds(name: string, value: unknown): boolean {
  const [least, most] = BOUNDS[name as keyof typeof BOUNDS];
  if (typeof value !== 'number' || !(value >= least && value <= most)) return false;
  return Number.isInteger(value) || !WHOLE_NUMBERS.includes(name);
}
