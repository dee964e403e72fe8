/**
 * PyTorch files made by hand, sound or not: a pickle from its instructions, and the zip around it. What torch.save
 * itself writes lies in fixtures/torch.
 */
import { zipSync } from 'fflate';
import { concat } from '../src/onnx/proto.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const utf8 = (text: string): Bytes => concat([new TextEncoder().encode(text)]);

function word(value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

export const op = {
  start: Uint8Array.of(0x80, 2),
  stop: utf8('.'),
  mark: utf8('('),
  tuple: utf8('t'),
  dict: utf8('}'),
  setItem: utf8('s'),
  reduce: utf8('R'),
  build: utf8('b'),
  persistent: utf8('Q'),
  none: utf8('N'),
  raw: (...codes: number[]): Bytes => Uint8Array.from(codes),
  text: (text: string): Bytes => concat([utf8('X'), word(utf8(text).length), utf8(text)]),
  global: (module: string, name: string): Bytes => utf8(`c${module}\n${name}\n`),
  number: (value: number): Bytes => concat([utf8('J'), word(value)]),
  /** Up to 63 bits. */
  long(value: bigint): Bytes {
    const bytes = new Uint8Array(10);
    bytes.set([0x8a, 8]);
    new DataView(bytes.buffer).setBigInt64(2, value, true);
    return bytes;
  },
};

const asNumber = (value: number | bigint) => (typeof value === 'bigint' ? op.long(value) : op.number(value));

export interface TensorPickle {
  readonly key?: string;
  readonly type?: string;
  readonly elements: number | bigint;
  readonly offset?: number | bigint;
  readonly shape: readonly (number | bigint)[];
  readonly strides: readonly (number | bigint)[];
}

export const tensorPickle = ({
  key = '0',
  type = 'FloatStorage',
  elements,
  offset = 0,
  shape,
  strides,
}: TensorPickle) =>
  concat([
    op.global('torch._utils', '_rebuild_tensor_v2'),
    op.mark,
    op.mark,
    op.text('storage'),
    op.global('torch', type),
    op.text(key),
    op.text('cpu'),
    asNumber(elements),
    op.tuple,
    op.persistent,
    asNumber(offset),
    op.mark,
    ...shape.map(asNumber),
    op.tuple,
    op.mark,
    ...strides.map(asNumber),
    op.tuple,
    op.raw(0x89),
    op.none,
    op.tuple,
    op.reduce,
  ]);

/** A pickle of a dict from names to values, each given as the instructions that leave it on the stack. */
export const dictPickle = (values: Readonly<Record<string, Bytes>>): Bytes =>
  concat([
    op.start,
    op.dict,
    ...Object.entries(values).flatMap(([name, value]) => [op.text(name), value, op.setItem]),
    op.stop,
  ]);

/** The zip around a pickle and its storages, by key. */
export function torchFile(
  pickle: Bytes,
  storages: Readonly<Record<string, Bytes>> = {},
  level: 0 | 9 = 0,
  others: Readonly<Record<string, Bytes>> = {},
): Bytes {
  const entries = Object.entries({ 'data.pkl': pickle, ...others }).concat(
    Object.entries(storages).map(([key, bytes]) => [`data/${key}`, bytes]),
  );
  return concat([
    zipSync(Object.fromEntries(entries.map(([name, bytes]) => [`archive/${name}`, [bytes, { level }]]))),
  ]);
}

/** Tensors of contiguous f32 values, as one file. */
export function torchTensors(
  tensors: ReadonlyMap<string, readonly number[]>,
  valuesOf: (bytes: number) => Bytes,
): Bytes {
  const values: Record<string, Bytes> = {};
  const storages: Record<string, Bytes> = {};
  for (const [name, shape] of tensors) {
    const key = String(Object.keys(values).length);
    const elements = shape.reduce((product, dim) => product * dim, 1);
    const strides = shape.map((_, i) => shape.slice(i + 1).reduce((product, dim) => product * dim, 1));
    values[name] = tensorPickle({ key, elements, shape, strides });
    storages[key] = valuesOf(elements * 4);
  }
  return torchFile(dictPickle(values), storages);
}
