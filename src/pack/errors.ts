import { PirouetteError, wireError } from '../errors.ts';
import { inBrief } from '../onnx/text.ts';
import { inWords } from './in-words.ts';

/** Weights that should become a pack lack a file. */
export class WeightsNotFoundError extends PirouetteError {
  constructor(folder: string, what: string, looked: readonly string[]) {
    super(
      `${folder} has no ${what}: none of ${looked.join(', ')} is there.`,
      "Point at a folder in diffusers' layout, with unet/, pose_encoder/, vae/ and scheduler/.",
    );
  }
}
wireError('WeightsNotFoundError', WeightsNotFoundError);

/** A PyTorch file that is damaged, or of a kind that is not read here. */
export class TorchFileError extends PirouetteError {
  constructor(file: string, fault: string) {
    super(
      `${file} cannot be read as a PyTorch file: ${inBrief(fault)}.`,
      'Use the .safetensors file of the same weights, or load it with a current PyTorch and save it again.',
    );
  }
}
wireError('TorchFileError', TorchFileError);

/** A pickle that names something besides tensors. Nothing of it was run. */
export class UnsafePickleError extends PirouetteError {
  constructor(
    file: string,
    readonly found: string,
  ) {
    super(
      `${file} asks for ${inBrief(found)}. Only tensors are read from PyTorch files, and nothing in them is run.`,
      'Use the .safetensors file of the same weights, or save its state_dict alone if you trust where it came from.',
    );
  }
}
wireError('UnsafePickleError', UnsafePickleError);

/** Weights of a family whose networks are not built here. */
export class UnsupportedWeightsError extends PirouetteError {
  constructor(
    file: string,
    what: string,
    remedy = 'Use weights that were tuned from Stable Diffusion 1 or 2 (docs/BRING-YOUR-OWN-WEIGHTS.md).',
  ) {
    super(`${file} holds ${what}.`, remedy);
  }
}
wireError('UnsupportedWeightsError', UnsupportedWeightsError);

/** Weights that take the reference from a second U-Net, which is not there. */
export class ReferenceNetError extends PirouetteError {
  constructor(
    folder: string,
    readonly files: readonly string[],
  ) {
    super(
      `${folder} holds AnimateAnyone's weights (${files.join(', ')}) without their reference net, and without it the denoiser never sees the person.`,
      'Put reference_unet.pth beside them, or use a U-Net that was trained for both passes.',
    );
  }
}
wireError('ReferenceNetError', ReferenceNetError);

export class ConfigFileError extends PirouetteError {
  constructor(file: string, fault: string) {
    super(`${file} cannot be used: ${fault}.`, 'Save the configs again, or download them again.');
  }
}
wireError('ConfigFileError', ConfigFileError);

/** Networks that were not made for each other. */
export class NetworksMismatchError extends PirouetteError {
  constructor(fault: string) {
    super(`These networks do not fit together: ${fault}.`, 'Use networks that were trained together.');
  }
}
wireError('NetworksMismatchError', NetworksMismatchError);

/** The browser has no room for a pack that is being made. */
export class NoRoomError extends PirouetteError {
  /** `left` is what there was before anything was written; without it, the room ran out on the way. */
  constructor(what: string, bytes: number, left?: number) {
    super(
      left === undefined
        ? `There is no room for ${what}: the browser took less than its ${bytes} bytes.`
        : `There is no room for ${what}: it takes ${inWords(bytes)}, and the browser has ${inWords(left)} left for this page. ${inWords(bytes - left)} are missing.`,
      'Free space on the disk, remove kept packs, or export with npm run export.',
    );
  }
}
wireError('NoRoomError', NoRoomError);

/** The worker that makes a pack of a person's weights died. */
export class ImportDiedError extends PirouetteError {
  constructor(reason: string) {
    super(
      `The import stopped: ${reason}`,
      'Try again; if it happens again, export the weights with npm run export and choose the pack.',
    );
  }
}
wireError('ImportDiedError', ImportDiedError);

export class PackNotFoundError extends PirouetteError {
  constructor(where: string, options?: ErrorOptions) {
    super(
      `There is no model pack at ${where}.`,
      'Check the address, or choose the folder or zip that holds pack.json.',
      options,
    );
  }
}
wireError('PackNotFoundError', PackNotFoundError);

/** Something that calls itself a pack, or should be one, and is not. */
export class PackFormatError extends PirouetteError {
  constructor(fault: string) {
    super(
      `This is not a model pack that Pirouette can read: ${inBrief(fault)}.`,
      'Export it again with npm run export.',
    );
  }
}
wireError('PackFormatError', PackFormatError);

/** A graph that is not the one its config describes: nothing but graphs of our own writing reaches the runtime. */
export class ForeignGraphError extends PirouetteError {
  constructor(
    readonly file: string,
    fault: string,
  ) {
    super(
      `${file} is not the graph that its config describes: ${inBrief(fault)}.`,
      'Export the pack again with npm run export.',
    );
  }
}
wireError('ForeignGraphError', ForeignGraphError);

export class PackVersionError extends PirouetteError {
  constructor(found: number, known: number) {
    super(
      `This pack is of format ${found}, and this version of Pirouette reads formats up to ${known}.`,
      'Reload the page for a newer Pirouette, or export the pack with this one.',
    );
  }
}
wireError('PackVersionError', PackVersionError);

export class PackCorruptError extends PirouetteError {
  constructor(
    readonly file: string,
    fault: string,
  ) {
    super(
      `The pack's file ${file} is damaged: ${fault}.`,
      'Load the pack again; if it stays damaged, export it again.',
    );
  }
}
wireError('PackCorruptError', PackCorruptError);

/** The network gave way before a file had come in full; what came is kept. */
export class PackDownloadError extends PirouetteError {
  constructor(file: string, fault: string, options?: ErrorOptions) {
    super(
      `The pack's file ${file} could not be downloaded: ${fault}.`,
      'Check the connection and load the pack again: the download goes on from where it stopped.',
      options,
    );
  }
}
wireError('PackDownloadError', PackDownloadError);
