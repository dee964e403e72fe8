import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { JOINT } from '../pose/body.ts';
import type { Pose } from '../pose/types.ts';
import { painted, type Stroke, undone } from './brush.ts';
import { followEdges, plainGround } from './cutout.ts';
import { dress } from './dress.ts';
import { keepOutside, maskOfCells } from './eq6.ts';
import { NoGarmentError, NothingToDressError, OtherKindError } from './errors.ts';
import { filledFrom } from './fill.ts';
import { knownLabels, LABEL, LABELS, likeliest } from './labels.ts';
import { agnosticMask, hullOf } from './mask.ts';
import { affineBetween, applied } from './move.ts';
import type { RunParser } from './parse.ts';
import { coverage, emptyMask, emptyPicture, maskFrom, type Picture } from './picture.ts';
import { wear } from './wear.ts';

const SIZE = { width: 96, height: 128 };

/** A person who stands: places over a picture of SIZE. */
const STANDING: Partial<Record<keyof typeof JOINT, readonly [number, number]>> = {
  nose: [48, 16],
  neck: [48, 28],
  rightShoulder: [36, 28],
  rightElbow: [28, 44],
  rightWrist: [24, 60],
  leftShoulder: [60, 28],
  leftElbow: [68, 44],
  leftWrist: [72, 60],
  rightHip: [41, 62],
  rightKnee: [40, 88],
  rightAnkle: [40, 114],
  leftHip: [55, 62],
  leftKnee: [56, 88],
  leftAnkle: [56, 114],
};

function standing(shift = 0, without: readonly number[] = []): Pose {
  const joints = new Float32Array(54);
  for (const [name, [x, y]] of Object.entries(STANDING)) {
    const joint = JOINT[name as keyof typeof JOINT];
    if (!without.includes(joint)) joints.set([x + shift, y, 1], 3 * joint);
  }
  return { ...SIZE, joints };
}

type Colour = readonly [number, number, number];

/** A picture of upright boxes over a plain ground, with what each pixel is. */
function boxes(ground: Colour, list: readonly (readonly [number, number, number, number, number, Colour])[]) {
  const picture = emptyPicture(SIZE);
  const labels = new Uint8Array(SIZE.width * SIZE.height);
  for (let y = 0, i = 0; y < SIZE.height; y++) {
    for (let x = 0; x < SIZE.width; x++, i++) {
      picture.data.set([...ground, 255], 4 * i);
      for (const [left, top, right, bottom, label, colour] of list) {
        if (x < left || y < top || x >= right || y >= bottom) continue;
        picture.data.set([...colour, 255], 4 * i);
        labels[i] = label;
      }
    }
  }
  return { picture, labels };
}

const BLUE: Colour = [40, 60, 200];
const RED: Colour = [200, 40, 40];
const GREY: Colour = [180, 180, 180];
const SKIN: Colour = [220, 170, 140];

const person = () =>
  boxes(GREY, [
    [42, 6, 54, 26, LABEL.face, SKIN],
    [34, 26, 62, 64, LABEL.top, BLUE],
    [36, 64, 60, 112, LABEL.bottom, [30, 30, 30]],
    [22, 34, 33, 64, LABEL.skin, SKIN],
    [63, 34, 74, 64, LABEL.skin, SKIN],
  ]);
const shirt = () => boxes([250, 250, 250], [[34, 26, 62, 66, LABEL.top, RED]]);

const colourAt = ({ data, width }: Picture, x: number, y: number) =>
  [...data.subarray(4 * (y * width + x), 4 * (y * width + x) + 3)] as number[];

describe('masks', () => {
  it('cover the garment, hide its outline, and keep the face', () => {
    const { labels } = person();
    const mask = agnosticMask(labels, SIZE, standing(), 'top');
    const at = (x: number, y: number) => mask.alpha[y * SIZE.width + x];
    expect(at(48, 40)).toBe(1);
    expect(at(30, 44)).toBe(1);
    expect(at(48, 15)).toBe(0);
    expect(at(48, 100)).toBe(0);
    // A notch in the garment cannot be seen in the mask.
    const notched = labels.slice();
    for (let y = 40; y < 46; y++) for (let x = 34; x < 44; x++) notched[y * SIZE.width + x] = 0;
    expect(agnosticMask(notched, SIZE, standing(), 'top').alpha).toEqual(mask.alpha);
  });

  it('are painted on, and strokes are undone', () => {
    const strokes: Stroke[] = [
      {
        mode: 'add',
        radius: 4,
        points: [
          { x: 20, y: 20 },
          { x: 40, y: 20 },
        ],
      },
      { mode: 'take', radius: 3, points: [{ x: 30, y: 20 }] },
    ];
    const mask = painted(emptyMask(SIZE), strokes);
    const at = (x: number, y: number) => mask.alpha[y * SIZE.width + x];
    expect([at(22, 20), at(30, 20), at(38, 20), at(22, 40)]).toEqual([1, 0, 1, 0]);
    expect(coverage(painted(emptyMask(SIZE), undone(strokes)))).toBeGreaterThan(coverage(mask));
    expect(undone(undone(strokes))).toEqual([]);
  });

  it('have convex hulls', () => {
    const corners = [
      { x: 0, y: 0 },
      { x: 4, y: 0 },
      { x: 4, y: 4 },
      { x: 0, y: 4 },
    ];
    const hull = hullOf([...corners, { x: 2, y: 2 }, { x: 1, y: 3 }]);
    expect(hull).toHaveLength(4);
    expect(hull).toEqual(expect.arrayContaining(corners));
  });
});

describe('moves', () => {
  it('take exact pairs along exactly', () => {
    const truth = { xx: 1.2, xy: 0.1, yx: -0.2, yy: 0.9, dx: 5, dy: -3 };
    const places = [
      { x: 0, y: 0 },
      { x: 10, y: 2 },
      { x: 3, y: 20 },
    ];
    const pairs = places.map((to) => ({ to, from: applied(truth, to.x, to.y) }));
    const move = affineBetween(pairs, 0);
    for (const [name, value] of Object.entries(truth)) {
      expect(move?.[name as keyof typeof truth]).toBeCloseTo(value, 5);
    }
  });

  it('keep shapes where they are told to', () => {
    const pairs = [
      { to: { x: 0, y: 0 }, from: { x: 0, y: 0 } },
      { to: { x: 10, y: 0 }, from: { x: 20, y: 0 } },
      { to: { x: 0, y: 10 }, from: { x: 0, y: 20 } },
    ];
    const move = affineBetween(pairs, 1e6);
    expect(move?.xx).toBeCloseTo(move?.yy ?? 0, 3);
    expect(move?.xx).toBeCloseTo(2, 1);
  });
});

describe('dressing', () => {
  it('puts the garment on, and leaves all else as it was', () => {
    const { picture, labels } = person();
    const cloth = shirt();
    const garment = {
      picture: cloth.picture,
      mask: maskFrom(SIZE, (i) => (cloth.labels[i] === LABEL.top ? 1 : 0)),
      pose: standing(),
    };
    const dressed = dress(
      { photo: picture, pose: standing(), labels: knownLabels(labels, SIZE) },
      garment,
      'top',
    );
    const [red, , blue] = colourAt(dressed.picture, 48, 45);
    expect(red).toBeGreaterThan(150);
    expect(blue).toBeLessThan(90);
    expect(colourAt(dressed.picture, 48, 15)).toEqual([...SKIN]);
    for (let i = 0; i < dressed.mask.alpha.length; i++) {
      if (dressed.mask.alpha[i] !== 0) continue;
      expect(dressed.picture.data[4 * i]).toBe(picture.data[4 * i]);
    }
    expect(coverage(dressed.mask)).toBeLessThan(0.4);
  });

  it('fills from what is known', () => {
    const { picture } = boxes(GREY, [[40, 40, 56, 56, LABEL.top, BLUE]]);
    const known = maskFrom(SIZE, (i) => {
      const [x, y] = [i % SIZE.width, Math.floor(i / SIZE.width)];
      return x >= 38 && x < 58 && y >= 38 && y < 58 ? 0 : 1;
    });
    const filled = filledFrom(picture, known);
    const centre = 3 * (48 * SIZE.width + 48);
    for (let k = 0; k < 3; k++) expect(filled[centre + k]).toBeCloseTo(180, 0);
  });

  it('knows plain grounds, and follows edges', () => {
    const { picture } = shirt();
    expect(plainGround(picture)?.colour).toEqual([250, 250, 250]);
    const rough = maskFrom(SIZE, (i) => (i % SIZE.width > 36 && i % SIZE.width < 60 ? 1 : 0));
    const guided = followEdges(rough, picture, 4);
    expect(guided.alpha[46 * SIZE.width + 48]).toBeGreaterThan(0.9);
  });

  it('reads labels inside their square, and background around it', () => {
    const shares = LABELS.map((_, k) => new Float32Array(4).fill(k === LABEL.top ? 1 : 0));
    const map = { width: 2, height: 2, shares, region: { x: 10, y: 20, side: 16 } };
    const labels = likeliest(map, SIZE);
    expect(labels[28 * SIZE.width + 18]).toBe(LABEL.top);
    expect(labels[5 * SIZE.width + 5]).toBe(LABEL.background);
  });
});

/** A parser that sees what the test says. */
const seeing =
  (...answers: readonly Uint8Array[]): RunParser =>
  async () => {
    const labels = answers[Math.min(asked++, answers.length - 1)] as Uint8Array;
    const logits = new Float32Array(LABELS.length * labels.length);
    labels.forEach((label, i) => {
      logits[label * labels.length + i] = 12;
    });
    const joints = new Float32Array(13 * 64 * 64);
    return {
      labels: { data: logits, shape: [1, LABELS.length, SIZE.height, SIZE.width] },
      joints: { data: joints, shape: [1, 13, 64, 64] },
    };
  };
let asked = 0;

describe('what cannot be worn', () => {
  const nothing = new Uint8Array(SIZE.width * SIZE.height);
  const ask = (pose: Pose, labels: Uint8Array, kind?: 'top' | 'shoes') => {
    asked = 0;
    const shown = { picture: person().picture, pose };
    return wear(seeing(labels), shown, { picture: shirt().picture }, { kind });
  };

  it('is said in a sentence each', async () => {
    await expect(ask(standing(), nothing)).rejects.toThrow(NoGarmentError);
    await expect(ask(standing(), shirt().labels, 'shoes')).rejects.toThrow(OtherKindError);
    const cropped = standing(0, [JOINT.rightShoulder, JOINT.leftShoulder]);
    await expect(ask(cropped, shirt().labels, 'top')).rejects.toThrow(NothingToDressError);
  });
});

describe('painting inside a mask', () => {
  it('keeps what lies outside, for all channels', () => {
    const mixed = keepOutside(
      Float32Array.of(1, 0, 0.5),
      Float32Array.of(1, 2, 3, 4, 5, 6),
      Float32Array.of(7, 8, 9, 10, 11, 12),
    );
    expect([...mixed]).toEqual([1, 8, 6, 4, 11, 9]);
  });

  it('paints every cell that it touches', () => {
    const alpha = new Float32Array(16);
    alpha[5] = 0.1;
    expect([...maskOfCells(alpha, 4, 4, 2)]).toEqual([1, 0, 0, 0]);
  });
});

describe('the labels of the renderer', () => {
  it('are these, in this order', () => {
    const source = readFileSync('training/people/wardrobe.py', 'utf8');
    const listed = /^LABELS = (\[.*\])$/m.exec(source)?.[1];
    expect(JSON.parse(listed ?? '[]')).toEqual([...LABELS]);
  });
});
