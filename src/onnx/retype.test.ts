import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { assemble, readTensors } from '../../tools/run-parts.ts';
import { widenHalves } from './float.ts';
import { decodeModel, ElementType, isExternal } from './model.ts';
import { retypeToF32 } from './retype.ts';
import { tensorIndexOf } from './safetensors.ts';
import { planUNet } from './unet.ts';

it('widens a part: same graph, every number exact, and each weight where the graph looks for it', async () => {
  const folder = 'fixtures/diffusers-unet';
  const config = JSON.parse(readFileSync(`${folder}/unet_config.json`, 'utf8'));
  const plan = planUNet(config).segments[1]!;
  const part = assemble(plan, await readTensors(`${folder}/unet.safetensors`), 'f16');
  const wide = retypeToF32(part, 'unet/01.onnx');

  const [before, after] = [decodeModel(part.graph), decodeModel(wide.graph)];
  expect(after.nodes).toEqual(before.nodes);
  const types = [...after.inputs, ...after.outputs, ...after.initializers].map(({ type }) => type);
  expect(types).not.toContain(ElementType.float16);

  const [narrowIndex, wideIndex] = [tensorIndexOf(part.weights, 'f16'), tensorIndexOf(wide.weights, 'f32')];
  let external = 0;
  for (const { name, data } of after.initializers) {
    if (!isExternal(data)) continue;
    external++;
    const { offset, bytes } = narrowIndex.get(name)!;
    const halves = new Uint16Array(part.weights.slice(offset, offset + bytes).buffer);
    const floats = new Float32Array(wide.weights.slice(data.offset, data.offset + data.length).buffer);
    expect(Buffer.compare(new Uint8Array(floats.buffer), new Uint8Array(widenHalves(halves).buffer))).toBe(0);
    expect(wideIndex.get(name)).toMatchObject({ dtype: 'F32', offset: data.offset, bytes: data.length });
  }
  expect(external).toBe(narrowIndex.size);
  expect(retypeToF32(wide, 'unet/01.onnx')).toBe(wide);
});
