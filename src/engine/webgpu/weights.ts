import { widenHalves } from '../../onnx/float.ts';
import { decodeModel, encodeModel } from '../../onnx/model.ts';
import { hasHalves, type WideTensor, widenGraph, wideTensors } from '../../onnx/retype.ts';
import { free } from '../../pack/free.ts';
import type { Pack, PartFiles } from '../../pack/manifest.ts';
import type { Element } from './attention.ts';

/** A graph and its weights as the device wants them. */
export interface DevicePart {
  readonly graph: Uint8Array<ArrayBuffer>;
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
export async function readDevicePart(
  pack: Pack,
  files: PartFiles,
  element: Element,
  signal?: AbortSignal,
): Promise<DevicePart> {
  const bytes = await pack.read(files.graph, signal);
  const weights = await pack.read(files.weights, signal);
  const graph = decodeModel(bytes, files.graph);
  if (element === 'f16' || !hasHalves(graph)) return { graph: bytes, weights };
  const { tensors } = wideTensors(weights, files.weights);
  return { graph: encodeModel(widenGraph(graph, tensors, 0)), weights: widenToBlob(weights, tensors) };
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
