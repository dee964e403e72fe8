import { RETOUCHER_SEEN } from '../onnx/retoucher.ts';
import { planUNet } from '../onnx/unet.ts';
import { unetShape } from '../onnx/unet-shape.ts';
import { inWords as words } from '../pack/in-words.ts';
import type { Pack, PackManifest, PartFiles } from '../pack/manifest.ts';
import { roomLeft } from '../pack/room.ts';
import { WINDOWS } from '../scd/windows.ts';
import type { BackendKind } from './api.ts';
import type { Backend } from './backend.ts';
import { DoesNotFitError } from './errors.ts';
import type { Size } from './fit.ts';
import { MODULE_VALUES, maxFramesOf } from './motion.ts';

/** What a model will ask of the device at one size of picture, told from pack.json before any weights are read. */
export interface Needs {
  /** What is fetched or read. */
  readonly packBytes: number;
  /** The most that lies on the device in each pass; what a pass alone needs comes and goes with it. */
  readonly passes: {
    readonly reference: number;
    readonly painting: number;
    readonly decoding: number;
    /** Of a window of frames that motion modules join, where the pack has them. */
    readonly joining?: number;
  };
  readonly peakBytes: number;
  /** The largest that has to be bound as one. */
  readonly largestTensor: number;
}

/** What there is. Undefined is what the browser does not tell. */
export interface Room {
  readonly backend: BackendKind;
  /** WebGPU's maxBufferSize and maxStorageBufferBindingSize, the smaller of both. */
  readonly largestTensor?: number | undefined;
  /** navigator.deviceMemory, in bytes: rounded, and no more than 8 GiB in most browsers. */
  readonly memory?: number | undefined;
  /** Where the pack comes from the network: bytes that are yet to be kept for the next visit, and the room for them. */
  readonly storage?: { readonly unkept: number; readonly left: number } | undefined;
}

export interface Verdict {
  readonly fits: 'yes' | 'perhaps' | 'no';
  /** For people. */
  readonly sentence: string;
}

/** A wasm memory has no more addresses. */
const WASM_BYTES = 4 * 2 ** 30;
/** Where browsers stop telling how much memory there is. */
const UNTOLD_BYTES = 8 * 2 ** 30;

export function needsOf(manifest: PackManifest, size: Size, precision: 'f16' | 'f32'): Needs {
  const { configs, files, unet, poseEncoder, encoder, decoder, retoucher, referenceNet, imageEncoder } =
    manifest;
  const element = precision === 'f16' ? 2 : 4;
  const stored = manifest.precision === 'f16' ? 2 : 4;
  const isInt8 = manifest.weights === 'int8';
  const weigh = (part: PartFiles): number =>
    ((files[part.weights]?.bytes ?? 0) * element) / stored + (files[part.graph]?.bytes ?? 0);
  // What is in 8 bits stays so, and the floats beside it are few.
  const weighLarge = (part: PartFiles): number =>
    isInt8 ? (files[part.weights]?.bytes ?? 0) + (files[part.graph]?.bytes ?? 0) : weigh(part);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const small = [poseEncoder, encoder, decoder, retoucher].flatMap((part) => (part ? weigh(part) : []));
  const resident = sum([...unet.map(weighLarge), ...small]);
  // Part by part: one of them at a time is on the device.
  const visiting = Math.max(0, ...[...(referenceNet ?? []), ...(imageEncoder ?? [])].map(weighLarge));

  const shape = unetShape(configs.unet);
  const factor = 2 ** (configs.poseEncoder.block_out_channels.length - 1);
  const latents = (size.width / factor) * (size.height / factor);
  const levels = shape.levels.map(({ channels }, i) => {
    const tokens = latents / 4 ** i;
    const below = shape.levels[i + 1]?.channels ?? channels;
    // A skip joins what comes up from below; a feed-forward layer is eight times as wide as its tokens.
    return { tokens, channels, widest: Math.max(channels + below, 8 * channels) };
  });
  const kept = sum(
    levels.map(({ tokens, channels }, i) => {
      const { downAttends, upAttends, layers, transformerLayers } = shape.levels[
        i
      ] as (typeof shape.levels)[0];
      const cuts = (downAttends ? layers : 0) + (upAttends ? layers + 1 : 0);
      return 2 * cuts * transformerLayers * tokens * channels * element;
    }),
  );
  const unetTensor = Math.max(...levels.map(({ tokens, widest }) => tokens * widest)) * element;
  const widest = Math.max(widestOfDecoder(configs.autoencoder), widestOfRetoucher(configs.retoucher));
  const pictureTensor = widest * size.width * size.height * element;
  const weightTensor =
    Math.max(
      ...planUNet(configs.unet).segments.flatMap(({ weights }) =>
        weights.map(({ shape: dims }) => dims.reduce((product, dim) => product * dim, 1)),
      ),
    ) * element;
  // Some weights at a time are made floats, and turned for a convolution.
  const unpacked = isInt8 ? 4 * weightTensor : 0;
  const passes = {
    reference: resident + visiting + kept + unpacked + 4 * unetTensor,
    painting: resident + kept + unpacked + 4 * unetTensor,
    decoding: resident + kept + 4 * pictureTensor,
  };
  const { motion = [] } = manifest;
  const joining = configs.motion
    ? passes.painting +
      sum(motion.map(weighLarge)) +
      windowValues(shape, latents, Math.min(WINDOWS.size, maxFramesOf(configs.motion))) * element +
      MODULE_VALUES * element
    : undefined;
  return {
    packBytes: sum(Object.values(files).map(({ bytes }) => bytes)),
    passes: { ...passes, ...(joining !== undefined && { joining }) },
    peakBytes: Math.max(...Object.values(passes), joining ?? 0),
    largestTensor: Math.max(unetTensor, pictureTensor, weightTensor),
  };
}

/** Values that the frames of a window leave behind between two parts: skips, and where they meet three of the widest. */
function windowValues({ levels }: ReturnType<typeof unetShape>, latents: number, frames: number): number {
  const sizes = levels.map(({ channels, layers }, i) => ({ values: (latents / 4 ** i) * channels, layers }));
  const skips = sizes.reduce((total, { values, layers }) => total + values * (layers + 1), 0);
  return frames * (skips + 3 * Math.max(...sizes.map(({ values }) => values)));
}

/** Channels a pixel of the widest tensor in a decoder, at the picture's own size. */
function widestOfDecoder(autoencoder: PackManifest['configs']['autoencoder']): number {
  if (autoencoder === undefined) return 0;
  const tiny = autoencoder.decoder_block_out_channels;
  if (Array.isArray(tiny)) return Math.max(...tiny);
  const widths = autoencoder.block_out_channels;
  if (!Array.isArray(widths)) return 0;
  // Each level begins with what came up from the one below it.
  return Math.max(...widths.map((width, i) => Math.max(width, widths[i + 1] ?? 0) / 4 ** i));
}

/** The same of a retoucher: what it has made of all that it sees, beside all that. */
function widestOfRetoucher(retoucher: PackManifest['configs']['retoucher']): number {
  if (retoucher === undefined) return 0;
  return retoucher.last_channels + RETOUCHER_SEEN;
}

/** Whether a model will run here, in one sentence. */
export function judge(needs: Needs, room: Room, size: Size): Verdict {
  const { packBytes, passes, peakBytes, largestTensor } = needs;
  const at = `at ${size.width} × ${size.height}`;
  const device = room.backend === 'webgpu' ? 'graphics memory' : 'memory';
  if (room.largestTensor !== undefined && largestTensor > room.largestTensor) {
    return {
      fits: 'no',
      sentence: `This model ${at} has parts of ${words(largestTensor)}, and the graphics device takes ${words(room.largestTensor)} at most.`,
    };
  }
  if (room.backend === 'wasm' && peakBytes > WASM_BYTES) {
    return {
      fits: 'no',
      sentence: `This model needs ${words(peakBytes)} of memory ${at}, and the processor's engine can have ${words(WASM_BYTES)}.`,
    };
  }
  const joined = passes.joining === undefined ? '' : `, ${words(passes.joining)} for frames that are joined`;
  const takes = `The model is ${words(packBytes)} large and takes up to ${words(peakBytes)} of ${device} ${at} (${words(passes.reference)} for the photo, ${words(passes.painting)} for the frames, ${words(passes.decoding)} for their pictures${joined})`;
  if (room.memory !== undefined && peakBytes > room.memory) {
    const has = `${room.memory >= UNTOLD_BYTES ? 'at least ' : ''}${words(room.memory)}`;
    return { fits: 'perhaps', sentence: `${takes}; this device says it has ${has}, so it may not fit.` };
  }
  if (room.storage !== undefined && room.storage.unkept > room.storage.left) {
    const { unkept, left } = room.storage;
    return {
      fits: 'perhaps',
      sentence: `${takes}; the browser has room to keep ${words(left)} more of it and lacks ${words(unkept - left)}, so some will be fetched anew at the next visit.`,
    };
  }
  return { fits: 'yes', sentence: `${takes}; this device should take it.` };
}

/** Models smaller than this are loaded without a word. */
const WORTH_SAYING = 500e6;

/**
 * Before gigabytes are moved: throws for a model that cannot run here, and says what a large one will take. Undefined
 * where there is nothing to say.
 */
export async function weigh(pack: Pack, backend: Backend, size: Size): Promise<string | undefined> {
  const needs = needsOf(pack.manifest, size, backend.precision);
  const unkept = await pack.unkeptBytes?.();
  const left = unkept && (await roomLeft());
  const { deviceMemory } = (globalThis.navigator ?? {}) as { readonly deviceMemory?: number };
  const { fits, sentence } = judge(
    needs,
    {
      backend: backend.kind,
      largestTensor: backend.largestTensor,
      memory: deviceMemory && deviceMemory * 2 ** 30,
      ...(unkept && left !== undefined && { storage: { unkept, left } }),
    },
    size,
  );
  if (fits === 'no') throw new DoesNotFitError(sentence);
  return fits === 'yes' && needs.peakBytes < WORTH_SAYING ? undefined : sentence;
}
