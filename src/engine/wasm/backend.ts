import { DeviceBackend } from '../device-backend.ts';
import { WasmDevice, type WasmOptions } from './device.ts';

export class WasmBackend extends DeviceBackend<WasmDevice> {
  constructor(options: WasmOptions = {}) {
    super(new WasmDevice(options));
  }
}
