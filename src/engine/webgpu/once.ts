import type { Pack, PartFiles } from '../../pack/manifest.ts';
import type { WebGpuContext } from './context.ts';
import { exclusively } from './runtime.ts';
import { createSession } from './stage.ts';
import type { Place, Tensors } from './tensors.ts';

/** What a pass has made so far, by name, its inputs included. Its places are released by whoever began it. */
export type Pass = Map<string, Place>;

/** Encodes what is to be made of a part's outputs, which the next run overwrites, and says what later parts may take. */
export type Between = (
  encoder: GPUCommandEncoder,
  made: ReadonlyMap<string, Place>,
  part: number,
  pass: number,
) => Iterable<readonly [string, Place]>;

/**
 * Runs parts, which follow one another, for every one of `passes`: each part read and compiled when its turn comes, and
 * let go before the next, so that no more than one of them lies on the device.
 */
export async function runOnce(
  context: WebGpuContext,
  pack: Pack,
  parts: readonly PartFiles[],
  passes: readonly Pass[],
  dimensions: (name: string) => number,
  between: Between,
): Promise<void> {
  const { gpu, tensors } = context;
  for (const [part, files] of parts.entries()) {
    const session = await createSession(context, pack, files, dimensions);
    // A captured graph reads its inputs where they lay in its first run.
    const inputs = new Map<string, Place>();
    for (const [name, { shape }] of session.inputs) inputs.set(name, tensors.place(shape));
    try {
      session.bind(inputs);
      for (const [index, pass] of passes.entries()) {
        await exclusively(async () => {
          const before = gpu.createCommandEncoder();
          for (const [name, place] of inputs) {
            const value = pass.get(name);
            if (value === undefined) throw new Error(`${files.graph} takes ${name}, which nothing has made.`);
            copyPlace(tensors, before, value, place);
          }
          gpu.queue.submit([before.finish()]);
          const made = await session.run();
          const after = gpu.createCommandEncoder();
          for (const [name, place] of between(after, made, part, index)) pass.set(name, place);
          gpu.queue.submit([after.finish()]);
        });
      }
    } finally {
      session.dispose();
      for (const place of inputs.values()) tensors.release(place);
    }
  }
}

/** A place of the same shape, with the same values once the encoder's work is done. */
export function copyOf(tensors: Tensors, encoder: GPUCommandEncoder, from: Place): Place {
  const copy = tensors.place(from.shape);
  copyPlace(tensors, encoder, from, copy);
  return copy;
}

/** `index`: behind how many of the same shape it comes to lie. */
export function copyPlace(
  tensors: Tensors,
  encoder: GPUCommandEncoder,
  from: Place,
  to: Place,
  index = 0,
): void {
  // Copies are counted in words of four bytes, and so are our buffers.
  const bytes = Math.ceil(tensors.bytesOf(from.shape) / 4) * 4;
  encoder.copyBufferToBuffer(from.buffer, 0, to.buffer, index * bytes, bytes);
}
