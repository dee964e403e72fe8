import { describe, expect, it } from 'vitest';
import { exportToMemory, type Files, manifestOf, memoryFolder } from '../../tools/memory-pack.ts';
import { randomModel, SMALL_PAIR } from '../../tools/random-model.ts';
import { jsonFile, safetensorsFile, sha256 } from '../../tools/random-weights.ts';
import { TensorMissingError, TensorUnexpectedError, UnknownArchitectureError } from '../onnx/errors.ts';
import { decodeModel, encodeModel, type Graph } from '../onnx/model.ts';
import { tensorIndexOf } from '../onnx/safetensors.ts';
import { planReferenceNet, planUNet } from '../onnx/unet.ts';
import { checkPack } from './check.ts';
import { NetworksMismatchError } from './errors.ts';

const PAIR = randomModel(SMALL_PAIR);
const weights = () => new Map(PAIR);
const exported = (files: Files, onNote?: (note: string) => void) =>
  exportToMemory(memoryFolder('weights', files), 'f16', undefined, onNote);
const checkOf = (files: Files) => checkPack(memoryFolder('memory', files), sha256);
const UNET = SMALL_PAIR.unet;
const CUTS = planUNet(UNET).attentions.length;

const shapesOf = (file: Uint8Array<ArrayBuffer>) =>
  new Map([...tensorIndexOf(file, 'weights')].map(([name, { shape }]) => [name, shape]));
const REFERENCE = 'reference_unet/diffusion_pytorch_model.safetensors';
const IMAGE = 'image_encoder/diffusion_pytorch_model.safetensors';

/** The same folder with other tensors in one of its files. */
function withTensors(path: string, change: (tensors: Map<string, readonly number[]>) => void) {
  const files = weights();
  const tensors = shapesOf(files.get(path)!);
  change(tensors);
  return files.set(path, safetensorsFile(tensors));
}

describe('a folder with a reference net and an image encoder', () => {
  it('becomes a sound pack', async () => {
    const pack = await exported(weights());
    const manifest = manifestOf(pack);
    expect(await checkOf(pack)).toEqual([]);
    expect(manifest.referenceNet).toHaveLength(CUTS);
    expect(manifest.unet).toHaveLength(CUTS + 1);
    expect(manifest).toMatchObject({
      imageTokens: 'image_embeds',
      imageEncoder: [{ graph: 'image_encoder/00.onnx', weights: 'image_encoder/00.safetensors' }],
      defaults: { guidance: 3.5 },
      configs: { referenceNet: UNET, imageEncoder: SMALL_PAIR.imageEncoder },
    });
  });

  it('may call its U-Net denoising_unet', async () => {
    const renamed = new Map(
      [...weights()].map(([path, bytes]) => [path.replace(/^unet\//, 'denoising_unet/'), bytes]),
    );
    expect(manifestOf(await exported(renamed))).toEqual(manifestOf(await exported(weights())));
  });

  it('needs nothing that comes after the last attention, and may have it', async () => {
    const { spare } = planReferenceNet(UNET);
    expect(spare).toContain('conv_out.weight');
    const bare = withTensors(REFERENCE, (tensors) => {
      for (const name of spare) expect(tensors.delete(name), name).toBe(true);
    });
    expect(manifestOf(await exported(bare)).referenceNet).toHaveLength(CUTS);
  });

  it('projects with the weights of its denoiser', async () => {
    const files = weights();
    const pack = await exported(files);
    const index = tensorIndexOf(pack.get('reference_net/00.safetensors')!, '');
    const name = 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k.weight';
    const bytesOf = (file: Uint8Array, tensor: string) => {
      const { offset, bytes } = tensorIndexOf(file, '').get(tensor)!;
      return file.slice(offset, offset + bytes);
    };
    expect(index.has(name)).toBe(true);
    expect(bytesOf(pack.get('reference_net/00.safetensors')!, `denoiser.${name}`)).toEqual(
      bytesOf(pack.get('unet/00.safetensors')!, name),
    );
  });

  it.each<
    [string, string, (tensors: Map<string, readonly number[]>) => void, new (...args: never[]) => Error]
  >([
    ['a tensor of the reference net', REFERENCE, (t) => t.delete('conv_in.bias'), TensorMissingError],
    ['a tensor of the image encoder', IMAGE, (t) => t.delete('visual_projection.weight'), TensorMissingError],
    ['no stranger in the reference net', REFERENCE, (t) => t.set('lora.up', [4]), TensorUnexpectedError],
    ['no stranger in the image encoder', IMAGE, (t) => t.set('logit_scale', [1]), TensorUnexpectedError],
  ])('must have %s', async (_, path, change, fault) => {
    await expect(exported(withTensors(path, change))).rejects.toThrow(fault);
  });

  it('is told when its networks are not made for each other', async () => {
    const misfits: [string, unknown, RegExp][] = [
      ['reference_unet/config.json', { ...UNET, attention_head_dim: [2, 2] }, /self-attentions/],
      ['reference_unet/config.json', { ...UNET, in_channels: 9 }, /takes 9 channels/],
      ['reference_unet/config.json', { ...UNET, cross_attention_dim: 12 }, /reference net reads 12/],
      ['unet/config.json', { ...UNET, cross_attention_dim: null }, /no cross-attention/],
      ['unet/config.json', { ...UNET, cross_attention_dim: 768 }, /width 768/],
    ];
    for (const [path, config, fault] of misfits) {
      const attempt = exported(weights().set(path, jsonFile(config)));
      await expect(attempt).rejects.toThrow(fault);
      await expect(attempt).rejects.toThrow(NetworksMismatchError);
    }
  });

  it('gives every token of the image where the U-Net reads these', async () => {
    const wide = { ...SMALL_PAIR.unet, cross_attention_dim: 32 };
    const model = randomModel({ ...SMALL_PAIR, unet: wide, referenceNet: wide });
    // As older releases save it: the places are no weights.
    const tensors = shapesOf(model.get(IMAGE)!).set('vision_model.embeddings.position_ids', [1, 17]);
    const files = model.set(IMAGE, safetensorsFile(tensors));
    const pack = await exported(files);
    expect(manifestOf(pack).imageTokens).toBe('last_hidden_state');
    expect(await checkOf(pack)).toEqual([]);
    const chosen = files.set('pirouette.json', jsonFile({ imageTokens: 'image_embeds' }));
    await expect(exported(chosen)).rejects.toThrow(/tokens of width 24 and the U-Net reads 32/);
  });

  it('says how the photo is seen where nothing else does', async () => {
    const notes: string[] = [];
    const pack = await exported(weights(), (note) => notes.push(note));
    expect(notes).toEqual([expect.stringContaining('stretched')]);
    expect(manifestOf(pack).configs.imageProcessor?.size).toEqual({ height: 32, width: 32 });

    const processor = { size: { shortest_edge: 40 }, crop_size: { height: 32, width: 32 } };
    const own = weights().set('feature_extractor/preprocessor_config.json', jsonFile(processor));
    expect(manifestOf(await exported(own)).configs.imageProcessor).toMatchObject(processor);
    const other = weights().set('preprocessor_config.json', jsonFile({ ...processor, resample: 0 }));
    await expect(exported(other)).rejects.toThrow(UnknownArchitectureError);
  });
});

describe('a pack with a reference net and an image encoder', async () => {
  const sound = await exported(weights());
  const manifest = manifestOf(sound);
  const faultsOf = async (change: Record<string, unknown>) =>
    (await checkOf(new Map([...sound, ['pack.json', jsonFile({ ...manifest, ...change })]]))).join(' ');
  const { referenceNet: _, ...withoutReference } = manifest.configs;
  const { imageProcessor: __, ...withoutProcessor } = manifest.configs;

  it.each<[string, Record<string, unknown>]>([
    ['configs.referenceNet is missing', { configs: withoutReference }],
    ['configs.imageProcessor is missing', { configs: withoutProcessor }],
    ['imageTokens is "words"', { imageTokens: 'words' }],
    ['referenceNet lists no parts', { referenceNet: [] }],
    ['imageEncoder part 0 has no graph', { imageEncoder: [{}] }],
    ["reference net's parts are not", { referenceNet: manifest.referenceNet?.slice(1) }],
    ["image encoder's parts are not", { imageEncoder: [...(manifest.imageEncoder ?? []), manifest.decoder] }],
  ])('whose pack.json is wrong is told: %s', async (fault, change) => {
    expect(await faultsOf(change)).toContain(fault);
  });

  it.each<[string, string, (graph: Graph) => Partial<Graph>]>([
    [
      'it lacks the output kept.k.0',
      'reference_net/00.onnx',
      ({ outputs }) => ({ outputs: outputs.filter(({ name }) => name !== 'kept.k.0') }),
    ],
    [
      'it has the input pose too much',
      'reference_net/01.onnx',
      ({ inputs }) => ({ inputs: [{ ...inputs[0]!, name: 'pose' }, ...inputs] }),
    ],
    ['it lacks the output', 'image_encoder/00.onnx', () => ({ outputs: [] })],
  ])('whose graph is wrong is told: %s', async (fault, path, change) => {
    const graph = decodeModel(sound.get(path)!, path);
    const bytes = encodeModel({ ...graph, ...change(graph) });
    const files = { ...manifest.files, [path]: { bytes: bytes.length, sha256: sha256(bytes) } };
    const altered = new Map([
      ...sound,
      [path, bytes],
      ['pack.json', jsonFile({ ...manifest, files })],
    ] as const);
    expect((await checkOf(altered)).join(' ')).toContain(fault);
  });
});
