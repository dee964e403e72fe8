import type { Pose } from '../pose/types.ts';
import { awayFrom, isArm, isLeg, limbsOf, torsoLength } from './body.ts';
import { painted, type Stroke } from './brush.ts';
import { Drape, type Garment } from './drape.ts';
import { filledFrom } from './fill.ts';
import { fitted } from './fit.ts';
import { type Kind, LABEL, type LabelMap, likeliest, OF_KIND, REPLACED } from './labels.ts';
import { agnosticMask, handsOf } from './mask.ts';
import { emptyMask, type Mask, type Picture, soften, spread } from './picture.ts';

export interface Person {
  readonly photo: Picture;
  readonly pose: Pose;
  /** Of the photo, at any size. */
  readonly labels: LabelMap;
}

export interface Dressed {
  readonly picture: Picture;
  /** Where the garment's own pixels lie. */
  readonly cloth: Mask;
  /** Where the old garment was and the new one is not: filled in from what is around. */
  readonly filled: Mask;
  /** What may have changed at all; outside the picture is the photo's, byte for byte. */
  readonly mask: Mask;
}

/** Nothing of what stands in the mask was seen; what it is made of depends on where it lies. */
enum Ground {
  none,
  place,
  skin,
  cloth,
}

/** How far an edge of the cloth runs into what is around it, over the torso's length. */
const SEAM = 0.006;

/**
 * The person of a photo in another garment: the garment's own pixels moved onto the body, arms and hands over the trunk,
 * face and hair over all; what the old garment leaves bare is filled in with skin, cloth or the place.
 */
export function dress(
  person: Person,
  garment: Garment,
  kind: Kind,
  strokes: readonly Stroke[] = [],
): Dressed {
  const { photo, pose } = person;
  const { width, height } = photo;
  const labels = likeliest(person.labels, photo);
  const allowed = painted(agnosticMask(labels, photo, pose, kind), strokes);
  const drape = new Drape(kind, garment, pose);
  const { trunk, sleeves } = drape.over(photo, fitted(drape, kind, labels, photo, pose));
  const replaced = new Set(REPLACED[kind].map((name) => LABEL[name]));
  const kept = new Set([LABEL.face, LABEL.hair, LABEL.hat]);
  const limbs = limbsOf(pose);
  const arms = limbs.filter(({ part }) => isArm(part)).map(awayFrom);
  const forearms = limbs.filter(({ part }) => part.endsWith('Forearm')).map(awayFrom);
  const legs = limbs.filter(({ part }) => isLeg(part)).map(awayFrom);
  const hands = handsOf(pose).map(awayFrom);
  const isUpper = OF_KIND[kind].some((name) => name === 'top' || name === 'dress');
  const [cloth, filled] = [emptyMask(photo), emptyMask(photo)];
  const grounds = new Uint8Array(width * height);
  const colours = new Float32Array(3 * width * height);
  // An outline's rim still shows the old garment.
  const unit = torsoLength(pose);
  const old = spread(
    { width, height, alpha: Float32Array.from(labels, (label) => (replaced.has(label) ? 1 : 0)) },
    Math.max(1, Math.round(0.012 * unit)),
  );
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++, i++) {
      const may = allowed.alpha[i] as number;
      if (may === 0) continue;
      const label = labels[i] as number;
      if (kept.has(label)) continue;
      const [x, y] = [column + 0.5, row + 0.5];
      const inArm = arms.some((away) => away(x, y) < 1.25);
      const isHand = label === LABEL.skin && hands.some((away) => away(x, y) < 1);
      const sleeve = isUpper ? (sleeves.data[4 * i + 3] as number) / 255 : 0;
      // A bare forearm before the trunk stays before it.
      const isBefore = label === LABEL.skin && forearms.some((away) => away(x, y) < 1.25);
      const over = isHand ? 0 : sleeve;
      const under = isHand || isBefore ? 0 : ((trunk.data[4 * i + 3] as number) / 255) * (1 - over);
      const all = over + under;
      cloth.alpha[i] = all * may;
      if (all > 0) {
        for (let k = 0; k < 3; k++) {
          colours[3 * i + k] =
            ((sleeves.data[4 * i + k] as number) * over + (trunk.data[4 * i + k] as number) * under) / all;
        }
      }
      if (all < 1 && (old.alpha[i] as number) > 0 && !(label === LABEL.skin && !replaced.has(label))) {
        filled.alpha[i] = may;
        const inLeg = legs.some((away) => away(x, y) < 1);
        grounds[i] = inArm || (inLeg && kind !== 'top') ? Ground.skin : Ground.place;
        if (!inArm && kind === 'top' && replaced.has(label)) grounds[i] = Ground.cloth;
      }
    }
  }
  const picture = compose(photo, labels, {
    cloth,
    filled,
    grounds,
    colours,
    replaced,
    arms,
    seam: SEAM * unit,
  });
  return { ...picture, cloth, filled };
}

interface Layers {
  readonly cloth: Mask;
  readonly filled: Mask;
  readonly grounds: Uint8Array;
  readonly colours: Float32Array;
  readonly replaced: ReadonlySet<number>;
  readonly arms: readonly ((x: number, y: number) => number)[];
  readonly seam: number;
}

function compose(
  photo: Picture,
  labels: Uint8Array,
  layers: Layers,
): { readonly picture: Picture; readonly mask: Mask } {
  const { width, height } = photo;
  const { cloth, filled, grounds, colours, replaced, arms, seam } = layers;
  const only = (isKnown: (label: number, i: number) => boolean): Mask => {
    const all = {
      width,
      height,
      alpha: Float32Array.from(labels, (label, i) => (isKnown(label, i) && filled.alpha[i] === 0 ? 1 : 0)),
    };
    // Rims mix with what lies beside them.
    const inner = spread(all, -Math.max(1, Math.round(width / 256)));
    return inner.alpha.some((share) => share > 0) ? inner : all;
  };
  const wanted = new Set(grounds);
  const fills = new Map<number, Float32Array>();
  if (wanted.has(Ground.place))
    fills.set(
      Ground.place,
      filledFrom(
        photo,
        only((label) => label === LABEL.background),
      ),
    );
  if (wanted.has(Ground.skin)) {
    const skin = only((label) => label === LABEL.skin);
    const known = skin.alpha.some((share) => share > 0) ? skin : only((label) => label === LABEL.face);
    fills.set(Ground.skin, filledFrom(photo, known));
  }
  if (wanted.has(Ground.cloth)) {
    const others = new Set([LABEL.bottom, LABEL.skin, LABEL.dress].filter((label) => !replaced.has(label)));
    fills.set(
      Ground.cloth,
      filledFrom(
        photo,
        only((label) => others.has(label)),
      ),
    );
  }
  const softly = soften(filled, Math.max(1, seam));
  const data = photo.data.slice();
  const mask = emptyMask(photo);
  for (let i = 0; i < mask.alpha.length; i++) {
    const over = cloth.alpha[i] as number;
    const ground = grounds[i] as number;
    const behind =
      ground === Ground.none ? 0 : Math.min(filled.alpha[i] as number, 2 * (softly.alpha[i] as number));
    if (over === 0 && behind === 0) continue;
    mask.alpha[i] = Math.max(over, behind);
    const fill = fills.get(ground);
    const [x, y] = [(i % width) + 0.5, Math.floor(i / width) + 0.5];
    const shade = ground === Ground.skin ? roundness(arms, x, y) : 1;
    for (let k = 0; k < 3; k++) {
      const own = photo.data[4 * i + k] as number;
      const base = fill ? own + behind * ((fill[3 * i + k] as number) * shade - own) : own;
      data[4 * i + k] = base + over * ((colours[3 * i + k] as number) - base);
    }
  }
  return { picture: { width, height, data }, mask };
}

/** Limbs are darker towards their rims. */
function roundness(arms: readonly ((x: number, y: number) => number)[], x: number, y: number): number {
  let least = 1;
  for (const away of arms) least = Math.min(least, away(x, y));
  return 1.03 - 0.22 * least ** 2;
}
