import * as Comlink from 'comlink';
import '../src/client/wire.ts';
import type { EngineApi, RenderedFrame } from '../src/engine/api.ts';
import { createBackend } from '../src/engine/backends.ts';
import { Engine } from '../src/engine/engine.ts';
import { openPack } from '../src/pack/open.ts';

const engine = new Engine({ openPack, createBackend });

/** Frames are handed over, not copied. */
const handOver = (frame: RenderedFrame): RenderedFrame => Comlink.transfer(frame, [frame.image]);

/** The engine for the other side of the worker's edge: the same calls, with pictures that change hands. */
const service: EngineApi = {
  load: (source, options, onProgress) => engine.load(source, options, onProgress),
  onNotice: (listener) => engine.onNotice(listener),
  async setReferences(references) {
    try {
      await engine.setReferences(references);
    } finally {
      // These are copies that the message made.
      for (const { image } of references) image.close();
    }
  },
  renderFrame: async (pose, options) => handOver(await engine.renderFrame(pose, options)),
  animate: (poses, options, onFrame, onProgress) =>
    engine.animate(poses, options, (frame) => onFrame(handOver(frame)), onProgress),
  cancel: () => engine.cancel(),
  info: () => engine.info(),
  dispose: () => engine.dispose(),
};

Comlink.expose(service);
