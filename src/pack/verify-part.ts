import { difference } from '../onnx/compare.ts';
import { decodeModel } from '../onnx/model.ts';
import { layOutPart, layOutWeights } from '../onnx/part.ts';
import { tensorIndexOf } from '../onnx/safetensors.ts';
import { ForeignGraphError, PackCorruptError, PackFormatError } from './errors.ts';
import type { PackManifest } from './manifest.ts';
import { type PlannedPart, partsOf } from './plan-networks.ts';

/** Structure alone is some hundred KB for the largest networks. */
const LARGEST_GRAPH = 16 * 1024 * 1024;

/** So that nobody makes room for what a pack merely claims. */
export function expectSizes(
  { files }: PackManifest,
  { files: { graph, weights }, plan, storage }: PlannedPart,
): void {
  const [graphBytes, weightsBytes] = [graph, weights].map((path) => files[path]?.bytes ?? 0) as [
    number,
    number,
  ];
  if (graphBytes > LARGEST_GRAPH) throw new PackFormatError(`files states ${graphBytes} bytes for ${graph}`);
  const { bytes } = layOutWeights(plan, storage);
  if (weightsBytes !== bytes)
    throw new PackFormatError(
      `files states ${weightsBytes} bytes for ${weights}, and its config comes to ${bytes}`,
    );
}

/** What a file of the pack holds, if it is a part's: a graph comes as it is written here. Throws for another's. */
export function verified(
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  manifest: PackManifest,
): Uint8Array<ArrayBuffer> {
  for (const part of partsOf(manifest)) {
    if (part.files.graph === path) return ownGraph(bytes, part);
    if (part.files.weights === path) expectWeights(bytes, part);
  }
  return bytes;
}

/** The name by which a graph finds its weights: both lie in one folder. */
const locationOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/**
 * The graph that the part's config comes to. Throws where the pack's differs from it in anything but how it is written
 * down, so that whatever reaches the runtime was written here.
 */
export function ownGraph(bytes: Uint8Array, { files, plan, storage }: PlannedPart): Uint8Array<ArrayBuffer> {
  const own = layOutPart(plan, storage, locationOf(files.weights)).graph;
  if (!sameBytes(bytes, own)) {
    const fault = difference(decodeModel(bytes, files.graph), decodeModel(own));
    if (fault !== undefined) throw new ForeignGraphError(files.graph, fault);
  }
  return own;
}

/** Throws where the weights are not those that the graph looks for, each in its place. */
export function expectWeights(bytes: Uint8Array, { files, plan, storage }: PlannedPart): void {
  const { header, tensors } = layOutWeights(plan, storage);
  if (sameBytes(bytes.subarray(0, header.length), header)) return;
  const wrong = (fault: string) => new PackCorruptError(files.weights, fault);
  const found = tensorIndexOf(bytes, files.weights);
  for (const { name, dtype, shape, offset } of tensors) {
    const tensor = found.get(name);
    if (tensor === undefined) throw wrong(`it lacks ${name}`);
    if (tensor.dtype !== dtype || tensor.shape.join() !== shape.join())
      throw wrong(`${name} is ${tensor.dtype} [${tensor.shape}] in place of ${dtype} [${shape}]`);
    if (tensor.offset !== offset) throw wrong(`${name} lies at byte ${tensor.offset} in place of ${offset}`);
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
