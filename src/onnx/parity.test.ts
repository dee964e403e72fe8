import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  assemble,
  evaluate,
  type Numbers,
  numbersOf,
  Runner,
  readTensors,
  timeEmbedding,
  worstError,
} from '../../tools/run-parts.ts';
import type { Planes } from '../layers/planes.ts';
import { resized } from '../layers/resample.ts';
import { placesOf } from '../layers/tell.ts';
import { warp } from '../layers/warp.ts';
import { planAutoencoder } from './autoencoder.ts';
import { planMatte } from './matte.ts';
import { planMover } from './mover.ts';
import { PARSER_INPUTS, planParser } from './parser.ts';
import { planPlate } from './plate.ts';
import { planPoseEncoder } from './pose-encoder.ts';
import { planRetoucher, RETOUCHER_INPUTS } from './retoucher.ts';
import { planUNet } from './unet.ts';

const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

// f16 is f16 storage, computed in f32: what a device without f16 runs.
describe.each([
  ['f32', 1e-3],
  ['f16', 2e-2],
] as const)("against diffusers' own numbers, weights in %s", (precision, tolerance) => {
  describe('U-Net and pose encoder', async () => {
    const folder = 'fixtures/diffusers-unet';
    const truth = await readTensors(`${folder}/io.safetensors`);
    const poseWeights = await readTensors(`${folder}/pose_encoder.safetensors`);
    const poseEncoder = await Runner.load(
      assemble(planPoseEncoder(readJson(`${folder}/pose_encoder_config.json`)), poseWeights, precision),
    );
    const { segments, attentions } = planUNet(readJson(`${folder}/unet_config.json`));
    const weights = await readTensors(`${folder}/unet.safetensors`);
    const unet: Runner[] = [];
    // ONNX Runtime's WASM build cannot make two sessions at once.
    for (const plan of segments) unet.push(await Runner.load(assemble(plan, weights, precision)));
    const number = (name: string) => numbersOf(truth, name);
    const context = number('tokens');
    const reference = () =>
      evaluate(unet, attentions, {
        sample: number('reference_latents'),
        pose: number('reference_pose_features'),
        time: timeEmbedding(0, 32),
        context,
      });

    it('encodes poses', async () => {
      for (const which of ['reference', 'target']) {
        const { features } = await poseEncoder.run({ skeleton: number(`${which}_pose_image`) });
        expect(worstError(features!, number(`${which}_pose_features`))).toBeLessThan(tolerance);
      }
    });

    it('makes the reference pass', async () => {
      const { prediction, memory } = await reference();
      expect(worstError(prediction, number('reference_output'))).toBeLessThan(tolerance);
      for (const [cut, name] of [
        [0, 'down_blocks.0.attentions.0'],
        [1, 'mid_block.attentions.0'],
      ] as const) {
        expect(worstError(memory[cut]!.k, number(`k.${name}.transformer_blocks.0.attn1`))).toBeLessThan(
          tolerance,
        );
        expect(worstError(memory[cut]!.v, number(`v.${name}.transformer_blocks.0.attn1`))).toBeLessThan(
          tolerance,
        );
      }
    });

    it('makes the target pass', async () => {
      const { memory } = await reference();
      const noPose = { shape: [1, 32, 16, 16], values: new Float32Array(32 * 256) };
      for (const [name, timestep, hasReference, hasPose] of [
        ['target_output.t981', 981, true, true],
        ['target_output.t500', 500, true, true],
        ['target_output.t1', 1, true, true],
        ['target_output_without_reference.t500', 500, false, true],
        ['target_output_without_pose.t500', 500, true, false],
      ] as const) {
        const { prediction } = await evaluate(
          unet,
          attentions,
          {
            sample: number('noise'),
            pose: hasPose ? number('target_pose_features') : noPose,
            time: timeEmbedding(timestep, 32),
            context,
          },
          hasReference ? memory : undefined,
        );
        expect(worstError(prediction, number(name)), name).toBeLessThan(tolerance);
      }
    });
  });

  it("retoucher (PyTorch's numbers)", async () => {
    const folder = 'fixtures/retoucher';
    const truth = await readTensors(`${folder}/io.safetensors`);
    const weights = await readTensors(`${folder}/weights.safetensors`);
    const runner = await Runner.load(
      assemble(planRetoucher(readJson(`${folder}/config.json`)), weights, precision),
    );
    const pictures = Object.keys(RETOUCHER_INPUTS).map((name) => [name, numbersOf(truth, name)]);
    const { image } = await runner.run(Object.fromEntries(pictures));
    expect(worstError(image!, numbersOf(truth, 'image'))).toBeLessThan(tolerance);
  });

  describe("the layers (PyTorch's numbers)", async () => {
    const folder = 'fixtures/layers';
    const truth = await readTensors(`${folder}/io.safetensors`);
    const number = (name: string) => numbersOf(truth, name);
    const weightsOf = (name: string) => readTensors(`${folder}/${name}/diffusion_pytorch_model.safetensors`);
    const configOf = (name: string) => readJson(`${folder}/${name}/config.json`);

    it('matte', async () => {
      const plan = planMatte(configOf('matte'));
      const runner = await Runner.load(assemble(plan, await weightsOf('matte'), precision));
      const { matte } = await runner.run({ photo: number('photo'), outline: number('outline') });
      expect(worstError(matte!, number('matte'))).toBeLessThan(tolerance);
    });

    it('plate', async () => {
      const plan = planPlate(configOf('plate'));
      const runner = await Runner.load(assemble(plan, await weightsOf('plate'), precision));
      const { change } = await runner.run({ picture: number('filled'), hole: number('hole') });
      expect(worstError(change!, number('change'))).toBeLessThan(tolerance);
    });

    it('mover', async () => {
      const { photo, frame, readings } = planMover(configOf('mover'));
      const weights = await weightsOf('mover');
      const look = await Runner.load(assemble(photo, weights, precision));
      const skeleton = number('skeleton_photo');
      const seen = await look.run({ photo: number('photo'), outline: number('outline'), skeleton });
      for (const [name, features] of Object.entries(seen)) {
        expect(worstError(features, number(name)), name).toBeLessThan(tolerance);
      }
      const values: Record<string, Numbers> = { ...seen };
      for (const name of ['skeleton', 'told', 'limbs', 'torso', 'whole']) values[name] = number(name);
      const planes = (name: string): Planes => {
        const { shape, values: data } = values[name]!;
        const [, channels = 0, height = 0, width = 0] = shape;
        return { channels, height, width, data: Float32Array.from(data) };
      };
      const numbers = ({ channels, height, width, data }: Planes): Numbers => ({
        shape: [1, channels, height, width],
        values: data,
      });
      const { width, height } = planes('limbs');
      values.here = numbers(placesOf({ width, height }));
      for (const name of ['limbs', 'torso', 'whole']) {
        values[`${name}_3`] = numbers(resized(planes(name), { width: width / 4, height: height / 4 }));
      }
      for (const [i, plan] of frame.entries()) {
        for (const { picture, flow, result } of readings[i]!) {
          values[result] = numbers(warp(planes(picture), planes(flow)));
        }
        const runner = await Runner.load(assemble(plan, weights, precision));
        Object.assign(values, await runner.run(values));
      }
      expect(worstError(values.layers!, number('layers'))).toBeLessThan(tolerance);
    });
  });

  it("parser (PyTorch's numbers)", async () => {
    const folder = 'fixtures/parser';
    const truth = await readTensors(`${folder}/io.safetensors`);
    const weights = await readTensors(`${folder}/weights.safetensors`);
    const runner = await Runner.load(
      assemble(planParser(readJson(`${folder}/config.json`)), weights, precision),
    );
    const pictures = Object.keys(PARSER_INPUTS).map((name) => [name, numbersOf(truth, name)]);
    const { labels, joints } = await runner.run(Object.fromEntries(pictures));
    expect(worstError(labels!, numbersOf(truth, 'labels'))).toBeLessThan(tolerance);
    expect(worstError(joints!, numbersOf(truth, 'joints'))).toBeLessThan(tolerance);
  });

  describe.each(['tiny', 'kl'])('autoencoder %s', async (kind) => {
    const folder = `fixtures/diffusers-autoencoders/${kind}`;
    const config = readJson(`${folder}/config.json`);
    const truth = await readTensors(`${folder}/io.safetensors`);
    const weights = await readTensors(`${folder}/weights.safetensors`);
    const { encoder, decoder } = planAutoencoder(config);

    it('encodes and decodes', async () => {
      const image = numbersOf(truth, 'image');
      const expected = numbersOf(truth, 'latents');
      const encoded = await (await Runner.load(assemble(encoder, weights, precision))).run({ image });
      // The fixture's latents are not scaled; the U-Net's are.
      const unscaled = encoded.latents!.values.map((value) => value / config.scaling_factor);
      expect(worstError({ shape: encoded.latents!.shape, values: unscaled }, expected)).toBeLessThan(
        tolerance,
      );

      const latents = {
        shape: expected.shape,
        values: expected.values.map((value) => value * config.scaling_factor),
      };
      const decoded = await (await Runner.load(assemble(decoder, weights, precision))).run({ latents });
      expect(worstError(decoded.image!, numbersOf(truth, 'decoded'))).toBeLessThan(tolerance);
    });
  });
});
