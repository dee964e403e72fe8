/** Decides for each pose how much work its frame deserves: none, a frame from noise, or a step on from the last frame. */
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
  /** How much noise the last frame is given for the next one to start from; 1 leaves nothing of it. */
  readonly strength: number;
}

/**
 * Every frame from the same noise. A frame is then a function of its pose alone: it cannot drift, it is right at once
 * after a cut, and frames hang together because poses do. Starting from the last frame was worse wherever it made a
 * difference. Two evaluations at 128 x 128, 30 frames of one pose, a held-out clip and held-out pairs; of 255:
 *
 *                                      from noise   from the last frame, 0.66
 *     trained on the usual schedule
 *       off after 20 frames, still     0            0.4, and on
 *       flicker of still background    0.4          1.3
 *       largest change in one frame    1.1          8.6
 *       PSNR in the person             15.9 dB      14.2 dB, 12.9 after six frames
 *     nearly pure noise to the end, as shipped: no signal of the last frame survives, so both are alike
 *       flicker, largest change, PSNR  1.6, 4.2, 16.6 dB    1.5, 4.2, 16.6 dB
 */
export const FROM_NOISE = 1;
/** For a network that gains by it: the feedback settles further from what noise alone gives the less noise there is. */
export const FROM_LAST_FRAME = 0.66;

/** About a pixel of a body that fills a picture of 256. */
const STILL = 0.005;
/** Further than this in one frame, the last frame says nothing about the next: a cut, another person, a swap. */
const JUMP = 0.12;
/** Enough noise to move by what the body moved. */
const STRENGTH_PER_MOVEMENT = 2;
/** A fresh start shows as a slight change; hidden in a movement it does not. After so many frames it waits no longer. */
const ANCHOR_IN_MOVEMENT_AFTER = 16;
const ANCHOR_AFTER = 48;
const MOVEMENT_THAT_HIDES = 0.03;

export class FramePlanner {
  readonly #still: number;
  #strength: number;
  #last: Pose | undefined;
  #sinceAnchor = 0;

  constructor({ still = STILL, strength = FROM_NOISE }: Partial<PlannerSettings> = {}) {
    this.#still = still;
    this.#strength = strength;
  }

  /** From the next frame on. */
  startWith(strength: number): void {
    this.#strength = strength;
    this.startAfresh();
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
    const strength = Math.min(1, this.#strength + STRENGTH_PER_MOVEMENT * mean);
    if (strength === 1 || mean > JUMP || this.#sinceAnchor >= due) return this.#fresh(pose, evaluations);
    this.#last = pose;
    return onward(this.#strength, strength, evaluations);
  }

  #fresh(pose: Pose, evaluations: number): FramePlan {
    this.#last = pose;
    this.#sinceAnchor = 0;
    return { kind: 'fresh', steps: evaluations, evaluations };
  }
}

/** A schedule of which the last `evaluations` steps begin where about so much noise is left, and never too little. */
function onward(least: number, wanted: number, evaluations: number): FramePlan {
  const nearest = Math.max(evaluations, Math.round(evaluations / wanted));
  const steps = evaluations / nearest < least ? nearest - 1 : nearest;
  return { kind: 'onward', steps, fromLastFrame: { strength: evaluations / steps }, evaluations };
}
