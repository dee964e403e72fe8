import type { LoadOptions, Reference, RenderOptions } from '../engine/api.ts';
import type { Pose, Track } from '../pose/index.ts';
import { framePhoto, plainGround } from './background.ts';
import type { PackChoice, PhotoChoice, Range } from './choices.ts';
import { loadOptions } from './device.ts';
import { fingerprint } from './fingerprint.ts';
import { type Framing, frameAround, framePose, personBox } from './framing.ts';
import { fitMotion } from './people.ts';
import { frameRateOf, outputSize, type Settings, type Size, stepsOf } from './settings.ts';

/** Every frame's time and pose in the result's own frame, before anything is rendered: cheap enough to redo at every change. */
export interface Motion {
  readonly size: Size;
  readonly frameRate: number;
  readonly trim: Range;
  /** Seconds on the clip's own clock. */
  readonly times: readonly number[];
  readonly poses: readonly Pose[];
  readonly framing: Framing;
  readonly referencePose: Pose;
  /** What will look wrong, and why. */
  readonly warnings: readonly string[];
}

/** Where the motion comes from: a person's way through a clip, of which a part is used. */
export interface MotionSource {
  readonly track: Track;
  readonly trim: Range;
  readonly frameRate: number;
}

export function planMotion(
  photo: PhotoChoice,
  source: MotionSource,
  settings: Settings,
  packSize: Size,
): Motion {
  const { track, trim } = source;
  const size = outputSize(settings, photo.image, packSize);
  const framing = frameAround(photo.image, personBox(photo.pose), size);
  const referencePose = framePose(photo.pose, framing, size);
  const frameRate = frameRateOf(settings, source.frameRate);
  const count = Math.max(1, Math.round((trim.end - trim.start) * frameRate));
  const times = Array.from({ length: count }, (_, index) => trim.start + index / frameRate);
  const { poses, warnings } = fitMotion(track, times, referencePose, settings);
  return { size, frameRate, trim, times, poses, framing, referencePose, warnings };
}

/** What the engine needs beside the motion. */
export interface Look {
  /** Names everything that a frame depends on but its pose. */
  readonly key: string;
  readonly references: readonly Reference[];
  /** The first reference as the networks see it, for comparing. */
  readonly ground: OffscreenCanvas;
  /** What lies over every frame wherever nobody is; null where the networks paint the background too. */
  readonly backdrop: OffscreenCanvas | null;
  readonly options: RenderOptions;
  readonly load: LoadOptions;
}

export async function planLook(
  photos: readonly PhotoChoice[],
  settings: Settings,
  pack: PackChoice,
  motion: Motion,
): Promise<Look> {
  const options: RenderOptions = {
    ...motion.size,
    steps: stepsOf(settings),
    seed: settings.seed,
    guidance: settings.guidance ?? pack.guidance,
    eta: settings.eta,
    interaction: settings.interaction,
    referencePose: settings.referencePose,
    retouch: settings.retouch,
  };
  const framed = await Promise.all(photos.map((photo) => framePhoto(photo, motion.size, settings)));
  const [first] = framed;
  if (!first) throw new Error('A look needs a photo.');
  const references = await Promise.all(
    framed.map(async ({ canvas, pose }) => ({ image: await createImageBitmap(canvas), pose })),
  );
  const { background, plainColour } = settings;
  const backdrops = {
    photo: () => null,
    still: () => first.canvas,
    plain: () => plainGround(motion.size, plainColour),
  };
  const key = await fingerprint(
    JSON.stringify([options, background, plainColour, pack.name, photos.map(({ id }) => id)]),
    ...references.map(({ pose }) => pose.joints as Float32Array<ArrayBuffer>),
  );
  const backdrop = backdrops[background]();
  return { key, references, ground: first.canvas, backdrop, options, load: await loadOptions(settings) };
}

/** A frame's name within its look. */
export const poseKey = (pose: Pose): Promise<string> => fingerprint(pose.joints as Float32Array<ArrayBuffer>);
