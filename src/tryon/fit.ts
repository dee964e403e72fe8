import type { Point } from '../pose/body.ts';
import { JOINT, seenPoint } from '../pose/body.ts';
import type { Pose } from '../pose/types.ts';
import { awayFrom, hipsOf, isArm, kneesOf, limbsOf, torsoLength } from './body.ts';
import type { Drape } from './drape.ts';
import { type Kind, LABEL } from './labels.ts';
import { type Adjustment, AS_IT_IS } from './move.ts';
import type { Size } from './picture.ts';

/** Pixels along the longer side at which the fit is judged. */
const JUDGED = 80;
const ROUNDS = 3;

/**
 * Poses tell where a garment goes, not how broad the body is that fills it: the garment's size and place are turned until
 * its trunk covers the body's, there where every garment of the kind lies close. Arms do not count.
 */
export function fitted(drape: Drape, kind: Kind, labels: Uint8Array, size: Size, pose: Pose): Adjustment {
  if (kind === 'shoes') return AS_IT_IS;
  const step = Math.max(1, Math.max(size.width, size.height) / JUDGED);
  const small = { width: Math.ceil(size.width / step), height: Math.ceil(size.height / step) };
  const judged = placesToJudge(kind, labels, size, small, step, pose);
  if (judged.length < 40) return AS_IT_IS;
  const unit = torsoLength(pose);
  const faults = (adjustment: Adjustment): number => {
    const covered = drape.trunkOver(judged, adjustment);
    let wrong = 0;
    judged.forEach(({ isBody }, i) => {
      if (covered[i] !== isBody) wrong++;
    });
    // What changes nothing stays as it is.
    const { wide, tall, x, y } = adjustment;
    const strained = Math.abs(Math.log(wide)) + Math.abs(Math.log(tall)) + (Math.abs(x) + Math.abs(y)) / unit;
    return wrong / judged.length + 0.02 * strained;
  };
  let best = AS_IT_IS;
  let least = faults(best);
  let stride = 1;
  for (let round = 0; round < ROUNDS; round++, stride /= 2) {
    for (const change of changes(stride, unit)) {
      // On in the same direction for as long as it helps.
      for (let time = 0; time < 3; time++) {
        const next = change(best);
        if (!isSane(next, unit)) break;
        const wrong = faults(next);
        if (wrong >= least) break;
        [best, least] = [next, wrong];
      }
    }
  }
  return best;
}

function changes(stride: number, unit: number): ((from: Adjustment) => Adjustment)[] {
  const by = 1 + 0.08 * stride;
  const shift = 0.05 * stride * unit;
  return [
    (a) => ({ ...a, wide: a.wide * by }),
    (a) => ({ ...a, wide: a.wide / by }),
    (a) => ({ ...a, y: a.y + shift }),
    (a) => ({ ...a, y: a.y - shift }),
    (a) => ({ ...a, x: a.x + shift }),
    (a) => ({ ...a, x: a.x - shift }),
    (a) => ({ ...a, tall: a.tall * by }),
    (a) => ({ ...a, tall: a.tall / by }),
  ];
}

const isSane = ({ wide, tall, x, y }: Adjustment, unit: number): boolean =>
  wide > 0.7 &&
  wide < 1.5 &&
  tall > 0.8 &&
  tall < 1.25 &&
  Math.abs(x) < 0.2 * unit &&
  Math.abs(y) < 0.2 * unit;

interface Judged extends Point {
  readonly isBody: boolean;
}

/** Cloth and skin of the trunk or the legs, and what lies beside them; from the shoulders to the waist, or from the hips down. */
function placesToJudge(
  kind: Kind,
  labels: Uint8Array,
  size: Size,
  small: Size,
  step: number,
  pose: Pose,
): Judged[] {
  const [neck, hips, knees] = [seenPoint(pose, JOINT.neck), hipsOf(pose), kneesOf(pose)];
  const band =
    kind === 'bottom' ? hips && knees && ([hips, knees] as const) : neck && hips && ([neck, hips] as const);
  if (!band) return [];
  const [from, to] = band;
  const [first, last] = kind === 'bottom' ? [0.02, 0.45] : [0.12, 0.8];
  const down = { x: to.x - from.x, y: to.y - from.y };
  const squared = Math.max(down.x ** 2 + down.y ** 2, 1);
  const reach = 0.75 * torsoLength(pose);
  const arms = limbsOf(pose)
    .filter(({ part }) => isArm(part))
    .map(awayFrom);
  const cloth = new Set([LABEL.top, LABEL.dress, LABEL.bottom]);
  const judged: Judged[] = [];
  for (let row = 0; row < small.height; row++) {
    for (let column = 0; column < small.width; column++) {
      const place: Point = { x: (column + 0.5) * step, y: (row + 0.5) * step };
      const share = ((place.x - from.x) * down.x + (place.y - from.y) * down.y) / squared;
      if (share < first || share > last) continue;
      const away = Math.hypot(place.x - from.x - share * down.x, place.y - from.y - share * down.y);
      if (away > reach || arms.some((awayAt) => awayAt(place.x, place.y) < 1.3)) continue;
      const x = Math.min(size.width - 1, Math.floor(place.x));
      const y = Math.min(size.height - 1, Math.floor(place.y));
      const label = labels[y * size.width + x] as number;
      // Hair over a shoulder tells nothing of what is beneath.
      if (label === LABEL.hair || label === LABEL.face || label === LABEL.hat) continue;
      judged.push({ ...place, isBody: cloth.has(label) || label === LABEL.skin });
    }
  }
  return judged;
}
