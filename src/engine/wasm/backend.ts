import type { Pack, PartFiles } from '../../pack/manifest.ts';
import type { Backend, Networks } from '../backend.ts';
import { type Size, WasmNetworks } from './networks.ts';
import { type RuntimeFiles, type Session, startRuntime } from './runtime.ts';
import { createPart, SegmentedUNet } from './unet.ts';

export interface WasmOptions {
  /** 0: as many as the machine has, up to eight. */
  readonly threads?: number;
  /** Where ONNX Runtime's own files are; without them it looks beside itself. */
  readonly files?: RuntimeFiles;
}

/** The backend of machines without a GPU: ONNX Runtime's wasm kernels, in f32, on threads where the page may have them. */
export class WasmBackend implements Backend {
  readonly kind = 'wasm';
  readonly precision = 'f32';
  readonly device: string;
  readonly threads: number;
  readonly lost = new Promise<string>(() => undefined);

  constructor({ threads = 0, files }: WasmOptions = {}) {
    this.threads = startRuntime(threads, files);
    this.device = this.threads === 1 ? 'one processor thread' : `${this.threads} processor threads`;
  }

  async build(pack: Pack, size: Size, signal?: AbortSignal): Promise<Networks> {
    const { manifest } = pack;
    const made: { dispose(): void }[] = [];
    const keep = <T extends { dispose(): void }>(part: T): T => {
      made.push(part);
      return part;
    };
    const part = async (files: PartFiles): Promise<Session> => keep(await createPart(pack, files, signal));
    try {
      return new WasmNetworks(pack, size, {
        unet: keep(await SegmentedUNet.create(pack, signal)),
        poseEncoder: await part(manifest.poseEncoder),
        encoder: manifest.encoder && (await part(manifest.encoder)),
        decoder: manifest.decoder && (await part(manifest.decoder)),
        retoucher: manifest.retoucher && (await part(manifest.retoucher)),
      });
    } catch (error) {
      for (const part of made) part.dispose();
      throw error;
    }
  }

  dispose(): void {}
}
