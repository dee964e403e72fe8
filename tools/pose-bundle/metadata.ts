import {
  byte,
  bytes,
  existing,
  floats,
  type Node,
  Reader,
  string,
  table,
  to,
  uint,
  vector,
  writeFlatbuffer,
} from './flatbuffer.ts';

/** How a network wants its pixels: (value - mean) / std, from 0..255. */
export interface Normalization {
  readonly mean: number;
  readonly std: number;
}

/** Positions of the fields in TFLite's schema. */
const MODEL_VERSION = 0;
const MODEL_BUFFERS = 4;
const MODEL_METADATA = 6;
const MODEL_FIELDS = 8;
const MODEL_SUBGRAPHS = 2;
const SUBGRAPH_OUTPUTS = 2;

const IMAGE_PROPERTIES = 2;
const NORMALIZATION_OPTIONS = 1;
const RGB = 1;

/** TFLite's metadata schema ("M001"): one RGB image in, `outputs` nameless tensors out. */
export function modelMetadata({ mean, std }: Normalization, outputs: number): Uint8Array {
  const imageProperties = table(byte(RGB));
  const normalization = table(to(floats(mean, mean, mean)), to(floats(std, std, std)));
  const input = table(
    to(string('image')),
    undefined,
    undefined,
    to(table(byte(IMAGE_PROPERTIES), to(imageProperties))),
    to(vector(table(byte(NORMALIZATION_OPTIONS), to(normalization)))),
  );
  const subgraph = table(
    undefined,
    undefined,
    to(vector(input)),
    to(vector(...Array.from({ length: outputs }, (_, i) => table(to(string(`output_${i}`)))))),
  );
  return writeFlatbuffer(table(undefined, undefined, undefined, to(vector(subgraph))), 'M001');
}

/**
 * A .tflite file with metadata that says how to normalise its input.
 *
 * The old file stays as it is, byte for byte, behind a new root: a root table, a list of buffers and a list of metadata
 * that refer to the old entries and add one each. 64 bytes is the widest alignment that the networks' weights have.
 */
export function withNormalization(tflite: Uint8Array, normalization: Normalization): Uint8Array {
  const reader = new Reader(tflite);
  if (reader.identifier !== 'TFL3') throw new Error('Not a TFLite file.');
  const { root } = reader;
  const listed = (field: number): Node[] => {
    const at = reader.child(root, field);
    return at === undefined ? [] : reader.items(at).map(existing);
  };
  const buffers = listed(MODEL_BUFFERS);
  const metadata = modelMetadata(normalization, countOutputs(reader));
  const fields = Array.from({ length: MODEL_FIELDS }, (_, index) => {
    if (index === MODEL_BUFFERS) return to(vector(...buffers, table(to(bytes(metadata)))));
    if (index === MODEL_METADATA) {
      const entry = table(to(string('TFLITE_METADATA')), uint(buffers.length));
      return to(vector(...listed(MODEL_METADATA), entry));
    }
    if (index === MODEL_VERSION) {
      const slot = reader.field(root, MODEL_VERSION);
      return slot === undefined ? undefined : uint(reader.uint32(slot));
    }
    const at = reader.child(root, index);
    return at === undefined ? undefined : to(existing(at));
  });
  return writeFlatbuffer(table(...fields), 'TFL3', tflite, 64);
}

function countOutputs(reader: Reader): number {
  const subgraphs = reader.child(reader.root, MODEL_SUBGRAPHS);
  const first = subgraphs === undefined ? undefined : reader.items(subgraphs)[0];
  const outputs = first === undefined ? undefined : reader.child(first, SUBGRAPH_OUTPUTS);
  if (outputs === undefined) throw new Error('The TFLite file has no outputs.');
  return reader.length(outputs);
}
