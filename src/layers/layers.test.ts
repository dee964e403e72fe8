import { describe, expect, it } from 'vitest';
import { numbersOf, readTensors } from '../../tools/run-parts.ts';
import { gaussianNoise } from '../scd/noise.ts';
import { compose } from './compose.ts';
import { filled } from './fill.ts';
import { closed, cutOut, opening, plateOf } from './place.ts';
import { type Planes, planesOf, some, stacked } from './planes.ts';
import { cutTo, padTo, resized } from './resample.ts';
import { moverSize, padded, plateSize } from './sizes.ts';
import { placesOf, Teller } from './tell.ts';
import { warp } from './warp.ts';

const truth = await readTensors('fixtures/layers/io.safetensors');
const trueOf = (name: string): Planes => {
  const { shape, values } = numbersOf(truth, name);
  const [, channels = 0, height = 0, width = 0] = shape;
  return { channels, height, width, data: Float32Array.from(values) };
};
const apart = (a: Planes, b: Planes): number => {
  expect([a.channels, a.height, a.width]).toEqual([b.channels, b.height, b.width]);
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i]!)), 0);
};
const SIZE = { width: 12, height: 8 };
const noise = (channels: number, stream: number, size = SIZE): Planes =>
  planesOf(size, channels, gaussianNoise(channels * size.width * size.height, 1, stream));
const even = (value: number, channels = 1, size = SIZE): Planes => {
  const planes = planesOf(size, channels);
  planes.data.fill(value);
  return planes;
};
const drawn = (by: (x: number, y: number) => number, size = SIZE): Planes =>
  planesOf(
    size,
    1,
    Float32Array.from({ length: size.width * size.height }, (_, i) =>
      by(i % size.width, Math.floor(i / size.width)),
    ),
  );

describe('working sizes', () => {
  it('keep the shape, as multiples that the networks take', () => {
    expect(moverSize({ width: 512, height: 512 })).toEqual({ width: 128, height: 128 });
    expect(moverSize({ width: 512, height: 768 })).toEqual({ width: 80, height: 128 });
    expect(plateSize({ width: 1024, height: 576 })).toEqual({ width: 256, height: 160 });
    expect(padded({ width: 500, height: 512 }, 32)).toEqual({ width: 512, height: 512 });
  });
});

describe('another size', () => {
  it('is a mean where it shrinks', () => {
    const ramp = drawn((x) => x);
    expect([...resized(ramp, { width: 4, height: 8 }).data.subarray(0, 4)]).toEqual([1, 4, 7, 10]);
    const thirds = resized(ramp, { width: 8, height: 4 }).data;
    // The second of eight covers half of pixel 1 and pixel 2.
    expect(thirds[1]).toBeCloseTo((0.5 * 1 + 2) / 1.5, 6);
  });

  it('goes between the middles of pixels where it grows', () => {
    const grown = resized(
      drawn((x) => x),
      { width: 24, height: 8 },
    ).data;
    expect([...grown.subarray(0, 4)]).toEqual([0, 0.25, 0.75, 1.25]);
    expect(grown[23]).toBe(11);
  });

  it('is padded by its edge, and cut back', () => {
    const picture = noise(2, 3);
    const wide = padTo(picture, { width: 16, height: 10 });
    expect(wide.data[15]).toBe(picture.data[11]);
    expect(apart(cutTo(wide, SIZE), picture)).toBe(0);
  });
});

describe('a picture read through a flow', () => {
  it('stands still where nothing moves', () => {
    const picture = noise(3, 1);
    expect(apart(warp(picture, placesOf(SIZE)), picture)).toBeLessThan(1e-5);
  });

  it('moves by whole and half pixels, and goes on beyond its edge', () => {
    const places = placesOf(SIZE);
    places.data.subarray(0, 96).forEach((x, i) => {
      places.data[i] = x + 2.5 / SIZE.width;
    });
    const moved = warp(
      drawn((x) => x),
      places,
    ).data;
    [2.5, 3.5, 4.5].forEach((value, x) => expect(moved[x]).toBeCloseTo(value, 5));
    expect(moved[11]).toBe(11);
  });

  it("is PyTorch's", () => {
    const places = placesOf(trueOf('photo'));
    const move = some(trueOf('layers'), 0, 2);
    const flow = planesOf(
      places,
      2,
      places.data.map((place, i) => place + move.data[i]!),
    );
    expect(apart(warp(trueOf('photo'), flow), trueOf('moved'))).toBeLessThan(1e-4);
  });
});

describe('a hole', () => {
  it("is filled as PyTorch's", () => {
    expect(apart(filled(trueOf('photo'), trueOf('hole')), trueOf('filled'))).toBeLessThan(1e-5);
  });

  it('goes on with an even ground, and leaves the rest alone', () => {
    const hole = drawn((x, y) => (x > 3 && x < 8 && y > 2 ? 1 : 0));
    expect(apart(filled(even(0.3, 3), hole), even(0.3, 3))).toBeLessThan(1e-6);
    const picture = noise(3, 2);
    const made = filled(picture, hole);
    made.data.forEach((value, i) => {
      if (hole.data[i % 96] === 0) expect(value).toBe(picture.data[i]);
    });
  });

  it('takes the person out of the photo', () => {
    const size = { width: 64, height: 64 };
    const matte = drawn((x, y) => (Math.hypot(x - 32, y - 40) < 12 ? 1 : 0), size);
    const photo = planesOf(size, 3);
    photo.data.forEach((_, i) => {
      photo.data[i] = matte.data[i % 4096] === 1 ? 0.9 : -0.4;
    });
    const made = opening(photo, matte);
    expect(made.picture).toMatchObject({ width: 256, height: 256 });
    expect(apart(plateOf(photo, made), even(-0.4, 3, size))).toBeLessThan(1e-4);
    const brighter = even(0.1, 3, made.picture);
    // What is painted counts in the hole; around it the photo stays as it is.
    const painted = plateOf(photo, made, brighter);
    const shares = resized(made.hole, size).data;
    const wanted = planesOf(
      size,
      3,
      painted.data.map((_, i) => -0.4 + 0.1 * (shares[i % shares.length] as number)),
    );
    expect(apart(painted, wanted)).toBeLessThan(1e-4);
    expect(Math.max(...painted.data)).toBeCloseTo(-0.3, 4);
    expect(Math.min(...painted.data)).toBeCloseTo(-0.4, 4);
  });
});

describe('a matte', () => {
  it('has no holes deep inside the rough outline, and its own edge', () => {
    const size = { width: 256, height: 256 };
    const outline = drawn((x, y) => (Math.hypot(x - 128, y - 128) < 60 ? 1 : 0), size);
    const matte = drawn((x, y) => (Math.hypot(x - 128, y - 128) < 57 && x !== 128 ? 0.9 : 0), size);
    const made = closed(matte, outline).data;
    expect(made[128 + 256 * 128]).toBe(1);
    expect(made[128 + 256 * 70]).toBe(0);
    expect(made[120 + 256 * 72]).toBeCloseTo(0.9, 5);
    expect(made[10]).toBe(0);
  });
});

describe('the person cut out', () => {
  it("has none of the place's colour at a soft edge", () => {
    const size = { width: 32, height: 32 };
    const matte = drawn((x) => Math.min(1, Math.max(0, (20 - x) / 4)), size);
    const photo = planesOf(size, 3);
    photo.data.forEach((_, i) => {
      photo.data[i] = 0.8 * matte.data[i % 1024]! - 0.8 * (1 - matte.data[i % 1024]!);
    });
    const person = cutOut(photo, matte);
    expect(some(person, 3, 4).data).toEqual(matte.data);
    // Where half of the photo's colour is the place's.
    expect(photo.data[18 + 32 * 16]).toBeCloseTo(0, 5);
    expect(person.data[18 + 32 * 16]).toBeGreaterThan(0.6);
  });
});

describe('what the mover is told', () => {
  const size = { width: 48, height: 32 };
  const poseOf = (name: string) => ({ ...size, joints: Float32Array.from(numbersOf(truth, name).values) });
  const teller = new Teller(stacked(trueOf('photo'), trueOf('outline')), poseOf('reference_joints'));

  it("is the training's", () => {
    const told = teller.tell(poseOf('target_joints'));
    for (const name of ['limbs', 'torso', 'whole', 'told'] as const) {
      expect(apart(told[name], trueOf(name)), name).toBeLessThan(1e-4);
    }
  });

  it('is no move in the pose of the photo', () => {
    const { limbs, torso, whole } = teller.tell(poseOf('reference_joints'));
    for (const places of [limbs, torso, whole]) expect(apart(places, teller.here)).toBeLessThan(1e-5);
  });
});

describe('composition', () => {
  const small = { width: 8, height: 8 };
  const large = { width: 32, height: 32 };
  /** Nothing moves, all is outside, nothing is seen, no shadow, a grey paint. */
  const layersWith = (change: Partial<Record<'x' | 'outline' | 'seen' | 'shadow' | 'paint', Planes>>) =>
    stacked(
      change.x ?? even(0, 1, small),
      even(0, 1, small),
      change.outline ?? even(0, 1, small),
      change.seen ?? even(0, 1, small),
      change.shadow ?? even(1, 1, small),
      change.paint ?? even(0, 3, small),
    );
  const person = (colours: Planes, matte = even(1, 1, large)) => stacked(colours, matte);
  const plate = noise(3, 4, large);
  const whole = even(1, 1, small);

  it('is the place where nobody is, in their shadow', () => {
    const nobody = person(noise(3, 5, large));
    expect(apart(compose({ layers: layersWith({}), person: nobody, plate }), plate)).toBeLessThan(1e-6);
    const dark = compose({ layers: layersWith({ shadow: even(0.5, 1, small) }), person: nobody, plate });
    expect(dark.data[77]).toBeCloseTo((plate.data[77]! + 1) / 2 - 1, 5);
  });

  it('is the photo where it shows the person, moved as the layers say', () => {
    const photo = drawn((x) => x / 32, large);
    const colours = stacked(photo, photo, photo);
    const still = layersWith({ outline: whole, seen: whole });
    expect(apart(compose({ layers: still, person: person(colours), plate }), colours)).toBeLessThan(1e-5);
    const shifted = layersWith({ outline: whole, seen: whole, x: even(4 / 32, 1, small) });
    const moved = compose({ layers: shifted, person: person(colours), plate });
    expect(moved.data[10]).toBeCloseTo(14 / 32, 5);
  });

  it('is painted where the photo does not show the person', () => {
    const layers = layersWith({ outline: whole, paint: even(0.25, 3, small) });
    const input = { layers, person: person(noise(3, 5, large)), plate };
    expect(apart(compose(input), even(0.25, 3, large))).toBeLessThan(1e-5);
    const frame = even(-0.5, 3, { width: 16, height: 16 });
    expect(apart(compose({ ...input, frame }), even(-0.5, 3, large))).toBeLessThan(1e-5);
  });

  it('paints where the flow leads out of the person', () => {
    const layers = layersWith({ outline: whole, seen: whole, paint: even(0.25, 3, small) });
    const input = { layers, person: person(noise(3, 5, large), even(0, 1, large)), plate };
    expect(apart(compose(input), even(0.25, 3, large))).toBeLessThan(1e-5);
  });

  it("has the matte's edge where the photo is seen, in place of the soft outline", () => {
    const half = drawn((x) => (x < 3 ? 1 : x === 3 ? 0.75 : x === 4 ? 0.25 : 0), small);
    const matte = drawn((x) => (x < 17 ? 1 : 0), large);
    const layers = layersWith({ outline: half, seen: whole });
    const made = compose({ layers, person: person(even(1, 3, large), matte), plate: even(-1, 3, large) });
    const row = [...made.data.subarray(0, 32)];
    expect(row[14]).toBeCloseTo(1, 4);
    expect(row[16]).toBeCloseTo(1, 4);
    expect(row[17]).toBeCloseTo(-1, 4);
    expect(row[22]).toBe(-1);
  });
});
