import type { ByteSource } from '../onnx/safetensors.ts';

/** Files to read from: on disk, dropped on the page, in a zip. */
export interface Folder {
  /** For people: where it is. */
  readonly name: string;
  /** Where they are known without looking: in a zip, among dropped files. */
  readonly paths?: readonly string[];
  open(path: string): Promise<ByteSource | undefined>;
}

/** A place to write a pack to. A file is hashed while it is written, so that none is ever held whole. */
export interface PackWriter {
  /** Called before the first file is written, with the bytes of all but pack.json. Throws where there is no room. */
  begin?(bytes: number): Promise<void>;
  write(
    path: string,
    chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  ): Promise<{ bytes: number; sha256: string }>;
}

export async function readAll(source: ByteSource): Promise<Uint8Array<ArrayBuffer>> {
  return source.read(0, source.size);
}
