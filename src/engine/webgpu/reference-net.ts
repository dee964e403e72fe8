import { narrowToHalves } from '../../onnx/float.ts';
import type { Pack } from '../../pack/manifest.ts';
import { NetworkError } from '../errors.ts';
import type { AttentionDispatch, AttentionKernel } from './attention.ts';
import type { WebGpuContext } from './context.ts';
import { copyOf, copyPlace, type Pass, runOnce } from './once.ts';
import { pictureDimensions } from './stage.ts';
import type { Place } from './tensors.ts';
import { GpuMemory, memoryPlaces, type UNetInputs, type UNetSize } from './unet.ts';

/** The reference net's own passes, each attending to itself; what they leave is what a U-Net's reference pass would. */
export async function rememberByReferenceNet(
  context: WebGpuContext,
  pack: Pack,
  { height, width, contextTokens }: UNetSize,
  references: readonly UNetInputs[],
): Promise<GpuMemory> {
  const { gpu, tensors } = context;
  const { unet, referenceNet = [], configs } = pack.manifest;
  const kernels = await attentionKernels(context, pack);
  const tokenWidth = configs.referenceNet?.cross_attention_dim;
  const passes = references.map((reference) =>
    begin(context, reference, tokenWidth == null ? undefined : [1, contextTokens, tokenWidth]),
  );
  const memory = new GpuMemory([], (place) => tensors.release(place));
  const dispatches: AttentionDispatch[] = [];

  const attend = (encoder: GPUCommandEncoder, cut: number, made: ReadonlyMap<string, Place>): Place => {
    const query = need(made, `q.${cut}`);
    const [batch = 1, tokens = 0] = query.shape;
    const result = tensors.place(query.shape);
    const dispatch = (kernels[cut] as AttentionKernel).bind({
      query: query.buffer,
      key: need(made, `k.${cut}`).buffer,
      value: need(made, `v.${cut}`).buffer,
      result: result.buffer,
      batch,
      heads: unet[cut]?.attention?.heads ?? 1,
      queries: tokens,
      keys: tokens,
    });
    dispatches.push(dispatch);
    const pass = encoder.beginComputePass();
    dispatch.encode(pass);
    pass.end();
    return result;
  };

  try {
    const dimensions = pictureDimensions(height, width, { context_tokens: contextTokens });
    await runOnce(context, pack, referenceNet, passes, dimensions, (encoder, made, cut, pass) => {
      const key = need(made, `kept.k.${cut}`);
      const value = need(made, `kept.v.${cut}`);
      const kept = memory.cuts[cut] ?? memoryPlaces(context, key.shape, references.length);
      memory.cuts[cut] = kept;
      copyPlace(tensors, encoder, key, kept.key, pass);
      copyPlace(tensors, encoder, value, kept.value, pass);
      const others = [...made]
        .filter(([name]) => !/^(kept\.)?[qkv]\.\d+$/.test(name))
        .map(([name, place]) => [name, copyOf(tensors, encoder, place)] as const);
      // Nothing comes after its last attention.
      return made.has(`q.${cut}`) ? [...others, [`attention.${cut}`, attend(encoder, cut, made)]] : others;
    });
    await gpu.queue.onSubmittedWorkDone();
    context.expectMemory('the reference net looked at the photo');
    return memory;
  } catch (error) {
    memory.dispose();
    throw error;
  } finally {
    for (const dispatch of dispatches) dispatch.dispose();
    for (const place of passes.flatMap((pass) => [...pass.values()])) tensors.release(place);
  }
}

/** By cut. */
async function attentionKernels(
  context: WebGpuContext,
  { manifest: { unet } }: Pack,
): Promise<AttentionKernel[]> {
  const kernels: AttentionKernel[] = [];
  for (const { attention } of unet) if (attention) kernels.push(await context.attention(attention.headSize));
  return kernels;
}

/** A pass's inputs, as the networks take them. */
function begin(
  { gpu, tensors }: WebGpuContext,
  { sample, time, context }: UNetInputs,
  contextShape: readonly number[] | undefined,
): Pass {
  const pass: Pass = new Map([
    ['sample', tensors.place(sample.shape)],
    ['time', tensors.place([1, time.length])],
  ]);
  const encoder = gpu.createCommandEncoder();
  tensors.toNetwork(encoder, 'The sample', sample, need(pass, 'sample'));
  if (contextShape) {
    const tokens = tensors.place(contextShape);
    pass.set('context', tokens);
    if (context) tensors.toNetwork(encoder, 'The context', context, tokens);
    else encoder.clearBuffer(tokens.buffer);
  }
  const values = tensors.element === 'f16' ? narrowToHalves(time) : (time as Float32Array<ArrayBuffer>);
  gpu.queue.writeBuffer(need(pass, 'time').buffer, 0, values);
  gpu.queue.submit([encoder.finish()]);
  return pass;
}

function need(places: ReadonlyMap<string, Place>, name: string): Place {
  const place = places.get(name);
  if (place === undefined) throw new NetworkError(`looking for ${name}, which no segment makes`);
  return place;
}
