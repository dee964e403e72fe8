import { relu } from '../layers.ts';
import type { Trace, Value } from '../trace.ts';
import { around, beside, convolve, maxPool, narrowed, square } from './layers.ts';

/** torchvision's classifiers up to their last feature map, each with the maps that LPIPS compares. */

type Trunk = (trace: Trace, picture: Value, divisor?: number) => readonly Value[];

const HALVE = { kernel: square(3), stride: square(2) };

function alexnet(trace: Trace, picture: Value, divisor?: number): readonly Value[] {
  let x = picture;
  const layer = (index: number, out: number, size: number, pad: number, stride = 1) => {
    x = relu(
      trace,
      convolve(trace, `features.${index}`, x, {
        out: narrowed(out, divisor),
        kernel: square(size),
        stride: square(stride),
        pads: around(square(pad)),
      }),
    );
    return x;
  };
  const maps = [layer(0, 64, 11, 2, 4)];
  x = maxPool(trace, x, HALVE);
  maps.push(layer(3, 192, 5, 2));
  x = maxPool(trace, x, HALVE);
  maps.push(layer(6, 384, 3, 1), layer(8, 256, 3, 1), layer(10, 256, 3, 1));
  return maps;
}

/** Indices of its convolutions, stage by stage. */
const VGG_STAGES = [
  { out: 64, at: [0, 2] },
  { out: 128, at: [5, 7] },
  { out: 256, at: [10, 12, 14] },
  { out: 512, at: [17, 19, 21] },
  { out: 512, at: [24, 26, 28] },
];

function vgg16(trace: Trace, picture: Value, divisor?: number): readonly Value[] {
  let x = picture;
  return VGG_STAGES.map(({ out, at }, stage) => {
    if (stage > 0) x = maxPool(trace, x, { kernel: square(2), stride: square(2) });
    for (const index of at) {
      const layer = { out: narrowed(out, divisor), kernel: square(3), pads: around(square(1)) };
      x = relu(trace, convolve(trace, `features.${index}`, x, layer));
    }
    return x;
  });
}

/** What each fire module squeezes to, and half of what it makes of that. */
const FIRES = [
  [3, 16, 64],
  [4, 16, 64],
  [6, 32, 128],
  [7, 32, 128],
  [9, 48, 192],
  [10, 48, 192],
  [11, 64, 256],
  [12, 64, 256],
] as const;
/** Before these, a map is halved. */
const HALVED_BEFORE = new Set([3, 6, 9]);
/** After these, LPIPS looks. */
const SEEN = new Set([4, 7, 9, 10, 11, 12]);

/** Version 1.1. */
function squeezenet(trace: Trace, picture: Value, divisor?: number): readonly Value[] {
  const first = { out: narrowed(64, divisor), kernel: square(3), stride: square(2) };
  let x = relu(trace, convolve(trace, 'features.0', picture, first));
  const maps = [x];
  for (const [index, squeezed, half] of FIRES) {
    const name = `features.${index}`;
    if (HALVED_BEFORE.has(index)) x = maxPool(trace, x, HALVE, true);
    const made = (part: string, from: Value, out: number, size: number) =>
      relu(
        trace,
        convolve(trace, `${name}.${part}`, from, {
          out: narrowed(out, divisor),
          kernel: square(size),
          pads: around(square((size - 1) / 2)),
        }),
      );
    const narrow = made('squeeze', x, squeezed, 1);
    x = beside(trace, [made('expand1x1', narrow, half, 1), made('expand3x3', narrow, half, 3)]);
    if (SEEN.has(index)) maps.push(x);
  }
  return maps;
}

export const TRUNKS = { alexnet, vgg16, squeezenet } as const satisfies Record<string, Trunk>;
export type TrunkName = keyof typeof TRUNKS;
