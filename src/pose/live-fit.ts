/** The fit for a camera: it learns the person's proportions in the first second, and keeps to them. */
import { describeDriver, describeReference, type Reference } from './bodies.ts';
import { emptyPose, isSeen, JOINT, mirrored } from './body.ts';
import { asFilmed, type FitOptions } from './fit.ts';
import { Retargeter } from './retarget.ts';
import type { Pose } from './types.ts';

/** Seconds with a person to learn from. */
const CALIBRATION = 1;

export class LiveFit {
  private reference: Reference;
  private readonly learnt: { readonly pose: Pose; readonly time: number }[] = [];
  private retargeter: Retargeter | undefined;

  constructor(
    referencePose: Pose,
    private readonly options: FitOptions = {},
  ) {
    this.reference = describeReference(referencePose);
  }

  /** From 0 to 1, how much of the person is known by now. */
  get calibration(): number {
    const [first, last] = [this.learnt[0], this.learnt.at(-1)];
    if (first === undefined || last === undefined) return 0;
    return Math.min(1, (last.time - first.time) / CALIBRATION);
  }

  /** Another reference, the same person before the camera. */
  setReference(pose: Pose): void {
    this.reference = describeReference(pose);
    this.retargeter = undefined;
  }

  /** Another person before the camera. */
  recalibrate(): void {
    this.learnt.length = 0;
    this.retargeter = undefined;
  }

  push(seen: Pose, time: number): Pose {
    const pose = this.options.mirrored ? mirrored(seen) : seen;
    if (this.options.mode === 'asFilmed') return asFilmed(pose, this.reference.pose);
    if (this.calibration < 1 && isSeen(pose, JOINT.neck)) {
      this.learnt.push({ pose, time });
      this.retargeter = undefined;
    }
    const { width, height } = this.reference.pose;
    if (this.learnt.length === 0) return emptyPose(width, height);
    this.retargeter ??= this.learn();
    this.retargeter.makeRoomFor(pose);
    return this.retargeter.fit(pose);
  }

  private learn(): Retargeter {
    const driver = describeDriver(
      this.learnt.map(({ pose }) => pose),
      this.learnt.map(({ time }) => time),
    );
    return new Retargeter(this.reference, driver);
  }
}
