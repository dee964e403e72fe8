import type { Networks } from '../../src/engine/backend.ts';
import type { AttentionCall, AttentionKernel, BoundAttention } from '../../src/engine/device.ts';
import { PackNetworks } from '../../src/engine/networks.ts';
import { type HostPlace, WasmDevice } from '../../src/engine/wasm/device.ts';
import type { Pack } from '../../src/pack/manifest.ts';
import { type Prepared, Truth, truthSize } from './parity-checks.ts';

/**
 * The cached two passes against one: reference and target as two rows of one batch, whose tokens meet in every
 * self-attention as one sequence, under a mask that hides the target from the reference. Returns the worst difference
 * of the target's prediction over its standard deviation.
 */
export async function causalMaskError(
  pack: Pack,
  networks: Networks,
  { truth, noise, latents, context, referencePose, pose, memory }: Prepared,
  timestep = 500,
): Promise<number> {
  const target = { sample: noise, pose, timestep, context };
  const cached = await networks.download(await networks.evaluate({ ...target, memory }));

  const masked = await PackNetworks.create(new MaskedDevice(), pack, truthSize(truth));
  const move = async (tensor: typeof pose) => masked.upload(await networks.download(tensor), tensor.shape);
  const row = async (sample: typeof pose, features: typeof pose, time: number) => ({
    sample: await move(sample),
    pose: await move(features),
    timestep: time,
    context: context && (await move(context)),
  });
  const [, once] = await masked.evaluateAll([
    await row(latents, referencePose, 0),
    await row(noise, pose, timestep),
  ]);
  if (once === undefined) throw new Error('two rows');
  const alone = new Truth(new Map([['once', { values: await masked.download(once), shape: once.shape }]]));
  masked.dispose();
  return alone.error('once', cached);
}

interface MaskedAttention extends BoundAttention {
  readonly call: AttentionCall;
  readonly heads: number;
}

/** The processor, with an attention of its own between the graphs. */
class MaskedDevice extends WasmDevice {
  override async attention(heads: number): Promise<AttentionKernel> {
    return { bind: (call): MaskedAttention => ({ call, heads, dispose: () => undefined }) };
  }

  override async attend(attentions: readonly BoundAttention[]): Promise<void> {
    const [only, ...others] = attentions as readonly MaskedAttention[];
    if (only === undefined || others.length > 0 || only.call.count !== 2)
      throw new Error('two rows together');
    maskedAttention(only.call, only.heads);
  }
}

/** Both rows as one sequence of tokens, in float64: those of the first row see their own, those of the second all. */
function maskedAttention({ query, key, value, result }: AttentionCall, heads: number): void {
  const [, tokens = 0, width = 0] = query.shape;
  const size = width / heads;
  const at = (of: typeof query, token: number, channel: number) =>
    (of as HostPlace).data[token * width + channel] as number;
  const attention = new Float32Array(2 * tokens * width);
  for (let head = 0; head < heads; head++) {
    const channels = Array.from({ length: size }, (_, i) => head * size + i);
    for (let asker = 0; asker < 2 * tokens; asker++) {
      const seen = asker < tokens ? tokens : 2 * tokens;
      const logits = Array.from({ length: seen }, (_, other) =>
        channels.reduce((sum, c) => sum + at(query, asker, c) * at(key, other, c), 0),
      );
      const highest = logits.reduce((a, b) => Math.max(a, b));
      const shares = logits.map((logit) => Math.exp((logit - highest) / Math.sqrt(size)));
      const total = shares.reduce((a, b) => a + b);
      for (const c of channels) {
        attention[asker * width + c] =
          shares.reduce((sum, share, other) => sum + share * at(value, other, c), 0) / total;
      }
    }
  }
  (result as HostPlace).data = attention;
}
