import { describeDriver, describeReference } from '../pose/bodies.ts';
import { asFilmed, cleanTrack, fitTrack, mirrored, type Pose, poseAt, type Track } from '../pose/index.ts';
import { Retargeter } from '../pose/retarget.ts';
import { type Framing, frameAround, framePose, personBox } from './framing.ts';
import { frameRateOf, outputSize, type Settings, type Size } from './settings.ts';
import type { Dance, DanceClip, Range } from './sources.ts';

/** Every frame's time and pose in the result's own frame, before anything is painted. */
export interface Motion {
  readonly size: Size;
  readonly frameRate: number;
  readonly trim: Range;
  readonly poses: readonly Pose[];
  readonly framing: Framing;
  readonly referencePose: Pose;
  /** What will look wrong, and why. */
  readonly warnings: readonly string[];
}

/** Where the motion comes from: a person's way through a clip, of which a part is used. */
interface MotionSource {
  readonly track: Track;
  readonly trim: Range;
  readonly frameRate: number;
}

type MotionSettings = Pick<
  Settings,
  'fit' | 'mirror' | 'aspect' | 'size' | 'width' | 'height' | 'quality' | 'frameRate'
>;

/** Works out motions, and remembers the last steps on the way: most changes touch the last of them only. */
export class Planner {
  #track: { of: Pick<DanceClip, 'sightings' | 'pointed'>; track: Track } | null = null;
  #fitting: { inputs: readonly unknown[]; track: Track; warnings: readonly string[] } | null = null;

  #driver: { track: Track; mirror: boolean; driver: ReturnType<typeof describeDriver> } | null = null;

  /** The dancer's clean way through the watched part of the clip; null before anybody was looked for. */
  track({ sightings, pointed }: Pick<DanceClip, 'sightings' | 'pointed'>): Track | null {
    if (sightings.length === 0) return null;
    if (this.#track?.of.sightings === sightings && this.#track.of.pointed === pointed)
      return this.#track.track;
    const { track } = cleanTrack(sightings, pointed ? { pick: pointed } : {});
    this.#track = { of: { sightings, pointed }, track };
    return track;
  }

  /** Null while nobody has been looked for in all of the part that is used. */
  motion(photo: Pose, dance: Dance, settings: MotionSettings, packSize: Size): Motion | null {
    // Said before a dance is chosen, and where the photo is.
    if (settings.fit === 'fitted') describeReference(photo);
    const source = this.#source(dance);
    if (!source) return null;
    const { track, trim } = source;
    const size = outputSize(settings, photo, packSize);
    const framing = frameAround(photo, personBox(photo), size);
    const referencePose = framePose(photo, framing, size);
    const frameRate = frameRateOf(settings, source.frameRate);
    const count = Math.max(1, Math.round((trim.end - trim.start) * frameRate));
    const times = Array.from({ length: count }, (_, index) => trim.start + index / frameRate);
    const { poses, warnings } = this.#fit(track, times, referencePose, settings);
    return { size, frameRate, trim, poses, framing, referencePose, warnings };
  }

  /**
   * One moment of the dance on joints that are just being moved. The dancer is known from before and the rest of the
   * dance is not looked at, so that it keeps pace with a finger; the whole fit, once the joints rest, may differ a little.
   */
  glimpse(
    reference: Pose,
    dance: Dance,
    { fit, mirror }: Pick<Settings, 'fit' | 'mirror'>,
    time: number,
  ): Pose | null {
    const track = this.#source(dance)?.track;
    if (!track) return null;
    const pose = poseAt(track, time);
    const driven = mirror ? mirrored(pose) : pose;
    if (fit === 'asFilmed') return asFilmed(driven, reference);
    if (this.#driver?.track !== track || this.#driver.mirror !== mirror) {
      const poses = mirror ? track.poses.map(mirrored) : track.poses;
      this.#driver = { track, mirror, driver: describeDriver(poses, track.times) };
    }
    const retargeter = new Retargeter(describeReference(reference), this.#driver.driver);
    retargeter.makeRoomFor(driven);
    return retargeter.fit(driven);
  }

  #source({ clip, poses }: Dance): MotionSource | null {
    if (poses) {
      const { track, trim } = poses;
      const frameRate = trackRate(track);
      const end = (track.times.at(-1) ?? 0) + 1 / frameRate;
      const whole = { start: trim?.start ?? 0, end: Math.min(trim?.end ?? end, end) };
      return { track, frameRate, trim: clip?.trim ?? whole };
    }
    if (!clip) return null;
    const { trim, watched } = clip;
    if (!watched || watched.start > trim.start || watched.end < trim.end) return null;
    const track = this.track(clip);
    return track && { track, trim, frameRate: clip.frameRate };
  }

  /**
   * The dancer's poses at these times, on the body and in the place of the reference. The whole track is fitted before
   * its part is taken: a fit looks at all that it is given, so a shorter trim would otherwise move every pose a little,
   * and no frame that is done could be kept.
   */
  #fit(
    track: Track,
    times: readonly number[],
    reference: Pose,
    { fit, mirror }: Pick<Settings, 'fit' | 'mirror'>,
  ): { poses: readonly Pose[]; warnings: readonly string[] } {
    const { width, height } = reference;
    const inputs = [track, fit, mirror, width, height, ...reference.joints];
    if (!this.#fitting?.inputs.every((input, index) => input === inputs[index])) {
      const { poses, warnings } = fitTrack(track, reference, { mode: fit, mirrored: mirror });
      const fitted = { width, height, times: track.times, poses, gaps: track.gaps };
      this.#fitting = { inputs, track: fitted, warnings: warnings.map(({ message }) => message) };
    }
    const fitting = this.#fitting;
    return { poses: times.map((time) => poseAt(fitting.track, time)), warnings: fitting.warnings };
  }
}

/** Frames a second of a track that does not say. */
function trackRate({ times }: Track): number {
  const seconds = (times.at(-1) ?? 0) - (times[0] ?? 0);
  return seconds > 0 ? (times.length - 1) / seconds : 25;
}
