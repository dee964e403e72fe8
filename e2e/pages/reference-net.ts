import type { BackendKind } from '../../src/engine/api.ts';
import type { Backend } from '../../src/engine/backend.ts';
import { createBackend } from '../../src/engine/backends.ts';
import { Engine } from '../../src/engine/engine.ts';
import { WebGpuBackend } from '../../src/engine/webgpu/backend.ts';
import { openPack } from '../../src/pack/open.ts';

const SIZE = { width: 64, height: 64 };
const POSE = {
  ...SIZE,
  joints: Float32Array.from({ length: 54 }, (_, i) => (i % 3 === 2 ? 1 : 8 + (i % 48))),
};

/** A photo of nobody, taller than wide. */
async function photo(hue: number): Promise<ImageBitmap> {
  const canvas = new OffscreenCanvas(90, 120);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('no canvas');
  for (let x = 0; x < 90; x += 6) {
    context.fillStyle = `hsl(${hue + 2 * x} 70% ${20 + x / 2}%)`;
    context.fillRect(x, 0, 6, 120);
  }
  return createImageBitmap(canvas);
}

async function pixelsOf(image: ImageBitmap): Promise<number[]> {
  const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
  if (context === null) throw new Error('no canvas');
  context.drawImage(image, 0, 0);
  image.close();
  return [...context.getImageData(0, 0, SIZE.width, SIZE.height).data];
}

/** A guided frame of each of two photos, through the whole engine, and how many buffers of ours the second one added. */
async function frames(kind: BackendKind) {
  let backend: Backend | undefined;
  const engine = new Engine({
    openPack,
    async createBackend(...choice) {
      backend = await createBackend(...choice);
      return backend;
    },
  });
  const held = () => (backend instanceof WebGpuBackend ? backend.on.buffers.held : 0);
  await engine.load({ kind: 'url', url: '/pack/' }, { backend: kind });
  const seen: { pixels: number[]; held: number }[] = [];
  for (const hue of [0, 150]) {
    await engine.setReferences([{ image: await photo(hue), pose: POSE }]);
    const { image } = await engine.renderFrame(POSE, { ...SIZE, steps: 1, seed: 1, guidance: 3.5 });
    seen.push({ pixels: await pixelsOf(image), held: held() });
  }
  await engine.dispose();
  const [first, second] = seen;
  if (!first || !second) throw new Error('two frames');
  return { first: first.pixels, second: second.pixels, more: second.held - first.held };
}

export type ReferenceNetPage = { frames: typeof frames };
Object.assign(window, { referenceNet: { frames } });
