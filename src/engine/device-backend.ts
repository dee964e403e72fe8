import type { Pack } from '../pack/manifest.ts';
import type { Backend, LayerNetworks, Networks, Tensor } from './backend.ts';
import type { Device } from './device.ts';
import type { Size } from './fit.ts';
import { PackLayers } from './layers.ts';
import { PackNetworks } from './networks.ts';

/** A device as the engine sees it. */
export class DeviceBackend<D extends Device> implements Backend {
  /** For tests, which take devices away and count what is left on them. */
  readonly on: D;

  constructor(device: D) {
    this.on = device;
  }

  get kind() {
    return this.on.kind;
  }

  get precision() {
    return this.on.precision;
  }

  get device() {
    return this.on.name;
  }

  get threads() {
    return this.on.threads;
  }

  get largestTensor() {
    return this.on.largestTensor;
  }

  get lost() {
    return this.on.lost;
  }

  build(pack: Pack, size: Size, signal?: AbortSignal): Promise<Networks> {
    return PackNetworks.create(this.on, pack, size, signal);
  }

  buildLayers(pack: Pack, size: Size, signal?: AbortSignal): Promise<LayerNetworks> {
    return PackLayers.create(this.on, pack, size, signal);
  }

  pixels(picture: Tensor): Promise<Uint8ClampedArray<ArrayBuffer>> {
    return this.on.pixels(picture);
  }

  dispose(): void {
    this.on.dispose();
  }
}
