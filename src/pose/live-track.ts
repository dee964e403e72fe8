/** One person followed and smoothed as the frames come in, with nothing known of what comes next. */
import { FLIP_GROUPS } from './anatomy.ts';
import {
  copyPose,
  emptyPose,
  extent,
  isSeen,
  JOINT_COUNT,
  jointX,
  jointY,
  type Point,
  score,
} from './body.ts';
import { flip, LONGEST_FLIP, looksFlipped } from './flips.ts';
import { OneEuro, type OneEuroSettings } from './one-euro.ts';
import { apart, LONGEST_GAP, nearestJoint, type Sighting, withinReach } from './people.ts';
import type { Pose } from './types.ts';

/** Chosen on a dancer at 25 frames a second: less than a frame of delay, and the jitter gone. */
const SMOOTHING: OneEuroSettings = { restCutoff: 1.5, opening: 60, speedCutoff: 2 };
const HELD_SCORE = 0.5;
/** Seconds after which whoever comes into an empty picture is taken for somebody else. */
const LONGEST_ABSENCE = 2;

interface Found {
  readonly person: Pose;
  /** The movement does not go on from the frame before. */
  readonly isNew: boolean;
  /** The picture was cut, or another person was pointed at. */
  readonly isAnother: boolean;
}

export class LiveTrack {
  private filters = makeFilters();
  private last: { readonly time: number; readonly raw: Pose; readonly others: readonly Pose[] } | undefined;
  private smooth: Pose | undefined;
  private picked: Point | undefined;
  private stranger = true;
  private readonly seenAt = new Float64Array(JOINT_COUNT).fill(Number.NEGATIVE_INFINITY);
  private readonly flippedSince: (number | undefined)[] = FLIP_GROUPS.map(() => undefined);

  /** Follow whoever is nearest to this point from the next frame on. */
  pick(at: Point): void {
    this.picked = at;
  }

  /** Whether the last push found somebody else than the one before, as far as can be told: a body to be learnt anew. */
  get isStranger(): boolean {
    return this.stranger;
  }

  /** The followed person in this frame, or undefined while they are not there. */
  push({ time, people }: Sighting): Pose | undefined {
    const found = this.choose(time, people);
    if (found === undefined) return undefined;
    const { person, isNew } = found;
    const pause = this.last ? time - this.last.time : Number.POSITIVE_INFINITY;
    // Whoever was hidden for a moment is the same person still.
    this.stranger = isNew && (found.isAnother || pause > LONGEST_ABSENCE);
    const raw = copyPose(person);
    if (isNew) this.startAnew();
    else this.mendFlips(time, raw);
    this.last = { time, raw, others: people.filter((other) => other !== person) };
    this.smooth = this.smoothed(time, raw);
    return copyPose(this.smooth);
  }

  private choose(time: number, people: readonly Pose[]): Found | undefined {
    const { last, picked } = this;
    this.picked = undefined;
    if (picked) {
      const person = least(people, (pose) => nearestJoint(pose, picked));
      return person && { person, isNew: true, isAnother: true };
    }
    const biggest = least(people, (pose) => -extent(pose));
    if (last === undefined) return biggest && { person: biggest, isNew: true, isAnother: true };
    const pause = time - last.time;
    const nearest = least(people, (pose) => apart(last.raw, pose));
    if (nearest && pause <= LONGEST_GAP && withinReach(last.raw, nearest, pause))
      return { person: nearest, isNew: false, isAnother: false };
    // A cut, or a person come back: but whoever stood beside ours all along is not ours.
    const strangers = people.filter((pose) => !last.others.some((other) => withinReach(other, pose, pause)));
    const person = pause > LONGEST_GAP ? biggest : least(strangers, (pose) => -extent(pose));
    return person && { person, isNew: true, isAnother: pause <= LONGEST_GAP };
  }

  private startAnew(): void {
    this.filters = makeFilters();
    this.smooth = undefined;
    this.seenAt.fill(Number.NEGATIVE_INFINITY);
    this.flippedSince.fill(undefined);
  }

  /** Exchanges left and right back; what stays exchanged for long was a turn after all. */
  private mendFlips(time: number, raw: Pose): void {
    const before = this.last?.raw;
    if (before === undefined) return;
    FLIP_GROUPS.forEach((group, index) => {
      if (!looksFlipped(before, raw, group)) {
        this.flippedSince[index] = undefined;
        return;
      }
      const since = this.flippedSince[index] ?? time;
      this.flippedSince[index] = since;
      if (time - since <= LONGEST_FLIP) flip(raw, group);
      else this.flippedSince[index] = undefined;
    });
  }

  private smoothed(time: number, raw: Pose): Pose {
    const unit = extent(raw) || 1;
    const result = emptyPose(raw.width, raw.height);
    for (let joint = 0; joint < JOINT_COUNT; joint++) {
      const filter = this.filters[joint] as JointFilter;
      if (isSeen(raw, joint)) {
        this.seenAt[joint] = time;
        const x = filter.x.next(time, jointX(raw, joint), unit);
        const y = filter.y.next(time, jointY(raw, joint), unit);
        result.joints.set([x, y, score(raw, joint)], joint * 3);
      } else {
        const held = this.heldJoint(time, raw, joint);
        if (held) result.joints.set(held, joint * 3);
        else forget(filter);
      }
    }
    return result;
  }

  /** A joint that flickers stays where it was for half a second, unless it was seen to leave the picture. */
  private heldJoint(time: number, raw: Pose, joint: number): [number, number, number] | undefined {
    const [x, y] = [jointX(raw, joint), jointY(raw, joint)];
    const outside = x < 0 || y < 0 || x > raw.width || y > raw.height;
    const before = this.smooth;
    if (outside || before === undefined || !isSeen(before, joint)) return undefined;
    if (time - (this.seenAt[joint] as number) > LONGEST_GAP) return undefined;
    return [jointX(before, joint), jointY(before, joint), Math.min(HELD_SCORE, score(before, joint))];
  }
}

interface JointFilter {
  readonly x: OneEuro;
  readonly y: OneEuro;
}

function makeFilters(): JointFilter[] {
  return Array.from({ length: JOINT_COUNT }, () => ({
    x: new OneEuro(SMOOTHING),
    y: new OneEuro(SMOOTHING),
  }));
}

function forget({ x, y }: JointFilter): void {
  x.forget();
  y.forget();
}

function least<T>(items: readonly T[], cost: (item: T) => number): T | undefined {
  let best: { item: T; cost: number } | undefined;
  for (const item of items) {
    const its = cost(item);
    if (best === undefined || its < best.cost) best = { item, cost: its };
  }
  return best?.item;
}
