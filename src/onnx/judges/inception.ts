import { relu } from '../layers.ts';
import { type SegmentPlan, Trace, type Value } from '../trace.ts';
import {
  around,
  averagePool,
  batchNorm,
  beside,
  convolve,
  maxPool,
  meanOverPlaces,
  narrowed,
  square,
} from './layers.ts';

export interface InceptionConfig {
  readonly divisor?: number;
}

/** What the network's weights were trained on; pictures are resized to it whatever their shape. */
export const INCEPTION_SIZE = 299;

const EPSILON = 1e-3;
const HALVE = { kernel: square(3), stride: square(2) };
const AROUND = { kernel: square(3), pads: around(square(1)) };

/** Out, kernel, padding, stride. */
type Layer = readonly [
  name: string,
  out: number,
  kernel: readonly number[],
  more?: { pads?: readonly number[]; stride?: number },
];

const ROW = { kernel: [1, 7], pads: [0, 3] };
const COLUMN = { kernel: [7, 1], pads: [3, 0] };

/**
 * Inception-v3 as the Fréchet inception distance takes it (TensorFlow's weights of December 2015 in PyTorch): a
 * `picture` of 299x299 in [-1, 1] to its 2,048 `features` before the classifier. It differs from torchvision's: means
 * leave padding out, and the last block takes a maximum where the one before it takes a mean.
 */
export function planInception({ divisor }: InceptionConfig = {}): SegmentPlan {
  const trace = new Trace('Inception-v3');
  const layer = (x: Value, [name, out, kernel, { pads, stride = 1 } = {}]: Layer): Value => {
    const shape = {
      out: narrowed(out, divisor),
      kernel,
      stride: square(stride),
      pads: around(pads ?? square(0)),
      bias: false,
    };
    return relu(trace, batchNorm(trace, `${name}.bn`, convolve(trace, `${name}.conv`, x, shape), EPSILON));
  };
  const row = (x: Value, ...layers: readonly Layer[]) => layers.reduce(layer, x);
  const one = (name: string, out: number): Layer => [name, out, square(1)];
  const three = (name: string, out: number): Layer => [name, out, square(3), { pads: square(1) }];
  const halving = (name: string, out: number): Layer => [name, out, square(3), { stride: 2 }];
  const along = (name: string, out: number, { kernel, pads }: typeof ROW): Layer => [
    name,
    out,
    kernel,
    { pads },
  ];
  const mean = (x: Value) => averagePool(trace, x, AROUND);

  /** 5x5, 3x3 twice, and a mean. */
  const blockA = (x: Value, name: string, pooled: number) =>
    beside(trace, [
      row(x, one(`${name}.branch1x1`, 64)),
      row(x, one(`${name}.branch5x5_1`, 48), [`${name}.branch5x5_2`, 64, square(5), { pads: square(2) }]),
      row(
        x,
        one(`${name}.branch3x3dbl_1`, 64),
        three(`${name}.branch3x3dbl_2`, 96),
        three(`${name}.branch3x3dbl_3`, 96),
      ),
      row(mean(x), one(`${name}.branch_pool`, pooled)),
    ]);
  /** 7x7 as rows and columns. */
  const blockC = (x: Value, name: string, inner: number) =>
    beside(trace, [
      row(x, one(`${name}.branch1x1`, 192)),
      row(
        x,
        one(`${name}.branch7x7_1`, inner),
        along(`${name}.branch7x7_2`, inner, ROW),
        along(`${name}.branch7x7_3`, 192, COLUMN),
      ),
      row(
        x,
        one(`${name}.branch7x7dbl_1`, inner),
        along(`${name}.branch7x7dbl_2`, inner, COLUMN),
        along(`${name}.branch7x7dbl_3`, inner, ROW),
        along(`${name}.branch7x7dbl_4`, inner, COLUMN),
        along(`${name}.branch7x7dbl_5`, 192, ROW),
      ),
      row(mean(x), one(`${name}.branch_pool`, 192)),
    ]);
  /** A row and a column side by side. */
  const cross = (x: Value, a: string, b: string) =>
    beside(trace, [
      layer(x, [a, 384, [1, 3], { pads: [0, 1] }]),
      layer(x, [b, 384, [3, 1], { pads: [1, 0] }]),
    ]);
  const blockE = (x: Value, name: string, pool: (x: Value) => Value) =>
    beside(trace, [
      row(x, one(`${name}.branch1x1`, 320)),
      cross(row(x, one(`${name}.branch3x3_1`, 384)), `${name}.branch3x3_2a`, `${name}.branch3x3_2b`),
      cross(
        row(x, one(`${name}.branch3x3dbl_1`, 448), three(`${name}.branch3x3dbl_2`, 384)),
        `${name}.branch3x3dbl_3a`,
        `${name}.branch3x3dbl_3b`,
      ),
      row(pool(x), one(`${name}.branch_pool`, 192)),
    ]);

  const picture = trace.input('picture', ['batch', 3, INCEPTION_SIZE, INCEPTION_SIZE]);
  let x = row(
    picture,
    halving('Conv2d_1a_3x3', 32),
    ['Conv2d_2a_3x3', 32, square(3)],
    three('Conv2d_2b_3x3', 64),
  );
  x = row(maxPool(trace, x, HALVE), one('Conv2d_3b_1x1', 80), ['Conv2d_4a_3x3', 192, square(3)]);
  x = maxPool(trace, x, HALVE);
  x = blockA(blockA(blockA(x, 'Mixed_5b', 32), 'Mixed_5c', 64), 'Mixed_5d', 64);
  x = beside(trace, [
    row(x, halving('Mixed_6a.branch3x3', 384)),
    row(
      x,
      one('Mixed_6a.branch3x3dbl_1', 64),
      three('Mixed_6a.branch3x3dbl_2', 96),
      halving('Mixed_6a.branch3x3dbl_3', 96),
    ),
    maxPool(trace, x, HALVE),
  ]);
  for (const [name, inner] of [
    ['6b', 128],
    ['6c', 160],
    ['6d', 160],
    ['6e', 192],
  ] as const) {
    x = blockC(x, `Mixed_${name}`, inner);
  }
  x = beside(trace, [
    row(x, one('Mixed_7a.branch3x3_1', 192), halving('Mixed_7a.branch3x3_2', 320)),
    row(
      x,
      one('Mixed_7a.branch7x7x3_1', 192),
      along('Mixed_7a.branch7x7x3_2', 192, ROW),
      along('Mixed_7a.branch7x7x3_3', 192, COLUMN),
      halving('Mixed_7a.branch7x7x3_4', 192),
    ),
    maxPool(trace, x, HALVE),
  ]);
  x = blockE(blockE(x, 'Mixed_7b', mean), 'Mixed_7c', (y) => maxPool(trace, y, AROUND));
  trace.output(meanOverPlaces(trace, x), 'features');
  return trace.finish()[0] as SegmentPlan;
}
