import * as Comlink from 'comlink';
import '../src/client/wire.ts';
import type { EngineService, RenderedFrame } from '../src/engine/api.ts';
import type { Engine } from '../src/engine/engine.ts';

const SIGN_OF_LIFE_MS = 5000;

/** Frames are handed over, not copied. */
const handOver = (frame: RenderedFrame): RenderedFrame => Comlink.transfer(frame, [frame.image]);

/** Offers an engine to the other side of this worker's edge: the same calls, with pictures that change hands. */
export function serveEngine(engine: Engine): void {
  const service: EngineService = {
    load: (source, options, onProgress) => engine.load(source, options, onProgress),
    onNotice: (listener) => engine.onNotice(listener),
    onSignOfLife: (listener) => void setInterval(listener, SIGN_OF_LIFE_MS),
    async setReferences(references) {
      try {
        await engine.setReferences(references);
      } finally {
        // These are copies that the message made.
        for (const { image } of references) image.close();
      }
    },
    renderFrame: async (pose, options) => handOver(await engine.renderFrame(pose, options)),
    animate: (poses, options, onFrame, ...others) =>
      engine.animate(poses, options, (frame) => onFrame(handOver(frame)), ...others),
    cancel: () => engine.cancel(),
    info: () => engine.info(),
    dispose: () => engine.dispose(),
  };
  Comlink.expose(service);
}
