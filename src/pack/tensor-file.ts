import { type ByteSource, readTensorIndex, type TensorEntry } from '../onnx/safetensors.ts';
import { plainFile } from './plain-names.ts';
import { openTorchFile } from './torch/torch-file.ts';

export type TensorInfo = Pick<TensorEntry, 'shape' | 'dtype'>;

/** A file of named tensors, in whichever format. One is read at a time, and nothing of the others. */
export interface TensorFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** What was left out of it, in sentences. */
  readonly notes?: readonly string[];
  /** The tensor's values in the order of its shape, little-endian. */
  read(tensor: string): Promise<Uint8Array<ArrayBuffer>>;
}

/** Endings of the files that hold weights, likeliest first. */
export const WEIGHT_ENDINGS = ['.safetensors', '.bin', '.pth', '.pt', '.ckpt'] as const;

export async function openTensorFile(source: ByteSource, path: string): Promise<TensorFile> {
  if (!path.endsWith('.safetensors')) return plainFile(await openTorchFile(source, path));
  const tensors = await readTensorIndex(source, path);
  return plainFile({
    path,
    tensors,
    async read(name) {
      const { offset, bytes } = tensors.get(name) as TensorEntry;
      return source.read(offset, bytes);
    },
  });
}
