import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assemble, numbersOf, Runner, readTensors, worstError } from '../../tools/run-parts.ts';
import type { ImageEncoderConfig } from './configs.ts';
import { UnknownArchitectureError } from './errors.ts';
import {
  IMAGE_TOKENS,
  type ImageEncoderPlan,
  imageTokensOfWidth,
  planImageEncoder,
} from './image-encoder.ts';

const configOf = (folder: string): ImageEncoderConfig =>
  JSON.parse(readFileSync(`${folder}/config.json`, 'utf8'));

describe.each(['quick-gelu', 'gelu'])("against PyTorch's own numbers, with %s", async (activation) => {
  const folder = `fixtures/image-encoder/${activation}`;
  const config = configOf(folder);
  const weights = await readTensors(`${folder}/model.safetensors`);
  const truth = await readTensors(`${folder}/io.safetensors`);

  async function tokensOf({ segments }: ImageEncoderPlan) {
    let values = { pixels: numbersOf(truth, 'pixels') };
    for (const plan of segments)
      values = { ...values, ...(await (await Runner.load(assemble(plan, weights))).run(values)) };
    return (values as Record<string, (typeof values)['pixels']>).tokens!;
  }

  it.each(IMAGE_TOKENS)('%s', async (tokens) => {
    const plan = planImageEncoder(config, tokens);
    const found = await tokensOf(plan);
    expect(found.shape).toEqual([1, plan.tokens.count, plan.tokens.width]);
    expect(worstError(found, numbersOf(truth, tokens))).toBeLessThan(1e-4);
  });

  it('in several graphs', async () => {
    const plan = planImageEncoder(config, 'image_embeds', 1);
    expect(plan.segments).toHaveLength(config.num_hidden_layers);
    expect(worstError(await tokensOf(plan), numbersOf(truth, 'image_embeds'))).toBeLessThan(1e-4);
  });
});

describe('an image encoder', () => {
  it("of CLIP's published size has all of its values, in graphs that fit beside a U-Net", () => {
    const large = {
      architectures: ['CLIPVisionModelWithProjection'],
      hidden_size: 1024,
      intermediate_size: 4096,
      num_hidden_layers: 24,
      num_attention_heads: 16,
      image_size: 224,
      patch_size: 14,
      projection_dim: 768,
    };
    const { segments, tokens } = planImageEncoder(large, 'image_embeds');
    const sizes = segments.map(({ weights }) =>
      weights.reduce((sum, { shape }) => sum + shape.reduce((product, dim) => product * dim, 1), 0),
    );
    // ViT-L/14 with its projection.
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(303_966_208);
    expect(Math.max(...sizes)).toBeLessThan(2 ** 26);
    expect(tokens).toEqual({ count: 1, width: 768 });
    expect(planImageEncoder(large, 'last_hidden_state').tokens).toEqual({ count: 257, width: 1024 });
  });

  const config = configOf('fixtures/image-encoder/gelu');

  it('gives what a U-Net can read', () => {
    expect(imageTokensOfWidth(config, 24)).toBe('image_embeds');
    expect(imageTokensOfWidth(config, 48)).toBe('last_hidden_state');
    expect(imageTokensOfWidth(config, 768)).toBeUndefined();
    // Without a projection the width that its config states all the same is not there.
    const bare = { ...config, architectures: ['CLIPVisionModel'] };
    expect(imageTokensOfWidth(bare, 24)).toBeUndefined();
    expect(() => planImageEncoder(bare, 'image_embeds')).toThrow(UnknownArchitectureError);
  });

  it.each<[string, Record<string, unknown>]>([
    ['of another family', { architectures: ['SiglipVisionModel'] }],
    ['of the whole of CLIP', { architectures: ['CLIPModel'] }],
    ['with another activation', { hidden_act: 'relu' }],
    ['without a width', { hidden_size: undefined }],
    ['with heads that do not fit', { num_attention_heads: 5 }],
    ['of grey pictures', { num_channels: 1 }],
    ['with patches beyond its picture', { patch_size: 64 }],
  ])('%s is refused', (_, change) => {
    const other = { ...config, ...change } as ImageEncoderConfig;
    expect(() => planImageEncoder(other, 'image_embeds')).toThrow(UnknownArchitectureError);
  });
});
