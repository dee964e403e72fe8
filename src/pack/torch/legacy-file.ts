import { view } from '../../onnx/proto.ts';
import type { ByteSource } from '../../onnx/safetensors.ts';
import { TorchFileError } from '../errors.ts';
import type { TensorFile } from '../tensor-file.ts';
import { type Pickles, readPickles, type TensorRef } from './pickle.ts';
import { ELEMENT_BYTES, type Fault, fileOfTensors, LARGEST_PICKLE, spanOf, stateDict } from './torch-file.ts';

/** What every such file begins with, and the only version there ever was. */
const MAGIC = Number(0x1950a86a20f9469cfc6cn);
const VERSION = 1001;

/**
 * What torch.save wrote before PyTorch 1.6, as many networks of those years are still published: five pickles (a magic
 * number, a version, the machine, the tensors, the keys of their storages), then each storage behind its length.
 */
export async function openLegacyFile(source: ByteSource, path: string): Promise<TensorFile> {
  const fault: Fault = (words) => new TorchFileError(path, words);
  const read = readPickles(await source.read(0, Math.min(source.size, LARGEST_PICKLE)), path, 5);
  const [magic, version, machine, root = null] = read.pickles;
  if (magic !== MAGIC || version !== VERSION) throw fault('it does not begin as such a file does');
  if (machine instanceof Map && machine.get('little_endian') === false) {
    throw fault('it was saved on a big-endian machine');
  }
  const tensors = stateDict(root, fault);
  const starts = await storageStarts(source, read, fault);
  for (const [name, tensor] of tensors) {
    if (!starts.has(tensor.storage.key)) throw fault(`the values of ${name} are not there`);
    if (tensor.offset + spanOf(tensor) > tensor.storage.elements) {
      throw fault(`${name} runs past the end of its storage`);
    }
  }
  const startOf = ({ storage }: TensorRef) => starts.get(storage.key) as number;
  return fileOfTensors(source, path, tensors, startOf);
}

async function storageStarts(
  source: ByteSource,
  { pickles, storages, end }: Pickles,
  fault: Fault,
): Promise<ReadonlyMap<string, number>> {
  const keys = pickles[4];
  if (!Array.isArray(keys)) throw fault('it does not list its storages');
  const starts = new Map<string, number>();
  let at = end;
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (storage === undefined) throw fault('it lists a storage that no tensor has');
    if (at + 8 > source.size) throw fault('it is cut short');
    const elements = view(await source.read(at, 8)).getBigUint64(0, true);
    if (elements !== BigInt(storage.elements)) {
      throw fault(`a storage has ${elements} values in place of ${storage.elements}`);
    }
    starts.set(storage.key, at + 8);
    at += 8 + storage.elements * (ELEMENT_BYTES[storage.dtype] as number);
    if (at > source.size) throw fault('it is cut short');
  }
  return starts;
}
