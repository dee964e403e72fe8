/** The fit for a camera: it learns the person's proportions in the first second, and anew when they no longer hold. */
import {
  type Driver,
  describeDriver,
  describeReference,
  type Reference,
  showsLegs,
  sizeBeside,
} from './bodies.ts';
import { emptyPose, isSeen, JOINT, mirrored } from './body.ts';
import { asFilmed, type FitOptions } from './fit.ts';
import { quantile } from './proportions.ts';
import { Retargeter } from './retarget.ts';
import type { Pose } from './types.ts';

/** Seconds with a person to learn from. */
const CALIBRATION = 1;
/** Seconds between two looks at what was learnt so far: measured anew at every frame, the body would breathe. */
const LEARN_EVERY = 0.2;
/** Seconds that something must last to be more than a movement. */
const LASTING = 0.6;
/** Whoever looks so much larger or smaller than what was learnt has come nearer or gone away. */
const ANOTHER_SIZE = 1.25;
/** Legs are in the picture, or out of it, when at least or at most these shares of the last poses show them. */
const LEGS_IN = 0.7;
const LEGS_OUT = 0.1;

interface Learnt {
  readonly pose: Pose;
  readonly time: number;
}

export class LiveFit {
  private reference: Reference;
  private learnt: Learnt[] = [];
  /** The newest poses, to notice by what does not hold any more. */
  private recent: Learnt[] = [];
  /** Across the camera's picture, where the first person was at home. */
  private homeX: number | undefined;
  private current:
    | { readonly driver: Driver; readonly retargeter: Retargeter; readonly at: number }
    | undefined;

  constructor(
    referencePose: Pose,
    private readonly options: FitOptions = {},
  ) {
    this.reference = describeReference(referencePose);
  }

  /** From 0 to 1, how much of the person is known by now. */
  get calibration(): number {
    return Math.min(1, lasted(this.learnt) / CALIBRATION);
  }

  /** Another reference, the same person before the camera. */
  setReference(pose: Pose): void {
    this.reference = describeReference(pose);
    this.current = undefined;
  }

  /** All that is known is forgotten, also where in the picture the person moves. */
  recalibrate(): void {
    this.learnAnew();
    this.homeX = undefined;
  }

  /** Another person before the same camera: their place beside the first one's is theirs. */
  learnAnew(): void {
    this.homeX ??= this.current?.driver.home.x;
    this.learnt = [];
    this.recent = [];
    this.current = undefined;
  }

  push(seen: Pose, time: number): Pose {
    const pose = this.options.mirrored ? mirrored(seen) : seen;
    if (this.options.mode === 'asFilmed') return asFilmed(pose, this.reference.pose);
    if (isSeen(pose, JOINT.neck)) this.learnFrom({ pose, time });
    const { width, height } = this.reference.pose;
    if (this.learnt.length === 0) return emptyPose(width, height);
    this.current ??= this.measure();
    const { retargeter } = this.current;
    retargeter.makeRoomFor(pose);
    return retargeter.fit(pose);
  }

  private learnFrom(look: Learnt): void {
    this.recent = [...this.recent.filter(({ time }) => look.time - time <= LASTING), look];
    if (this.calibration < 1) this.learnt.push(look);
    else if (this.current && this.isOver(this.current.driver)) {
      // What has come to stay is the first of what is known; where the person was before says nothing any more.
      this.learnt = this.recent.filter(alike(look, this.current.driver));
      this.current = undefined;
    } else return;
    // The last look of all is learnt from, too.
    const known = this.current?.at ?? Number.NEGATIVE_INFINITY;
    if (look.time - known >= LEARN_EVERY || this.calibration === 1) this.current = undefined;
  }

  /** Whether what was learnt no longer holds: another part of the body is in sight, or it is nearer or farther. */
  private isOver({ proportions, hasLegs }: Driver): boolean {
    // Frames do not fall exactly on the window's ends.
    if (lasted(this.recent) < 0.8 * LASTING) return false;
    const legs = this.recent.filter(({ pose }) => showsLegs(pose)).length / this.recent.length;
    if (hasLegs ? legs <= LEGS_OUT : legs >= LEGS_IN) return true;
    const sizes = this.recent.flatMap(({ pose }) => sizeBeside(proportions, pose) ?? []);
    const size = sizes.length === 0 ? 1 : quantile(sizes, 0.9);
    return size > ANOTHER_SIZE || size < 1 / ANOTHER_SIZE;
  }

  private measure(): NonNullable<typeof this.current> {
    const driver = describeDriver(
      this.learnt.map(({ pose }) => pose),
      this.learnt.map(({ time }) => time),
    );
    const placed = this.homeX === undefined ? driver : movedTo(driver, this.homeX);
    return {
      driver: placed,
      retargeter: new Retargeter(this.reference, placed),
      at: this.learnt.at(-1)?.time ?? 0,
    };
  }
}

function movedTo(driver: Driver, x: number): Driver {
  const { home, neckHome } = driver;
  return { ...driver, home: { ...home, x }, neckHome: { ...neckHome, x: neckHome.x + x - home.x } };
}

/** Who shows as much of themselves, about as large. */
function alike({ pose }: Learnt, { proportions }: Driver): (other: Learnt) => boolean {
  const size = sizeBeside(proportions, pose) ?? 1;
  const legs = showsLegs(pose);
  return (other) => {
    const share = (sizeBeside(proportions, other.pose) ?? 1) / size;
    return showsLegs(other.pose) === legs && share < ANOTHER_SIZE && share > 1 / ANOTHER_SIZE;
  };
}

const lasted = (looks: readonly Learnt[]): number => (looks.at(-1)?.time ?? 0) - (looks[0]?.time ?? 0);
