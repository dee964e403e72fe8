import { createBackend } from '../../src/engine/backends.ts';
import { fitImage, type Size } from '../../src/engine/fit.ts';
import { toPlanes } from '../../src/engine/planes.ts';
import type { Picture } from '../../src/metrics/picture.ts';
import { openPack } from '../../src/pack/open.ts';
import type { EvaluationSet, Pair, PairEntry } from './set.ts';

/** Every target encoded and decoded again: the best that any denoising could reach. */
export async function throughAutoencoder(
  url: string,
  size: Size,
  entries: readonly PairEntry[],
  set: EvaluationSet,
  use: (picture: Picture, pair: Pair) => void,
): Promise<void> {
  const pack = await openPack({ kind: 'url', url });
  const backend = await createBackend('wasm', { precision: 'f32', threads: 0 });
  const networks = await backend.build(pack, size);
  for (const entry of entries) {
    const pair = await set.pair(entry);
    const planes = toPlanes(fitImage(pair.target.image, size), 1 / 127.5, -1);
    const latents = await networks.encodeImage(networks.upload(planes, [1, 3, size.height, size.width]));
    const data = await networks.toPixels(await networks.decode(latents));
    use({ width: size.width, height: size.height, data }, pair);
  }
  networks.dispose();
  backend.dispose();
}
