/** H.264's table A-1: each level's most macroblocks a second, a frame, and kilobits a second (main profile). */
const LEVELS: readonly (readonly [idc: number, perSecond: number, perFrame: number, kilobits: number])[] = [
  [10, 1_485, 99, 64],
  [11, 3_000, 396, 192],
  [12, 6_000, 396, 384],
  [13, 11_880, 396, 768],
  [20, 11_880, 396, 2_000],
  [21, 19_800, 792, 4_000],
  [22, 20_250, 1_620, 4_000],
  [30, 40_500, 1_620, 10_000],
  [31, 108_000, 3_600, 14_000],
  [32, 216_000, 5_120, 20_000],
  [40, 245_760, 8_192, 20_000],
  [41, 245_760, 8_192, 50_000],
  [42, 522_240, 8_704, 50_000],
  [50, 589_824, 22_080, 135_000],
  [51, 983_040, 36_864, 240_000],
  [52, 2_073_600, 36_864, 240_000],
  [60, 4_177_920, 139_264, 240_000],
  [61, 8_355_840, 139_264, 480_000],
  [62, 16_711_680, 139_264, 800_000],
];

export interface Film {
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
  readonly bitrate: number;
}

/** The lowest level that a film fits, as its `level_idc`; null when it fits none. */
export function avcLevel({ width, height, frameRate, bitrate }: Film): number | null {
  const across = Math.ceil(width / 16);
  const down = Math.ceil(height / 16);
  const level = LEVELS.find(
    ([, perSecond, perFrame, kilobits]) =>
      across * down <= perFrame &&
      across * down * frameRate <= perSecond &&
      // A level also bounds each side: no wider than eight times as long as high.
      Math.max(across, down) <= Math.sqrt(8 * perFrame) &&
      bitrate <= kilobits * 1000,
  );
  return level?.[0] ?? null;
}

/** Codec strings to try in turn: High, Main, Constrained Baseline; encoders differ in what they offer. */
export function avcCodecs(film: Film): string[] {
  const level = avcLevel(film);
  if (level === null) return [];
  const hex = level.toString(16).padStart(2, '0');
  return [`avc1.6400${hex}`, `avc1.4d00${hex}`, `avc1.42e0${hex}`];
}
