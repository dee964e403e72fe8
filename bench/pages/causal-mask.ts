import type { Networks } from '../../src/engine/backend.ts';
import { unetInputs } from '../../src/engine/wasm/networks.ts';
import type { HostTensor } from '../../src/engine/wasm/runtime.ts';
import { type QueriesKeysValues, SegmentedUNet } from '../../src/engine/wasm/unet.ts';
import type { Pack } from '../../src/pack/manifest.ts';
import type { Prepared } from './parity-checks.ts';

/**
 * The cached two passes against one: reference and target as two rows of one batch, whose tokens meet in every
 * self-attention as one sequence, under a mask that hides the target from the reference. Returns the worst difference
 * of the target's prediction over its standard deviation.
 */
export async function causalMaskError(
  pack: Pack,
  networks: Networks,
  { noise, latents, context, referencePose, pose, memory }: Prepared,
  timestep = 500,
): Promise<number> {
  const target = { sample: noise, pose, timestep, context };
  const cached = await networks.download(await networks.evaluate({ ...target, memory }));

  const values = async (of: typeof pose): Promise<HostTensor> => ({
    data: Float32Array.from(await networks.download(of)),
    shape: of.shape,
  });
  const pair = async (first: typeof pose, second: typeof pose) =>
    asBatch(await values(first), await values(second));
  const unet = await SegmentedUNet.create(pack);
  const prediction = await unet.run(
    unetInputs(
      pack.manifest,
      await pair(latents, noise),
      await pair(referencePose, pose),
      [0, timestep],
      context && (await pair(context, context)),
    ),
    async (cut, tokens) => maskedAttention(tokens, pack.manifest.unet[cut]?.attention?.heads ?? 1),
  );
  unet.dispose();
  const once = prediction.data.subarray(prediction.data.length / 2);
  const mean = once.reduce((sum, value) => sum + value, 0) / once.length;
  const deviation = Math.sqrt(once.reduce((sum, value) => sum + (value - mean) ** 2, 0) / once.length);
  return (
    once.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (cached[i] ?? Number.NaN))), 0) /
    deviation
  );
}

function asBatch(first: HostTensor, second: HostTensor): HostTensor {
  const data = new Float32Array(first.data.length + second.data.length);
  data.set(first.data);
  data.set(second.data, first.data.length);
  return { data, shape: [2, ...first.shape.slice(1)] };
}

/** Both rows as one sequence of tokens, in float64: those of the first row see their own, those of the second all. */
function maskedAttention({ q, k, v }: QueriesKeysValues, heads: number): HostTensor {
  const [, tokens = 0, width = 0] = q.shape;
  const size = width / heads;
  const at = (of: HostTensor, token: number, channel: number) => of.data[token * width + channel] as number;
  const attention = new Float32Array(q.data.length);
  for (let head = 0; head < heads; head++) {
    const channels = Array.from({ length: size }, (_, i) => head * size + i);
    for (let query = 0; query < 2 * tokens; query++) {
      const seen = query < tokens ? tokens : 2 * tokens;
      const logits = Array.from({ length: seen }, (_, key) =>
        channels.reduce((sum, c) => sum + at(q, query, c) * at(k, key, c), 0),
      );
      const highest = logits.reduce((a, b) => Math.max(a, b));
      const shares = logits.map((logit) => Math.exp((logit - highest) / Math.sqrt(size)));
      const total = shares.reduce((a, b) => a + b);
      for (const c of channels) {
        attention[query * width + c] =
          shares.reduce((sum, share, key) => sum + share * at(v, key, c), 0) / total;
      }
    }
  }
  return { data: attention, shape: q.shape };
}
