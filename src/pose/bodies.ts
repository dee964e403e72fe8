/** What has to be known of the two bodies, the reference's and the clip's, before one can move like the other. */
import { BONES, PARTS, type Part, ROOT } from './anatomy.ts';
import { JOINT, type Point } from './body.ts';
import { TooLittleSeenError } from './errors.ts';
import { distance, type Proportions, placeOf, proportionsOf, quantile } from './proportions.ts';
import type { Pose } from './types.ts';

export interface Reference {
  readonly pose: Pose;
  readonly proportions: Proportions;
  readonly root: Point;
  readonly neck: Point;
  /** Where the feet stand, in pixels from the picture's top; below the picture if they are not in it. */
  readonly ground: number;
}

export interface Driver {
  readonly proportions: Proportions;
  /** Where the dance happens in its own picture. */
  readonly home: Point;
  readonly neckHome: Point;
  readonly ground: number;
  /** Whether the picture shows how the legs move. */
  readonly hasLegs: boolean;
}

/** Standing legs are hardly ever quite straight and upright. */
const STANDING = 0.97;
/** A joint counts as part of the clip if at least this share of the frames shows it. */
const OFTEN = 0.5;
/** On the ground is where the lower foot is most of the time; jumps lift it, steps towards the camera lower it. */
const ON_THE_GROUND = 0.8;

export function describeReference(pose: Pose): Reference {
  const neck = placeOf(pose, JOINT.neck);
  if (neck === undefined) throw new TooLittleSeenError('photo', 'the shoulders are not both in it');
  const proportions = proportionsOf([pose]);
  if (proportions === undefined)
    throw new TooLittleSeenError('photo', 'there is nothing to measure the body by');
  const root = placeOf(pose, ROOT) ?? { x: neck.x, y: neck.y + proportions.trunk };
  const legs = STANDING * (proportions.thigh + proportions.shin);
  return { pose, proportions, root, neck, ground: lowestAnkle(pose) ?? root.y + legs };
}

export function describeDriver(poses: readonly Pose[], times: readonly number[]): Driver {
  const necks = poses.flatMap((pose) => placeOf(pose, JOINT.neck) ?? []);
  const proportions = proportionsOf(poses, nearness(poses, times));
  if (necks.length === 0 || proportions === undefined) {
    throw new TooLittleSeenError('clip', 'the shoulders are never both in it');
  }
  const ankles = poses.flatMap((pose) => lowestAnkle(pose) ?? []);
  const whole = poses.filter(showsLegs).length;
  const roots = poses.flatMap((pose) => placeOf(pose, ROOT) ?? []);
  const present = poses.filter((pose) => pose.joints.some((value, i) => i % 3 === 2 && value > 0)).length;
  const neckHome = middle(necks);
  return {
    proportions,
    home: roots.length > 0 ? middle(roots) : { x: neckHome.x, y: neckHome.y + proportions.trunk },
    neckHome,
    ground: quantile(ankles, ON_THE_GROUND),
    hasLegs: whole > 0 && whole >= OFTEN * present,
  };
}

/** Whether a foot is seen, and the hips that it hangs on. */
export const showsLegs = (pose: Pose): boolean =>
  lowestAnkle(pose) !== undefined && placeOf(pose, ROOT) !== undefined;

/**
 * How large a body looks beside what is known of its full lengths: most of it may be foreshortened, hardly ever all.
 * Undefined where nothing of it can be measured.
 */
export function sizeBeside(known: Proportions, pose: Pose): number | undefined {
  const shares = BONES.flatMap(({ from, to, part }) => {
    const length = part === 'head' ? undefined : between(pose, from, to);
    return length === undefined ? [] : [length / known[part]];
  });
  return shares.length === 0 ? undefined : quantile(shares, 0.8);
}

/** The y of the lower one of the feet that are seen. */
export function lowestAnkle(pose: Pose): number | undefined {
  const seen = [JOINT.rightAnkle, JOINT.leftAnkle].flatMap((joint) => placeOf(pose, joint)?.y ?? []);
  return seen.length === 0 ? undefined : Math.max(...seen);
}

function middle(points: readonly Point[]): Point {
  const median = (values: number[]) => quantile(values, 0.5);
  return { x: median(points.map(({ x }) => x)), y: median(points.map(({ y }) => y)) };
}

/** Seconds on either side over which a body shows its true size at least once. */
const WINDOW = 0.75;
/** Less than this between the farthest and the nearest is no walk towards the camera, but foreshortening. */
const REAL_WALK = 1.25;

/**
 * How near the person is to the camera at each moment, 1 being usual: without it, a dancer who walks up to the camera
 * would seem to have long limbs in the end and bent ones before. Undefined where they keep their distance.
 */
function nearness(poses: readonly Pose[], times: readonly number[]): number[] | undefined {
  const lengths = poses.map((pose) =>
    BONES.map(({ from, to, part }) => (part === 'head' ? undefined : between(pose, from, to))),
  );
  const full = BONES.map((_, bone) => {
    const seen = lengths.flatMap((ofPose) => ofPose[bone] ?? []);
    return seen.length === 0 ? undefined : quantile(seen, 0.95);
  });
  const stretch = lengths.map((ofPose) => {
    const shares = ofPose.flatMap((length, bone) => (length && full[bone] ? length / full[bone] : []));
    return shares.length === 0 ? undefined : quantile(shares, 0.8);
  });
  let from = 0;
  const around = times.map((time) => {
    while ((times[from] as number) < time - WINDOW) from++;
    const near: number[] = [];
    for (let i = from; i < times.length && (times[i] as number) <= time + WINDOW; i++) {
      const value = stretch[i];
      if (value !== undefined) near.push(value);
    }
    return near.length === 0 ? undefined : quantile(near, 0.9);
  });
  const known = around.flatMap((value) => value ?? []);
  if (known.length === 0 || quantile(known, 1) < REAL_WALK * quantile(known, 0)) return undefined;
  const usual = quantile(known, 0.5);
  return around.map((value) => (value ?? usual) / usual);
}

function between(pose: Pose, from: number, to: number): number | undefined {
  const [a, b] = [placeOf(pose, from), placeOf(pose, to)];
  return a && b && distance(a, b);
}

/** How many times as long each part of the reference is as the clip's. */
export function ratiosBetween(reference: Proportions, driver: Proportions): Proportions {
  const entries = PARTS.map((part): [Part, number] => [part, reference[part] / driver[part]]);
  return Object.fromEntries(entries) as Record<Part, number>;
}

/** How many times as large the reference is as the clip's person. */
export function sizeRatio(reference: Proportions, driver: Proportions): number {
  const height = ({ trunk, thigh, shin }: Proportions) => trunk + thigh + shin;
  return height(reference) / height(driver);
}
