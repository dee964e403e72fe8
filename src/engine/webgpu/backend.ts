import { DeviceBackend } from '../device-backend.ts';
import { WebGpuDevice, type WebGpuOptions } from './device.ts';

export class WebGpuBackend extends DeviceBackend<WebGpuDevice> {
  static async open(options: WebGpuOptions): Promise<WebGpuBackend> {
    return new WebGpuBackend(await WebGpuDevice.open(options));
  }
}
