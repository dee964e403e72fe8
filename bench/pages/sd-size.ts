import type { BackendKind } from '../../src/engine/api.ts';
import { createBackend } from '../../src/engine/backends.ts';
import { referenceEvaluation } from '../../src/engine/denoiser.ts';
import { openPack } from '../../src/pack/open.ts';
import { type Errors, Truth, truthSize } from './parity-checks.ts';

export interface SdSizeCheck {
  /** Below this address lies the pack. */
  readonly pack: string;
  /** The address of what PyTorch computed. */
  readonly truth: string;
  readonly backend: BackendKind;
}

export interface SdSizeFound {
  readonly device: string;
  /** Over the standard deviation of the truth. */
  readonly errors: Errors;
  readonly loadSeconds: number;
  readonly secondsAnEvaluation: number;
}

/** Loads the pack and passes the truth's inputs through it: the reference, and a target that sees it. */
async function checkSdSize({ pack: url, truth: at, backend: kind }: SdSizeCheck): Promise<SdSizeFound> {
  const truth = new Truth(new Uint8Array(await (await fetch(at)).arrayBuffer()));
  const backend = await createBackend(kind, { precision: 'f32', threads: 0 });
  const started = performance.now();
  const networks = await backend.build(await openPack({ kind: 'url', url }), truthSize(truth));
  const loadSeconds = (performance.now() - started) / 1000;
  const errors: Errors = {};
  const check = async (name: string, tensor: Parameters<typeof networks.download>[0]): Promise<void> => {
    errors[name] = truth.error(name, await networks.download(tensor));
  };
  try {
    const context = truth.has('tokens') ? truth.upload(networks, 'tokens') : null;
    const referencePose = await networks.encodePose(truth.upload(networks, 'reference_pose_image'));
    await check('reference_pose_features', referencePose);
    const pose = await networks.encodePose(truth.upload(networks, 'target_pose_image'));
    await check('target_pose_features', pose);

    const latents = truth.upload(networks, 'reference_latents');
    const reference = referenceEvaluation(latents, referencePose, context);
    await check('reference_output', await networks.evaluate(reference));
    const memory = await networks.remember([reference]);
    const sample = truth.upload(networks, 'noise');
    const before = performance.now();
    await check(
      'target_output.t500',
      await networks.evaluate({ sample, pose, context, timestep: 500, memory }),
    );
    const secondsAnEvaluation = (performance.now() - before) / 1000;
    return { device: `${backend.device}, ${backend.precision}`, errors, loadSeconds, secondsAnEvaluation };
  } finally {
    networks.dispose();
    backend.dispose();
  }
}

Object.assign(window, { checkSdSize });
