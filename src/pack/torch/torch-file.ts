import type { ByteSource } from '../../onnx/safetensors.ts';
import { TorchFileError } from '../errors.ts';
import type { TensorFile } from '../tensor-file.ts';
import { packedStart, readZipDirectory, STORED, type ZipEntry } from '../zip-directory.ts';
import { openLegacyFile } from './legacy-file.ts';
import { type Dict, type Pickled, readPickle, ScriptModule, TensorRef } from './pickle.ts';

export const ELEMENT_BYTES: Readonly<Record<string, 1 | 2 | 4 | 8>> = {
  F16: 2,
  BF16: 2,
  F32: 4,
  F64: 8,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** The pickle of SD-1.5's 1,131 tensors takes 130 KB; what is larger than this is damage or malice. */
export const LARGEST_PICKLE = 4 * 1024 * 1024;
/** How far the values of one tensor may lie apart. The largest of SD-1.5 takes 118 MB in f32. */
const LARGEST_SPAN = 512 * 1024 * 1024;

/** A view may show one value many times, and no weights do where they are many. */
const MOST_REPEATED = 2 ** 20;

/** What torch.save writes since PyTorch 1.6: a zip of a pickle and of one stored entry for every storage. */
export async function openTorchFile(source: ByteSource, path: string): Promise<TensorFile> {
  const fault = (words: string) => new TorchFileError(path, words);
  const start = await source.read(0, Math.min(4, source.size));
  if (start[0] === 0x80) return openLegacyFile(source, path);
  if (start[0] !== 0x50 || start[1] !== 0x4b) throw fault('it does not begin as such a file does');

  const entries = await readZipDirectory(source, fault);
  expectApart(entries, fault);
  const pickle = [...entries.values()].find(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) throw fault('it is a zip without data.pkl');
  const base = pickle.name.slice(0, -'data.pkl'.length);
  if (pickle.bytes > LARGEST_PICKLE) throw fault(`its pickle claims ${pickle.bytes} bytes`);
  const byteOrder = entries.get(`${base}byteorder`);
  const order = byteOrder && byteOrder.bytes < 16 && (await readEntry(source, byteOrder, fault));
  if (order && String.fromCharCode(...order) !== 'little')
    throw fault('it was saved on a big-endian machine');

  const tensors = stateDict(readPickle(await readEntry(source, pickle, fault), path), fault);
  for (const [name, tensor] of tensors)
    expectInside(name, tensor, entries.get(dataPath(base, tensor)), fault);
  return fileOfTensors(source, path, tensors, (tensor) =>
    packedStart(source, entries.get(dataPath(base, tensor)) as ZipEntry, fault),
  );
}

/** A file of tensors whose storages lie each in one piece; `startOf` says where a tensor's does. */
export function fileOfTensors(
  source: ByteSource,
  path: string,
  tensors: ReadonlyMap<string, TensorRef>,
  startOf: (tensor: TensorRef) => Promise<number> | number,
): TensorFile {
  return {
    path,
    tensors: new Map(
      [...tensors].map(([name, { shape, storage }]) => [name, { shape, dtype: storage.dtype }]),
    ),
    async read(name) {
      const tensor = tensors.get(name) as TensorRef;
      const size = elementBytes(tensor);
      const span = spanOf(tensor);
      if (span * size > LARGEST_SPAN) {
        throw new TorchFileError(path, `the values of ${name} lie ${span * size} bytes apart`);
      }
      const from = (await startOf(tensor)) + tensor.offset * size;
      const bytes = await source.read(from, span * size);
      return isContiguous(tensor) ? bytes : gather(bytes, tensor, size);
    },
  };
}

export type Fault = (words: string) => TorchFileError;

export const elementBytes = ({ storage }: TensorRef) => ELEMENT_BYTES[storage.dtype] as 1 | 2 | 4 | 8;
const dataPath = (base: string, { storage }: TensorRef) => `${base}data/${storage.key}`;
const countOf = (shape: readonly number[]) => shape.reduce((product, dim) => product * dim, 1);

/** How many elements there are from a tensor's first to its last. */
export const spanOf = ({ shape, strides }: TensorRef): number =>
  countOf(shape) === 0 ? 0 : shape.reduce((last, dim, i) => last + (dim - 1) * (strides[i] as number), 1);

function isContiguous({ shape, strides }: TensorRef): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const dim = shape[i] as number;
    if (dim !== 1 && strides[i] !== expected) return false;
    expected *= dim;
  }
  return true;
}

async function readEntry(source: ByteSource, entry: ZipEntry, fault: Fault) {
  expectStored(entry, fault);
  return source.read(await packedStart(source, entry, fault), entry.bytes);
}

/** torch.save never compresses; a small entry that inflates to terabytes is refused with all other compression. */
function expectStored({ name, method, bytes, packedBytes }: ZipEntry, fault: Fault): void {
  if (method !== STORED || bytes !== packedBytes) throw fault(`its entry ${name} is compressed`);
}

function expectApart(entries: ReadonlyMap<string, ZipEntry>, fault: Fault): void {
  let end = 0;
  for (const { name, start, packedBytes } of [...entries.values()].sort((a, b) => a.start - b.start)) {
    if (start < end) throw fault(`its entry ${name} overlaps another`);
    end = start + 30 + packedBytes;
  }
}

function expectInside(name: string, tensor: TensorRef, entry: ZipEntry | undefined, fault: Fault): void {
  if (entry === undefined) throw fault(`the values of ${name} are not there`);
  expectStored(entry, fault);
  const { elements } = tensor.storage;
  if (elements * elementBytes(tensor) !== entry.bytes) {
    throw fault(`the storage of ${name} has ${entry.bytes} bytes for ${elements} values`);
  }
  if (tensor.offset + spanOf(tensor) > elements) throw fault(`${name} runs past the end of its storage`);
  const isRepeated = countOf(tensor.shape) > spanOf(tensor);
  if (isRepeated && countOf(tensor.shape) > MOST_REPEATED)
    throw fault(`${name} repeats its values without need`);
}

/** The dict of tensors by name that training loops put at the top, or under one of these keys. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'module', 'model'];

export function stateDict(root: Pickled, fault: Fault): Map<string, TensorRef> {
  let dict = root instanceof ScriptModule ? fieldsOf(root, fault) : root;
  for (let depth = 0; dict instanceof Map && tensorsOf(dict).size === 0 && depth < 3; depth++) {
    const outer: Dict = dict;
    const key = WRAPPERS.find((wrapper) => outer.get(wrapper) instanceof Map);
    if (key === undefined) break;
    dict = outer.get(key) as Pickled;
  }
  if (!(dict instanceof Map)) throw fault('it holds no tensors by name');
  const tensors = tensorsOf(dict);
  if (tensors.size === 0) {
    const keys = [...dict.keys()]
      .slice(0, 8)
      .map((key) => (typeof key === 'string' ? key : `a ${typeof key}`));
    throw fault(`it holds no tensors by name, but ${keys.length > 0 ? keys.join(', ') : 'nothing'}`);
  }
  // torch.nn.DataParallel puts this before every name.
  const isWrapped = [...tensors.keys()].every((name) => name.startsWith('module.'));
  return isWrapped ? new Map([...tensors].map(([name, tensor]) => [name.slice(7), tensor])) : tensors;
}

/** I3D has 400 modules, four deep, and few fields in each. */
const [DEEPEST, MOST_MODULES, MOST_FIELDS] = [32, 10_000, 100_000];

/** A module's tensors and those of the modules inside it, under the names that state_dict() would give them. */
function fieldsOf(root: ScriptModule, fault: Fault): Dict {
  const fields: Dict = new Map();
  let modules = 0;
  let seen = 0;
  const visit = (module: ScriptModule, prefix: string, depth: number): void => {
    if (depth > DEEPEST || ++modules > MOST_MODULES) throw fault('it has modules within modules without end');
    for (const [name, value] of module) {
      if (typeof name !== 'string') throw fault('its pickle is damaged');
      if (++seen > MOST_FIELDS) throw fault('its modules have fields without end');
      const full = `${prefix}${name}`;
      if (value instanceof ScriptModule) visit(value, `${full}.`, depth + 1);
      else fields.set(full, value);
    }
  };
  visit(root, '', 0);
  return fields;
}

function tensorsOf(dict: Dict): Map<string, TensorRef> {
  const tensors = new Map<string, TensorRef>();
  for (const [name, value] of dict) {
    if (typeof name === 'string' && value instanceof TensorRef) tensors.set(name, value);
  }
  return tensors;
}

const WORDS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array } as const;

/** A view's values in the order of its shape. `bytes` begin at the view's first value. */
function gather(bytes: Uint8Array<ArrayBuffer>, { shape, strides }: TensorRef, size: 1 | 2 | 4 | 8) {
  const from = new WORDS[size](bytes.slice().buffer);
  const to = new WORDS[size](countOf(shape));
  const position = shape.map(() => 0);
  let at = 0;
  for (let i = 0; i < to.length; i++) {
    to[i] = from[at] as never;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const stride = strides[axis] as number;
      position[axis] = (position[axis] as number) + 1;
      at += stride;
      if ((position[axis] as number) < (shape[axis] as number)) break;
      at -= stride * (shape[axis] as number);
      position[axis] = 0;
    }
  }
  return new Uint8Array(to.buffer);
}
