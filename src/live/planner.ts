/** Decides for each pose how much work its frame deserves: none, a step on from the last frame, or a fresh start. */
import type { Pose } from '../pose/types.ts';
import { movement } from './movement.ts';

export interface FramePlan {
  readonly kind: 'fresh' | 'onward';
  /** As in the engine's RenderOptions. */
  readonly steps: number;
  readonly fromLastFrame?: { readonly strength: number };
  /** How often the network is asked. */
  readonly evaluations: number;
}

export interface PlannerSettings {
  /** A body of which no joint has moved further than this is at rest: its frame stands. */
  readonly still: number;
}

/** About a pixel of a body that fills a picture of 256. */
const STILL = 0.005;
/** Further than this in one frame, the last frame says nothing about the next: a cut, another person, a swap. */
const JUMP = 0.12;
/**
 * How much noise the last frame is given: enough to move by what the body moved, no more than needed to hold together.
 * The feedback settles away from what pure noise gives, and the further the less noise: with an early pack at 128 x 128
 * by 22 of 255 at a half, by 16 at two thirds.
 */
const LEAST_STRENGTH = 0.66;
const STRENGTH_PER_MOVEMENT = 2;
/** A fresh start shows as a slight change; hidden in a movement it does not. After so many frames it waits no longer. */
const ANCHOR_IN_MOVEMENT_AFTER = 16;
const ANCHOR_AFTER = 48;
const MOVEMENT_THAT_HIDES = 0.03;
export class FramePlanner {
  readonly #still: number;
  #last: Pose | undefined;
  #sinceAnchor = 0;

  constructor({ still = STILL }: Partial<PlannerSettings> = {}) {
    this.#still = still;
  }

  /** The next frame starts from noise: after a swap, a restart, a pause. */
  startAfresh(): void {
    this.#last = undefined;
  }

  /** What to do for this pose with so many evaluations to spend; undefined where the last frame still stands. */
  next(pose: Pose, evaluations: number): FramePlan | undefined {
    if (this.#last === undefined) return this.#fresh(pose, evaluations);
    const { most, mean } = movement(this.#last, pose);
    if (most < this.#still) return undefined;
    this.#sinceAnchor++;
    const due = mean > MOVEMENT_THAT_HIDES ? ANCHOR_IN_MOVEMENT_AFTER : ANCHOR_AFTER;
    if (mean > JUMP || this.#sinceAnchor >= due) return this.#fresh(pose, evaluations);
    this.#last = pose;
    return onward(Math.min(1, LEAST_STRENGTH + STRENGTH_PER_MOVEMENT * mean), evaluations);
  }

  #fresh(pose: Pose, evaluations: number): FramePlan {
    this.#last = pose;
    this.#sinceAnchor = 0;
    return { kind: 'fresh', steps: evaluations, evaluations };
  }
}

/** A schedule of which the last `evaluations` steps begin where about so much noise is left, and never too little. */
function onward(wanted: number, evaluations: number): FramePlan {
  const nearest = Math.max(evaluations, Math.round(evaluations / wanted));
  const steps = evaluations / nearest < LEAST_STRENGTH ? nearest - 1 : nearest;
  return { kind: 'onward', steps, fromLastFrame: { strength: evaluations / steps }, evaluations };
}
