import type { BackendKind } from '../../src/engine/api.ts';
import { createBackend } from '../../src/engine/backends.ts';
import { openPack } from '../../src/pack/open.ts';
import { type Errors, Truth } from './parity-checks.ts';
import { partErrors, partSize } from './sd-parts-checks.ts';

export interface PartCheck {
  /** Below this address lie the pack and io.safetensors. */
  readonly url: string;
  readonly backend: BackendKind;
}

export interface PartFound {
  readonly device: string;
  readonly errors: Errors;
}

async function checkPart({ url, backend: kind }: PartCheck): Promise<PartFound> {
  const truth = new Truth(new Uint8Array(await (await fetch(`${url}/io.safetensors`)).arrayBuffer()));
  const backend = await createBackend(kind, { precision: 'f32', threads: 0 });
  const pack = await openPack({ kind: 'url', url: `${url}/pack` });
  const networks = await backend.build(pack, partSize(truth));
  try {
    return {
      device: `${backend.device}, ${backend.precision}`,
      errors: await partErrors(networks, pack.manifest, truth),
    };
  } finally {
    networks.dispose();
    backend.dispose();
  }
}

Object.assign(window, { checkPart });
