import type { MoverConfig } from './configs.ts';
import { UnknownArchitectureError } from './errors.ts';
import { areCounts, CELL, cells, entry } from './hourglass.ts';
import { add, beside, channels, conv, enlarge, scale, shrink, sizeAt } from './layers.ts';
import { type SegmentPlan, Trace, type Value } from './trace.ts';

/** Channels of what a frame is told beside its skeleton, a cell each (see the layers' `tell`). */
export const TOLD_CHANNELS = 20;
/** Channels of its output, in this order. */
export const LAYER_CHANNELS = { move: 2, outline: 1, seen: 1, shadow: 1, paint: 3 } as const;
export const LAYERS_CHANNELS = 8;

const SKELETON_WIDTH = 24;
const SHIFT = 0.05;
const COARSE_SHIFT = 0.1;

/** What a graph leaves behind is read through a flow before the next one runs. */
export interface Reading {
  readonly picture: string;
  /** Places in the picture, in shares of its sides. */
  readonly flow: string;
  readonly result: string;
}

export interface MoverPlan {
  /** Once a photo: `photo`, `outline` and `skeleton` to features on three levels. */
  readonly photo: SegmentPlan;
  /** Once a frame: `skeleton`, `told`, the guides' sources and the photo's features to `layers`. */
  readonly frame: readonly SegmentPlan[];
  /** What comes before the frame's graph of the same number. */
  readonly readings: readonly (readonly Reading[])[];
}

/**
 * Ours: where in the photo each pixel of a new pose comes from, whether the photo shows it, and where the person ends.
 * Places are shares of the sides. Level 1 has cells of four pixels, levels 2 and 3 of eight and sixteen.
 */
export function planMover(config: MoverConfig): MoverPlan {
  const widths = config.block_out_channels;
  if (!areCounts(widths) || widths.length !== 3) {
    throw new UnknownArchitectureError('mover', 'block_out_channels is no list of three widths');
  }
  return {
    photo: planLook(widths),
    frame: planFrame(widths),
    readings: [
      [
        { picture: 'photo_3', flow: 'limbs_3', result: 'photo_3_by_limbs' },
        { picture: 'photo_3', flow: 'torso_3', result: 'photo_3_by_torso' },
      ],
      [{ picture: 'photo_2', flow: 'source_2', result: 'photo_2_moved' }],
      [{ picture: 'photo_1', flow: 'source_1', result: 'photo_1_moved' }],
    ],
  };
}

const levelSize = (level: number) => sizeAt(1 + level);

function planLook(widths: readonly number[]): SegmentPlan {
  const [a, b, c] = widths as [number, number, number];
  const trace = new Trace('Mover, the photo');
  const picture = (name: string, count: number) => trace.input(name, ['batch', count, ...sizeAt(0)]);
  const all = beside(trace, [picture('photo', 3), picture('outline', 1), picture('skeleton', 3)]);
  const one = entry(trace, 'photo_1', cells(trace, 'photo_cells', all, a), { out: a, blocks: 1, level: 2 });
  const two = entry(trace, 'photo_2', one, { out: b, blocks: 1, level: 3, halves: true });
  const three = entry(trace, 'photo_3', two, { out: c, blocks: 1, level: 4, halves: true });
  [one, two, three].forEach((features, i) => {
    trace.output(features, `photo_${i + 1}`);
  });
  return trace.finish()[0] as SegmentPlan;
}

function planFrame(widths: readonly number[]): SegmentPlan[] {
  const [a, b, c] = widths as [number, number, number];
  const trace = new Trace('Mover, a frame');
  const at = (level: number, name: string, count: number) =>
    trace.input(name, ['batch', count, ...levelSize(level)]);
  const minus = (x: Value, y: Value) => trace.node('Sub', [x, y], x.shape);

  // Level 3: which of the guides' pieces each cell follows.
  const skeleton = trace.input('skeleton', ['batch', 3, ...sizeAt(0)]);
  const here = at(1, 'here', 2);
  const pieces3 = ['limbs_3', 'torso_3', 'whole_3'].map((name) => at(3, name, 2));
  const here2 = shrink(trace, here, 2, levelSize(2));
  const joints = cells(trace, 'skeleton_cells', skeleton, SKELETON_WIDTH);
  const told = beside(trace, [joints, at(1, 'told', TOLD_CHANNELS)]);
  const first = entry(trace, 'frame_1', told, { out: a, blocks: 1, level: 2 });
  const second = entry(trace, 'frame_2', first, { out: b, blocks: 1, level: 3, halves: true });
  const third = entry(trace, 'frame_3', second, { out: c, blocks: 1, level: 4, halves: true });
  const photo3 = [at(3, 'photo_3', c), at(3, 'photo_3_by_limbs', c), at(3, 'photo_3_by_torso', c)];
  const met3 = entry(trace, 'meet_3', beside(trace, [third, ...photo3]), { out: c, blocks: 3, level: 4 });
  const picked = conv(trace, 'pick_3', met3, { out: 5 });
  const wanted = channels(trace, picked, 0, 3);
  const shares = trace.node('Softmax', [wanted], wanted.shape, { axis: 1 });
  const followed = pieces3
    .map((source, i) => trace.node('Mul', [source, channels(trace, shares, i, i + 1)], source.shape))
    .reduce((sum, source) => add(trace, sum, source));
  const source3 = add(trace, followed, scale(trace, channels(trace, picked, 3, 5), COARSE_SHIFT));
  const from2 = enlarge(trace, source3, 2, levelSize(2));
  trace.output(from2, 'source_2');

  // Level 2.
  trace.cut();
  const limbs = at(1, 'limbs', 2);
  const seen2 = [
    enlarge(trace, met3, 2, levelSize(2)),
    second,
    at(2, 'photo_2_moved', b),
    minus(from2, here2),
    minus(shrink(trace, limbs, 2, levelSize(2)), from2),
  ];
  const met2 = entry(trace, 'meet_2', beside(trace, seen2), { out: b, blocks: 2, level: 3 });
  const shift2 = scale(trace, conv(trace, 'shift_2', met2, { out: 2 }), SHIFT);
  const from1 = enlarge(trace, add(trace, from2, shift2), 2, levelSize(1));
  trace.output(from1, 'source_1');

  // Level 1, and the layers.
  trace.cut();
  const torso = at(1, 'torso', 2);
  const seen1 = [
    enlarge(trace, met2, 2, levelSize(1)),
    first,
    at(1, 'photo_1_moved', a),
    minus(from1, here),
    minus(limbs, from1),
    minus(torso, from1),
  ];
  const met1 = entry(trace, 'meet_1', beside(trace, seen1), { out: a, blocks: 2, level: 2 });
  trace.output(layersOf(trace, met1, { from: from1, torso, here }), 'layers');
  return trace.finish();
}

/** The finest features as layers at the size of the pictures. */
function layersOf(
  trace: Trace,
  met: Value,
  { from, torso, here }: Record<'from' | 'torso' | 'here', Value>,
): Value {
  const minus = (x: Value, y: Value) => trace.node('Sub', [x, y], x.shape);
  const shifts = scale(trace, conv(trace, 'shift_1', met, { out: 4 }), SHIFT);
  const [main, other] = [from, torso].map((source, i) => {
    const moved = add(trace, source, channels(trace, shifts, 2 * i, 2 * i + 2));
    return enlarge(trace, minus(moved, here), CELL, sizeAt(0));
  }) as [Value, Value];
  const fine = unfold(trace, conv(trace, 'leave', met, { out: CELL * CELL * 6 }), CELL, 0);
  const sigmoid = (x: Value) => trace.node('Sigmoid', [x], x.shape);
  const share = sigmoid(channels(trace, fine, 0, 1));
  const towards = trace.node('Mul', [minus(other, main), share], main.shape);
  const shade = unfold(trace, conv(trace, 'shade', met, { out: 4 }), 2, 1);
  const shadow = sigmoid(enlarge(trace, shade, 2, sizeAt(0)));
  const paint = channels(trace, fine, 3, 6);
  return beside(trace, [
    add(trace, main, towards),
    sigmoid(channels(trace, fine, 1, 3)),
    shadow,
    trace.node('Tanh', [paint], paint.shape),
  ]);
}

/** Channels as pixels. (PyTorch: pixel_shuffle.) */
function unfold(trace: Trace, x: Value, factor: number, level: number): Value {
  const shape = [x.shape[0] ?? 1, (x.shape[1] as number) / factor ** 2, ...sizeAt(level)];
  return trace.node('DepthToSpace', [x], shape, { blocksize: factor, mode: 'CRD' });
}
