import { flicker, psnr } from '../src/metrics/difference.ts';
import { type Body, motionFigures } from '../src/metrics/motion.ts';
import type { Picture } from '../src/metrics/picture.ts';
import { sharpness } from '../src/metrics/sharpness.ts';
import { ssim } from '../src/metrics/ssim.ts';
import { warpingError } from '../src/metrics/warping.ts';

/**
 * A rendered scene of which everything is known, damaged in ways of which it is known who should notice:
 * docs/MEASURES.md shows the table that `node --import tsx tools/known-answers.ts` prints.
 */

const SIZE = 64;
const FRAMES = 40;
const STILL_ROWS = 12;

interface Film {
  readonly frames: readonly Picture[];
  readonly bodies: readonly Body[];
}

/** Where the body is: it swings sideways and up, a whole number of pixels at a time. */
const placeAt = (time: number) => ({
  x: Math.round(12 * Math.sin(time / 5)),
  y: Math.round(6 * Math.sin(time / 3)),
});

/** A textured body of 20 x 32 pixels over a textured wall. */
function truth(): Film {
  const texture = (x: number, y: number, channel: number) =>
    128 + 60 * Math.sin(0.9 * x + channel) * Math.cos(0.7 * y) + 40 * Math.sin(2.1 * y - channel);
  const frames = Array.from({ length: FRAMES }, (_, time) => {
    const at = placeAt(time);
    return paint((x, y, channel) => {
      const [inX, inY] = [x - 22 - at.x, y - 18 - at.y];
      const isBody = inX >= 0 && inX < 20 && inY >= 0 && inY < 32;
      return isBody ? 255 - texture(inX, inY, channel) : texture(x + 100, y + 50, channel);
    });
  });
  return { frames, bodies: frames.map((_, time) => bodyAt(time)) };
}

function bodyAt(time: number): Body {
  const { x, y } = placeAt(time);
  const joints = Array.from({ length: 18 }, (_, joint) => [
    24 + x + (joint % 5) * 4,
    20 + y + ((joint * 11) % 28),
    1,
  ]);
  return { joints: joints.flat() };
}

/** Where each pixel was in the frame before, and whether it could be seen there. */
function flowTo(time: number): { flow: Float32Array; visible: Uint8Array } {
  const [now, before] = [placeAt(time), placeAt(time - 1)];
  const flow = new Float32Array(2 * SIZE * SIZE);
  const visible = new Uint8Array(SIZE * SIZE).fill(1);
  const isBody = (x: number, y: number, at: typeof now) =>
    x >= 22 + at.x && x < 42 + at.x && y >= 18 + at.y && y < 50 + at.y;
  for (let i = 0; i < SIZE * SIZE; i++) {
    const [x, y] = [i % SIZE, Math.floor(i / SIZE)];
    if (isBody(x, y, now)) {
      flow[i] = before.x - now.x;
      flow[SIZE * SIZE + i] = before.y - now.y;
    } else if (isBody(x, y, before)) visible[i] = 0;
  }
  return { flow, visible };
}

function paint(colour: (x: number, y: number, channel: number) => number): Picture {
  const data = new Uint8ClampedArray(4 * SIZE * SIZE).fill(255);
  for (let i = 0; i < SIZE * SIZE; i++) {
    for (let channel = 0; channel < 3; channel++) {
      data[4 * i + channel] = colour(i % SIZE, Math.floor(i / SIZE), channel);
    }
  }
  return { width: SIZE, height: SIZE, data };
}

const random = (seed: number) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};

function noisy({ frames, bodies }: Film): Film {
  const next = random(7);
  return {
    bodies,
    frames: frames.map(({ data }) =>
      paint((x, y, channel) => (data[4 * (y * SIZE + x) + channel] as number) + 24 * (next() - 0.5)),
    ),
  };
}

function blurred({ frames, bodies }: Film): Film {
  const at = ({ data }: Picture, x: number, y: number, channel: number) =>
    data[
      4 * (Math.min(Math.max(y, 0), SIZE - 1) * SIZE + Math.min(Math.max(x, 0), SIZE - 1)) + channel
    ] as number;
  return {
    bodies,
    frames: frames.map((frame) =>
      paint((x, y, channel) => {
        let sum = 0;
        for (const dy of [-1, 0, 1]) for (const dx of [-1, 0, 1]) sum += at(frame, x + dx, y + dy, channel);
        return sum / 9;
      }),
    ),
  };
}

/** Every frame in the place of another one, the same ones all in all. */
function shuffled({ frames, bodies }: Film): Film {
  const order = Array.from({ length: FRAMES }, (_, time) => (time * 13) % FRAMES);
  return { frames: order.map((i) => frames[i] as Picture), bodies: order.map((i) => bodies[i] as Body) };
}

const frozen = ({ frames, bodies }: Film): Film => ({
  frames: frames.map(() => frames[0] as Picture),
  bodies: bodies.map(() => bodies[0] as Body),
});

const DAMAGES = {
  none: (film: Film) => film,
  noise: noisy,
  blur: blurred,
  'shuffled frames': shuffled,
  'frozen motion': frozen,
};

export type Answers = Readonly<Record<string, number>>;

/** What every measure says of every damage. */
export function knownAnswers(): Readonly<Record<keyof typeof DAMAGES, Answers>> {
  const true_ = truth();
  const still = new Uint8Array(SIZE * SIZE).fill(1, 0, STILL_ROWS * SIZE);
  const measure = ({ frames, bodies }: Film): Answers => {
    const mean = (of: (frame: Picture, i: number) => number, from = 0) =>
      frames.slice(from).reduce((sum, frame, i) => sum + of(frame, i + from), 0) / (FRAMES - from);
    const { distance, ...motion } = motionFigures(bodies, true_.bodies);
    return {
      psnr: mean((frame, i) => Math.min(psnr(frame, true_.frames[i] as Picture), 100)),
      ssim: mean((frame, i) => ssim(frame, true_.frames[i] as Picture)),
      sharpness: mean((frame, i) => sharpness(frame) / sharpness(true_.frames[i] as Picture)),
      flicker: flicker(frames, still),
      warping: mean((frame, i) => {
        const { flow, visible } = flowTo(i);
        return warpingError(frames[i - 1] as Picture, frame, flow, visible);
      }, 1),
      ...motion,
      motionDistance: distance,
    };
  };
  return Object.fromEntries(
    Object.entries(DAMAGES).map(([name, damage]) => [name, measure(damage(true_))]),
  ) as Record<keyof typeof DAMAGES, Answers>;
}

if (import.meta.filename === process.argv[1]) {
  const answers = knownAnswers();
  const names = Object.keys(answers.none);
  console.log(`| | ${names.join(' | ')} |\n|${' --- |'.repeat(names.length + 1)}`);
  for (const [damage, values] of Object.entries(answers)) {
    console.log(
      `| ${damage} | ${names.map((name) => Number((values[name] as number).toPrecision(3))).join(' | ')} |`,
    );
  }
}
