import type { BackendKind } from '../../src/engine/api.ts';
import { createBackend } from '../../src/engine/backends.ts';
import { openPack } from '../../src/pack/open.ts';
import { causalMaskError } from './causal-mask.ts';
import { autoencoderErrors, type Errors, Truth, truthSize, unetErrors } from './parity-checks.ts';

export interface FixtureCheck {
  /** Below this address lie the pack and io.safetensors. */
  readonly url: string;
  readonly backend: BackendKind;
  readonly precision: 'f16' | 'f32';
}

export interface FixtureErrors {
  readonly device: string;
  readonly errors: Errors;
  /** Only where there is a U-Net to check, and only in f32. */
  readonly causalMaskError: number | null;
}

async function checkFixture({ url, backend: kind, precision }: FixtureCheck): Promise<FixtureErrors> {
  const pack = await openPack({ kind: 'url', url });
  const truth = new Truth(new Uint8Array(await (await fetch(`${url}io.safetensors`)).arrayBuffer()));
  const backend = await createBackend(kind, { precision, threads: 0 });
  const networks = await backend.build(pack, truthSize(truth));
  const isUNet = !truth.has('decoded');
  try {
    const check = isUNet ? unetErrors : autoencoderErrors;
    return {
      device: `${backend.device}, ${backend.precision}`,
      errors: await check(networks, pack.manifest, truth),
      causalMaskError: isUNet && precision === 'f32' ? await causalMaskError(pack, networks, truth) : null,
    };
  } finally {
    networks.dispose();
    backend.dispose();
  }
}

Object.assign(window, { checkFixture });
