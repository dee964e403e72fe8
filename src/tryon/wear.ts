import { LEFT_RIGHT } from '../pose/anatomy.ts';
import { isSeen, JOINT, jointX, jointY } from '../pose/body.ts';
import type { Pose } from '../pose/types.ts';
import type { Stroke } from './brush.ts';
import { cutOut, kindShown } from './cutout.ts';
import { type Dressed, dress } from './dress.ts';
import { EmptyMaskError, NoGarmentError, NothingToDressError, OtherKindError } from './errors.ts';
import { type Kind, type Label, maskOf, OF_KIND } from './labels.ts';
import { parse, type RunParser } from './parse.ts';
import { coverage, type Mask, type Picture } from './picture.ts';

/** A picture and, where somebody is in it, who: their joints and rough outline. */
export interface Shown {
  readonly picture: Picture;
  readonly pose?: Pose | undefined;
  readonly outline?: Mask | undefined;
}

export interface Wish {
  /** Missing: the kind that the picture shows most of. */
  readonly kind?: Kind | undefined;
  readonly strokes?: readonly Stroke[] | undefined;
}

export interface Worn extends Dressed {
  readonly kind: Kind;
}

/** The least share of its picture that a garment covers. */
const LEAST_SHOWN = 0.004;
/** The joints without which a kind of garment has nowhere to go: all of them, where one side is enough of each pair. */
const NEEDED: Readonly<Record<Kind, readonly (readonly [number, number])[]>> = {
  top: [[JOINT.rightShoulder, JOINT.leftShoulder]],
  bottom: [
    [JOINT.rightHip, JOINT.leftHip],
    [JOINT.rightKnee, JOINT.leftKnee],
  ],
  dress: [
    [JOINT.rightShoulder, JOINT.leftShoulder],
    [JOINT.rightHip, JOINT.leftHip],
  ],
  shoes: [[JOINT.rightAnkle, JOINT.leftAnkle]],
  whole: [
    [JOINT.rightShoulder, JOINT.leftShoulder],
    [JOINT.rightHip, JOINT.leftHip],
  ],
};

/** From two pictures to one: the person of the first in the garment of the second. */
export async function wear(
  run: RunParser,
  person: Shown & { readonly pose: Pose },
  garment: Shown,
  { kind: wanted, strokes = [] }: Wish = {},
): Promise<Worn> {
  const theirs = await parse(run, garment.picture, garment.pose, garment.outline);
  const shown = kindShown(theirs.labels);
  if (shown.share < LEAST_SHOWN) throw new NoGarmentError();
  const found = shown.label as Exclude<Kind, 'whole'>;
  const kind = wanted ?? found;
  const names = namesFor(kind, found, garment.pose !== undefined);
  const own = maskOf(theirs.labels, OF_KIND[kind], theirs.labels);
  if (garment.pose && coverage(own) < LEAST_SHOWN) throw new OtherKindError(kind, found);
  if (!garment.pose && kind !== 'whole' && isUnlike(kind, found)) throw new OtherKindError(kind, found);
  const mask = cutOut(garment.picture, theirs.labels, names);
  if (coverage(mask) < LEAST_SHOWN) throw new NoGarmentError();
  for (const [right, left] of NEEDED[kind]) {
    if (!isSeen(person.pose, right) && !isSeen(person.pose, left)) throw new NothingToDressError(kind);
  }
  const { labels } = await parse(run, person.picture, person.pose, person.outline);
  const dressed = dress(
    { photo: person.picture, pose: person.pose, labels },
    { picture: garment.picture, mask, pose: garment.pose ?? upright(theirs.pose, mask) },
    kind,
    strokes,
  );
  if (coverage(dressed.mask) === 0) throw new EmptyMaskError();
  return { ...dressed, kind };
}

/** A garment on nobody is shown straight from the front: its joints are each other's mirror images. */
function upright(pose: Pose, mask: Mask): Pose {
  let [sum, weight] = [0, 0];
  mask.alpha.forEach((share, i) => {
    sum += share * ((i % mask.width) + 0.5);
    weight += share;
  });
  const axis = sum / Math.max(weight, 1e-6);
  const joints = pose.joints.slice();
  joints[3 * JOINT.neck] = axis;
  for (const [right, left] of LEFT_RIGHT) {
    if (!isSeen(pose, right) || !isSeen(pose, left)) continue;
    const aside = (jointX(pose, left) - jointX(pose, right)) / 2;
    const y = (jointY(pose, left) + jointY(pose, right)) / 2;
    joints.set([axis - aside, y], 3 * right);
    joints.set([axis + aside, y], 3 * left);
  }
  return { ...pose, joints };
}

/** On nobody, all cloth in the picture is the garment; on somebody, their garment of the kind alone. */
function namesFor(kind: Kind, found: Label, isWorn: boolean): readonly Label[] {
  if (isWorn) return OF_KIND[kind];
  return kind === 'shoes' || found === 'shoes' ? ['shoes'] : ['top', 'bottom', 'dress'];
}

/** A long shirt may well be a dress; shoes are nothing but shoes, and trousers are no top. */
function isUnlike(kind: Kind, found: Kind): boolean {
  if (kind === found) return false;
  if (kind === 'shoes' || found === 'shoes') return true;
  return kind !== 'dress' && found !== 'dress';
}
