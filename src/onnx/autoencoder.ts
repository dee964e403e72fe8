import { planKlDecoder, planKlEncoder } from './autoencoder-kl.ts';
import { planTinyDecoder, planTinyEncoder } from './autoencoder-tiny.ts';
import type { AutoencoderConfig } from './configs.ts';
import { UnknownArchitectureError } from './errors.ts';
import type { SegmentPlan } from './trace.ts';

/**
 * Encoder: `image` in [-1, 1] to `latents` as the U-Net sees them. Decoder: the way back. `factor` is how many
 * pixels one latent is wide.
 */
export interface AutoencoderPlan {
  readonly encoder: SegmentPlan;
  readonly decoder: SegmentPlan;
  readonly factor: number;
}

export function planAutoencoder(config: AutoencoderConfig): AutoencoderPlan {
  if (config._class_name === 'AutoencoderTiny') {
    return {
      encoder: planTinyEncoder(config),
      decoder: planTinyDecoder(config),
      factor: 2 ** ((config.encoder_block_out_channels as number[]).length - 1),
    };
  }
  if (config._class_name === 'AutoencoderKL') {
    return {
      encoder: planKlEncoder(config),
      decoder: planKlDecoder(config),
      factor: 2 ** ((config.block_out_channels as number[]).length - 1),
    };
  }
  throw new UnknownArchitectureError('autoencoder', `_class_name is ${JSON.stringify(config._class_name)}`);
}
