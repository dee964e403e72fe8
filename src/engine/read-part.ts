import { type Part, retypeToF32 } from '../onnx/retype.ts';
import type { Pack, PartFiles } from '../pack/manifest.ts';

/** One graph of a pack and its weights, in the precision that the device computes in. */
export async function readPart(
  pack: Pack,
  files: PartFiles,
  precision: 'f16' | 'f32',
  signal?: AbortSignal,
): Promise<Part> {
  const graph = await pack.read(files.graph, signal);
  const weights = await pack.read(files.weights, signal);
  const part = { graph, weights };
  return precision === 'f32' ? retypeToF32(part, files.graph) : part;
}

/** The name by which a graph finds its weights: they lie in one folder. */
export function weightsName(files: PartFiles): string {
  return files.weights.slice(files.weights.lastIndexOf('/') + 1);
}
