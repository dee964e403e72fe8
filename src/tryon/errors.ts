import { PirouetteError, wireError } from '../errors.ts';
import type { Kind } from './labels.ts';

export const KIND_NAMES: Readonly<Record<Kind, string>> = {
  top: 'top',
  bottom: 'trousers or skirt',
  dress: 'dress',
  shoes: 'pair of shoes',
  whole: 'whole look',
};

/** A garment's picture in which no garment can be told from the rest. */
export class NoGarmentError extends PirouetteError {
  constructor() {
    super(
      'No garment was found in the picture.',
      'Choose a picture of one garment on a plain ground, or of a person who wears it.',
    );
  }
}
wireError('NoGarmentError', NoGarmentError);

/** The picture shows a garment, but not of the kind that was asked for. */
export class OtherKindError extends PirouetteError {
  constructor(wanted: Kind, found: Kind) {
    super(
      `The picture shows a ${KIND_NAMES[found]}, not a ${KIND_NAMES[wanted]}.`,
      'Choose the kind that it shows, or another picture.',
    );
  }
}
wireError('OtherKindError', OtherKindError);

/** The part of the body that the garment goes on is not in the photo. */
export class NothingToDressError extends PirouetteError {
  constructor(kind: Kind) {
    super(
      `The photo does not show where a ${KIND_NAMES[kind]} would go.`,
      'Choose a photo that shows more of the person, or a garment for the part that it shows.',
    );
  }
}
wireError('NothingToDressError', NothingToDressError);

/** The mask leaves no pixel that may change. */
export class EmptyMaskError extends PirouetteError {
  constructor() {
    super('The mask is empty, so nothing would change.', 'Add to the mask where the garment is to go.');
  }
}
wireError('EmptyMaskError', EmptyMaskError);

/** The try-on pack could not be read. */
export class TryOnPackError extends PirouetteError {
  constructor(reason: string, options?: ErrorOptions) {
    super(
      `The try-on model could not be loaded: ${reason}`,
      'Check the connection and try again; photo and garment are kept.',
      options,
    );
  }
}
wireError('TryOnPackError', TryOnPackError);

/** The worker that dresses people died; the next try starts a new one. */
export class TryOnWorkerError extends PirouetteError {
  constructor(reason: string) {
    super(`Dressing stopped: ${reason}`, 'Try again: it starts anew. A smaller photo needs less memory.');
  }
}
wireError('TryOnWorkerError', TryOnWorkerError);
