import { widenHalves } from '../onnx/float.ts';
import { decodeModel, encodeModel, type Graph } from '../onnx/model.ts';
import { hasHalves, type WideTensor, widenGraph, wideTensors } from '../onnx/retype.ts';
import { free } from '../pack/free.ts';
import type { Pack, PartFiles } from '../pack/manifest.ts';

/** A graph and its weights as a device wants them. */
export interface DevicePart {
  readonly graph: Graph;
  /** The graph, encoded. */
  readonly model: Uint8Array<ArrayBuffer>;
  readonly weights: Uint8Array<ArrayBuffer> | Blob;
}

/** Values that are widened at a time. */
const PIECE = 1 << 20;

/**
 * One part of a pack in the element type that the device computes in.
 *
 * Widened weights go into a Blob piece by piece: it lies outside the page's heap, and ONNX Runtime reads it one tensor
 * at a time, so that beside a part's own bytes the heap never holds more than one of its tensors. Cast nodes in the
 * graph would be less code, but the runtime folds them in its wasm heap, which never shrinks.
 */
export async function readPart(
  pack: Pack,
  files: PartFiles,
  precision: 'f16' | 'f32',
  signal?: AbortSignal,
): Promise<DevicePart> {
  signal?.throwIfAborted();
  const model = await pack.read(files.graph, signal);
  const weights = await pack.read(files.weights, signal);
  const graph = decodeModel(model, files.graph);
  if (precision === 'f16' || !hasHalves(graph)) return { graph, model, weights };
  const { tensors } = wideTensors(weights, files.weights);
  const wide = widenGraph(graph, tensors, 0);
  return { graph: wide, model: encodeModel(wide), weights: widenToBlob(weights, tensors) };
}

/** Lets go of weights that a runtime has taken in; a Blob lies outside the heap. */
export function letGo({ weights }: DevicePart): void {
  if (!(weights instanceof Blob)) free(weights);
}

/** The name by which a graph finds its weights: they lie in one folder. */
export function weightsName(files: PartFiles): string {
  return files.weights.slice(files.weights.lastIndexOf('/') + 1);
}

function widenToBlob(weights: Uint8Array<ArrayBuffer>, tensors: readonly WideTensor[]): Blob {
  const pieces: Blob[] = [];
  for (const { from, isHalf } of tensors) {
    const end = from.offset + from.bytes;
    if (!isHalf) pieces.push(new Blob([weights.subarray(from.offset, end)]));
    for (let at = from.offset; isHalf && at < end; at += 2 * PIECE) {
      // A copy, since the halves may lie at an odd place.
      const halves = new Uint16Array(weights.slice(at, Math.min(end, at + 2 * PIECE)).buffer);
      const widened = widenHalves(halves);
      pieces.push(new Blob([widened]));
      free(halves);
      free(widened);
    }
  }
  free(weights);
  return new Blob(pieces);
}
