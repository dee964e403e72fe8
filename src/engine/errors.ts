import { PirouetteError, wireError } from '../errors.ts';

/** The page has no WebGPU, and the caller insisted on it. */
export class NoWebGpuError extends PirouetteError {
  constructor(reason: string) {
    super(
      `This browser gives the page no WebGPU device: ${reason}`,
      'Choose the WASM backend, or use a current Chrome, Edge or Safari with hardware acceleration switched on.',
    );
  }
}
wireError('NoWebGpuError', NoWebGpuError);

/** The device cannot hold or bind what the networks need. */
export class DeviceLimitError extends PirouetteError {
  constructor(limit: string, needed: number, available: number) {
    super(
      `The graphics device allows ${limit} up to ${available}, but this model at this size needs ${needed}.`,
      'Lower the image size, choose a smaller model, or choose the WASM backend.',
    );
  }
}
wireError('DeviceLimitError', DeviceLimitError);

/** A model that is known, before any of it is read, to need more than there is. */
export class DoesNotFitError extends PirouetteError {
  constructor(sentence: string) {
    super(
      sentence,
      'Lower the image size, choose a smaller model (or export this one with --precision int8), or compute on the other processor.',
    );
  }
}
wireError('DoesNotFitError', DoesNotFitError);

/** The device's or the page's memory ran out. */
export class OutOfMemoryError extends PirouetteError {
  constructor(doing: string, options?: ErrorOptions) {
    super(
      `Memory ran out while ${doing}.`,
      'Lower the image size first; then use fewer references, a smaller model, or close other tabs.',
      options,
    );
  }
}
wireError('OutOfMemoryError', OutOfMemoryError);

/** The device went away and could not be brought back. */
export class DeviceLostError extends PirouetteError {
  constructor(reason: string, options?: ErrorOptions) {
    super(
      `The graphics device was lost: ${reason}`,
      'Try again; if it happens again, lower the image size or choose the WASM backend.',
      options,
    );
  }
}
wireError('DeviceLostError', DeviceLostError);

/** The device, or the runtime on it, has not answered for so long that it never will. */
export class DeviceStalledError extends PirouetteError {
  constructor(doing: string, seconds: number) {
    super(
      `The graphics device gave no answer for ${seconds} seconds while ${doing}.`,
      'Try again; if it happens again, lower the image size or choose the WASM backend.',
    );
  }
}
wireError('DeviceStalledError', DeviceStalledError);

/** Infinities or NaN where an image should be. */
export class NotFiniteError extends PirouetteError {
  constructor(precision: 'f16' | 'f32') {
    super(
      `The network's numbers overflowed in ${precision}, so there is no image.`,
      precision === 'f16'
        ? 'Compute in f32.'
        : "The model's weights are unusable: get the pack again, or use another.",
    );
  }
}
wireError('NotFiniteError', NotFiniteError);

/** An argument that the engine cannot work with: a size, a pose, a count. */
export class WrongInputError extends PirouetteError {}
wireError('WrongInputError', WrongInputError);

/** A tensor of another shape than the network was made for. */
export class WrongShapeError extends PirouetteError {
  constructor(what: string, expected: readonly (number | string)[], found: readonly number[]) {
    super(
      `${what} has the shape [${found.join(', ')}] where [${expected.join(', ')}] is needed.`,
      "The pack's files do not fit together: check it with `npm run export -- --check`.",
    );
  }
}
wireError('WrongShapeError', WrongShapeError);

/** A call that needs something done first: a pack loaded, references set. */
export class NotReadyError extends PirouetteError {}
wireError('NotReadyError', NotReadyError);

/** A compiled network failed in a way that none of the other errors names. */
export class NetworkError extends PirouetteError {
  constructor(doing: string, options?: ErrorOptions) {
    const cause = options?.cause instanceof Error ? ` (${options.cause.message})` : '';
    super(
      `The network failed while ${doing}${cause}.`,
      'Try another backend; if a pack of your own is loaded, check it with `npm run export -- --check`.',
      options,
    );
  }
}
wireError('NetworkError', NetworkError);

/** The worker that runs the engine died. */
export class EngineDiedError extends PirouetteError {
  constructor(reason: string) {
    super(
      `The engine stopped working: ${reason}`,
      'It was started anew: try again, with a smaller image size if it repeats.',
    );
  }
}
wireError('EngineDiedError', EngineDiedError);
