import { extname } from 'node:path';
import { parseArgs } from 'node:util';
import { BOUNDS, isColour, LEAST_SIDE, MOST_SIDE, type Settings, WORDS } from '../src/studio/settings.ts';

export const USAGE = `Usage: npm run animate -- --reference PHOTO --motion CLIP --out FILE [options]

  --reference PHOTO   the person; again, or --references A,B, for more photos of the same person
  --motion CLIP       the dance
  --poses FILE        a pose track (Pirouette's or OpenPose's JSON) in place of what is seen in the clip
  --out FILE          .mp4, .webm, .gif, .webp, or .zip with PNG frames
  --frames DIR        every frame as a PNG in this folder; with or without --out
  --quality Q         draft (4 steps, half the frames), good (10 steps) or best (25 steps); default good
  --steps N           denoising steps a frame
  --size S            a side such as 384 (square), or WIDTHxHEIGHT, to the nearest 64; default: by the photo
  --seed N            default 1; the same seed and settings give the same frames
  --guidance G        1 to ${BOUNDS.guidance[1]}; default: the pack's own
  --fps N             frames a second, up to ${BOUNDS.frameRate[1]}; default: the clip's, up to 30
  --start S, --end S  the part of the clip, in seconds; default: all of it
  --fit fitted|asFilmed, --mirror
  --background B      photo (painted with the rest), still (the photo's own pixels), plain, none, or a colour: '#20a040'
  --no-layers         the whole frame painted, where the model would move what the photo shows
  --no-retouch        frames as the model paints them, without the photo's own detail
  --no-smooth         frames one by one, where the pack's motion modules would paint them together
  --pack PACK         a model pack: folder, zip or address; default: the built-in one
  --backend B         auto, webgpu or wasm
  --json              one line of JSON on standard output, nothing else; {"problem": ...} where it failed

Ctrl-C stops and keeps the frames that are done; pressed again, it quits at once.
Exit codes: 0 done, 1 failed (the reason is on standard error), 2 a wrong command line, 130 stopped by Ctrl-C.`;

/** A fault of the command line itself: exit code 2. */
export class UsageError extends Error {}

export const FORMATS = { mp4: 'mp4', webm: 'webm', gif: 'gif', webp: 'webp', zip: 'png' } as const;

export interface AnimateOptions {
  readonly references: readonly string[];
  readonly motion: string | undefined;
  readonly poses: string | undefined;
  readonly out: string | undefined;
  readonly frames: string | undefined;
  readonly pack: string | undefined;
  readonly json: boolean;
  readonly start: number | undefined;
  readonly end: number | undefined;
  readonly settings: Partial<Settings>;
}

export function parseOptions(args: readonly string[]): AnimateOptions {
  const text = { type: 'string' } as const;
  const many = { type: 'string', multiple: true } as const;
  const flag = { type: 'boolean', default: false } as const;
  let values: ReturnType<typeof parse>;
  const parse = () =>
    parseArgs({
      args: [...args],
      options: {
        ...{
          reference: many,
          references: many,
          motion: text,
          poses: text,
          out: text,
          frames: text,
          pack: text,
        },
        ...{
          quality: text,
          steps: text,
          size: text,
          seed: text,
          guidance: text,
          fps: text,
          start: text,
          end: text,
        },
        ...{ fit: text, background: text, backend: text, mirror: flag, json: flag },
        ...{ 'no-retouch': flag, 'no-layers': flag, 'no-smooth': flag },
      },
    }).values;
  try {
    values = parse();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }

  const references = [
    ...(values.reference ?? []),
    ...(values.references ?? []).flatMap((list) => list.split(',').filter(Boolean)),
  ];
  if (references.length === 0) throw new UsageError('--reference is missing: a photo of the person.');
  if (!values.motion && !values.poses)
    throw new UsageError('--motion (a clip) or --poses (a pose track) is missing.');
  if (!values.out && !values.frames)
    throw new UsageError('--out (a file) or --frames (a folder) is missing.');
  if (values.out) formatOf(values.out);
  const start = number('start', values.start, [0]);
  const end = number('end', values.end, [0]);
  if (end !== undefined && end <= (start ?? 0)) throw new UsageError('--end must be later than --start.');

  const settings: Partial<Settings> = {
    quality: oneOf('quality', values.quality, WORDS.quality) ?? 'good',
    backend: oneOf('backend', values.backend, WORDS.backend) ?? 'auto',
    fit: oneOf('fit', values.fit, WORDS.fit) ?? 'fitted',
    mirror: values.mirror,
    retouch: !values['no-retouch'],
    smooth: !values['no-smooth'],
    layers: !values['no-layers'],
    seed: whole('seed', values.seed, BOUNDS.seed) ?? 1,
    steps: whole('steps', values.steps, BOUNDS.steps) ?? null,
    guidance: number('guidance', values.guidance, BOUNDS.guidance) ?? null,
    frameRate: number('fps', values.fps, BOUNDS.frameRate) ?? null,
    ...sizeOf(values.size),
    ...backgroundOf(values.background),
  };
  const { motion, poses, out, frames, pack, json } = values;
  return { references, motion, poses, out, frames, pack, json, start, end, settings };
}

export function formatOf(out: string): (typeof FORMATS)[keyof typeof FORMATS] {
  const ending = extname(out).slice(1).toLowerCase();
  if (Object.hasOwn(FORMATS, ending)) return FORMATS[ending as keyof typeof FORMATS];
  throw new UsageError(`--out ${out}: its ending must be one of ${Object.keys(FORMATS).join(', ')}.`);
}

type Bounds = readonly [least: number, most?: number];

function number(name: string, text: string | undefined, [least, most]: Bounds): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < least || value > (most ?? value)) {
    const wanted = most === undefined ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new UsageError(`--${name} ${text}: a number ${wanted} is wanted.`);
  }
  return value;
}

function whole(name: string, text: string | undefined, bounds: Bounds): number | undefined {
  const value = number(name, text, bounds);
  if (value !== undefined && !Number.isInteger(value))
    throw new UsageError(`--${name} ${text}: a whole number is wanted.`);
  return value;
}

function oneOf<T extends string>(
  name: string,
  text: string | undefined,
  choices: readonly T[],
): T | undefined {
  if (text === undefined) return undefined;
  const found = choices.find((choice) => choice === text);
  if (!found) throw new UsageError(`--${name} ${text}: one of ${choices.join(', ')} is wanted.`);
  return found;
}

function sizeOf(text: string | undefined): Pick<Settings, 'width' | 'height'> | Record<never, never> {
  if (text === undefined) return {};
  const [, width, height = width] = /^(\d+)(?:x(\d+))?$/.exec(text) ?? [];
  const [w, h] = [Number(width), Number(height)];
  if (!(Math.min(w, h) >= LEAST_SIDE && Math.max(w, h) <= MOST_SIDE))
    throw new UsageError(
      `--size ${text}: a side such as 384, or WIDTHxHEIGHT, of ${LEAST_SIDE} to ${MOST_SIDE} pixels is wanted.`,
    );
  return { width: w, height: h };
}

type BackgroundSettings = Partial<Pick<Settings, 'background' | 'plainColour'>>;

function backgroundOf(text: string | undefined): BackgroundSettings {
  if (isColour(text)) return { background: 'plain', plainColour: text };
  const background = oneOf('background', text, WORDS.background);
  return background ? { background } : {};
}
