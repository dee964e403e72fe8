import type { Dimension } from '../model.ts';
import type { Trace, Value } from '../trace.ts';

/** The layers of the networks that judge pictures and clips, flat or with time as a third axis. */

export interface Window {
  /** One size an axis. */
  readonly kernel: readonly number[];
  readonly stride?: readonly number[];
  /** Before each axis, then after each; none where it is missing. */
  readonly pads?: readonly number[];
}

export interface Convolution extends Window {
  readonly out: number;
  readonly bias?: boolean;
}

/** A published count of channels, in a narrower copy of the network. */
export const narrowed = (channels: number, divisor = 1): number =>
  Math.max(1, Math.floor(channels / divisor));

export const cube = (size: number): readonly number[] => [size, size, size];
export const square = (size: number): readonly number[] => [size, size];
/** As much on every side. */
export const around = (pads: readonly number[]): readonly number[] => [...pads, ...pads];

/** What TensorFlow calls SAME: as much as a last window needs, the odd one behind. */
export function samePads(x: Value, { kernel, stride = kernel.map(() => 1) }: Window): readonly number[] {
  const totals = kernel.map((size, axis) => {
    const [length, step] = [x.shape[axis + 2] as number, stride[axis] as number];
    return Math.max(size - (length % step === 0 ? step : length % step), 0);
  });
  const before = totals.map((total) => Math.floor(total / 2));
  return [...before, ...totals.map((total, axis) => total - (before[axis] as number))];
}

export function convolve(trace: Trace, name: string, x: Value, layer: Convolution): Value {
  const { out, kernel, bias = true } = layer;
  const weight = trace.weight(`${name}.weight`, [out, x.shape[1] as number, ...kernel]);
  const inputs = bias ? [x, weight, trace.weight(`${name}.bias`, [out])] : [x, weight];
  const shape = [x.shape[0] as Dimension, out, ...sizesAfter(x, layer, false)];
  return trace.node('Conv', inputs, shape, { name, ...attributesOf(layer) });
}

export function batchNorm(trace: Trace, name: string, x: Value, epsilon: number): Value {
  const parts = ['weight', 'bias', 'running_mean', 'running_var'];
  const weights = parts.map((part) => trace.weight(`${name}.${part}`, [x.shape[1] as number]));
  return trace.node('BatchNormalization', [x, ...weights], x.shape, { name, epsilon: { float: epsilon } });
}

/** `ceil`: a last window that hangs over the end counts too. */
export function maxPool(trace: Trace, x: Value, window: Window, ceil = false): Value {
  const shape = [...x.shape.slice(0, 2), ...sizesAfter(x, window, ceil)];
  return trace.node('MaxPool', [x], shape, { ...attributesOf(window), ceil_mode: ceil ? 1 : 0 });
}

/** Padding is left out of the mean. */
export function averagePool(trace: Trace, x: Value, window: Window): Value {
  const shape = [...x.shape.slice(0, 2), ...sizesAfter(x, window, false)];
  return trace.node('AveragePool', [x], shape, attributesOf(window));
}

/** The mean over all places: one number a channel. */
export function meanOverPlaces(trace: Trace, x: Value): Value {
  const axes = x.shape.slice(2).map((_, axis) => axis + 2);
  return trace.node('ReduceMean', [x], x.shape.slice(0, 2), { axes, keepdims: 0 });
}

export function beside(trace: Trace, values: readonly Value[]): Value {
  const [first] = values as [Value];
  const channels = values.reduce((sum, { shape }) => sum + (shape[1] as number), 0);
  return trace.node('Concat', values, [first.shape[0] as Dimension, channels, ...first.shape.slice(2)], {
    axis: 1,
  });
}

const attributesOf = ({ kernel, stride, pads }: Window) => ({
  kernel_shape: kernel,
  strides: stride ?? kernel.map(() => 1),
  pads: pads ?? [...kernel, ...kernel].map(() => 0),
});

/** Sizes that are known stay known. */
function sizesAfter(x: Value, window: Window, ceil: boolean): Dimension[] {
  const { kernel_shape: kernel, strides, pads } = attributesOf(window);
  return kernel.map((size, axis) => {
    const length = x.shape[axis + 2];
    if (typeof length !== 'number') return '?';
    const room = length + (pads[axis] as number) + (pads[axis + kernel.length] as number) - size;
    return (ceil ? Math.ceil : Math.floor)(room / (strides[axis] as number)) + 1;
  });
}
