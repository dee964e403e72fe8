import { planAutoencoder } from '../onnx/autoencoder.ts';
import type { ImageTokens } from '../onnx/image-encoder.ts';
import { type ImageEncoderPlan, planImageEncoder } from '../onnx/image-encoder.ts';
import { planPoseEncoder } from '../onnx/pose-encoder.ts';
import { planRetoucher } from '../onnx/retoucher.ts';
import type { SegmentPlan } from '../onnx/trace.ts';
import { planReferenceNet, planUNet, type ReferenceNetPlan, type UNetPlan } from '../onnx/unet.ts';
import { DdimSchedule } from '../scd/ddim.ts';
import { NetworksMismatchError } from './errors.ts';
import type { PackManifest } from './manifest.ts';

export interface NetworkPlans {
  readonly unet: UNetPlan;
  readonly poseEncoder: SegmentPlan;
  readonly autoencoder: ReturnType<typeof planAutoencoder> | undefined;
  readonly referenceNet: ReferenceNetPlan | undefined;
  readonly imageEncoder: ImageEncoderPlan | undefined;
  readonly retoucher: SegmentPlan | undefined;
}

/**
 * The graphs of a pack's networks. Throws for a network that is not built here, for networks that do not fit together,
 * and for a schedule that cannot be followed.
 */
export function planNetworks(configs: PackManifest['configs'], imageTokens?: ImageTokens): NetworkPlans {
  const { unet, poseEncoder, autoencoder, scheduler, referenceNet, imageEncoder, retoucher } = configs;
  new DdimSchedule(scheduler);
  const plans: NetworkPlans = {
    unet: planUNet(unet),
    poseEncoder: planPoseEncoder(poseEncoder),
    autoencoder: autoencoder && planAutoencoder(autoencoder),
    referenceNet: referenceNet && planReferenceNet(referenceNet),
    imageEncoder: imageEncoder && imageTokens && planImageEncoder(imageEncoder, imageTokens),
    retoucher: retoucher && planRetoucher(retoucher),
  };
  const fault = misfit(configs, plans);
  if (fault !== undefined) throw new NetworksMismatchError(fault);
  return plans;
}

function misfit(configs: PackManifest['configs'], plans: NetworkPlans): string | undefined {
  const { unet, poseEncoder, autoencoder, referenceNet, retoucher } = configs;
  const [first] = unet.block_out_channels;
  const features = poseEncoder.conditioning_embedding_channels;
  if (features !== first)
    return `the pose encoder makes ${features} channels and the U-Net starts with ${first}`;
  if (autoencoder && autoencoder.latent_channels !== unet.in_channels)
    return `the autoencoder makes ${autoencoder.latent_channels} channels and the U-Net takes ${unet.in_channels}`;
  const poseFactor = 2 ** (poseEncoder.block_out_channels.length - 1);
  const { factor } = plans.autoencoder ?? {};
  if (factor !== undefined && poseFactor !== factor)
    return `the autoencoder shrinks ${factor} times and the pose encoder ${poseFactor} times`;
  if (referenceNet && plans.referenceNet) {
    if (referenceNet.in_channels !== unet.in_channels)
      return `the reference net takes ${referenceNet.in_channels} channels and the U-Net ${unet.in_channels}`;
    if (attentionsOf(plans.referenceNet) !== attentionsOf(plans.unet))
      return "the reference net's self-attentions are not the U-Net's";
  }
  if (retoucher && !autoencoder)
    return 'a retoucher came without an autoencoder, whose pictures it would retouch';
  const { tokens } = plans.imageEncoder ?? {};
  if (tokens === undefined) return undefined;
  const readers = { 'U-Net': unet, 'reference net': referenceNet };
  for (const [title, config] of Object.entries(readers)) {
    const width = config?.cross_attention_dim;
    if (config && width !== tokens.width)
      return `the image encoder makes tokens of width ${tokens.width} and the ${title} reads ${width == null ? 'none' : `${width}`}`;
  }
  return undefined;
}

const attentionsOf = ({ attentions }: UNetPlan): string =>
  attentions.map(({ heads, headSize }) => `${heads}x${headSize}`).join();
