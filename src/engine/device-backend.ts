import type { Pack } from '../pack/manifest.ts';
import type { Backend, Networks } from './backend.ts';
import type { Device } from './device.ts';
import type { Size } from './fit.ts';
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

  dispose(): void {
    this.on.dispose();
  }
}
