import type { Tensor } from '../src/engine/backend.ts';
import { denoiseClip } from '../src/engine/clip.ts';
import { countOf, type Device, type Place } from '../src/engine/device.ts';
import { PackNetworks } from '../src/engine/networks.ts';
import type { Pack } from '../src/pack/manifest.ts';
import { DdimSchedule } from '../src/scd/ddim.ts';
import { WINDOWS } from '../src/scd/windows.ts';

/** What of a device is in use, in bytes of f32: places and tensors that nobody has given back. */
export class Meter {
  bytes = 0;
  peak = 0;

  /** The same device, counted. */
  on(device: Device): Device {
    const held = new WeakMap<object, number>();
    const take = <T extends Place | Tensor>(value: T): T => {
      held.set(value, 4 * countOf(value.shape));
      this.bytes += 4 * countOf(value.shape);
      this.peak = Math.max(this.peak, this.bytes);
      return value;
    };
    const give = (value: object) => {
      this.bytes -= held.get(value) ?? 0;
      held.delete(value);
    };
    const counted = (tensor: Tensor): Tensor => Object.assign(take(tensor), { dispose: () => give(tensor) });
    const calls: Partial<Device> = {
      place: (shape) => take(device.place(shape)),
      release: (place) => {
        give(place);
        device.release(place);
      },
      take: (place) => device.take(place).map(counted),
      upload: (values, shape) => counted(device.upload(values, shape)),
      compute: (...asked) => counted(device.compute(...asked)),
    };
    return new Proxy(device, {
      get(target, name) {
        const call = calls[name as keyof Device];
        if (call) return call;
        const value = target[name as keyof Device] as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }
}

export interface ClipMemory {
  /** The most that was in use while the clip was painted. */
  readonly peak: number;
  /** What was still in use when everything had been let go. */
  readonly left: number;
}

/** Paints a clip with a pack's motion modules, in one step, and says what that took. */
export async function clipMemory(
  device: Device,
  pack: Pack,
  size: { readonly width: number; readonly height: number },
  frames: number,
  tokens: readonly number[],
): Promise<ClipMemory> {
  const meter = new Meter();
  const networks = await PackNetworks.create(meter.on(device), pack, size);
  const schedule = new DdimSchedule(pack.manifest.configs.scheduler);
  const context = networks.upload(new Float32Array(countOf(tokens)), tokens);
  const shape = [1, pack.manifest.configs.unet.in_channels, size.height / 8, size.width / 8];
  const clip = { frames, shape, steps: 1, seed: 1, eta: 0, windows: WINDOWS, sharesNoise: false };
  const painting = denoiseClip(networks, schedule, clip, (_, samples, timestep) =>
    networks.evaluateClip(samples.map((sample) => ({ sample, pose: null, timestep, context }))),
  );
  for await (const { latents } of painting) latents.dispose();
  const { peak } = meter;
  context.dispose();
  networks.dispose();
  // Programs are let go when their promises have been heard.
  await new Promise((resolve) => setTimeout(resolve, 50));
  return { peak, left: meter.bytes };
}
