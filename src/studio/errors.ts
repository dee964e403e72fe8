import { PirouetteError, wireError } from '../errors.ts';

/** A film can be gone on with by the model that began it only: half of it would look different. */
export class OtherModelError extends PirouetteError {
  constructor(name: string) {
    super(
      `This dance was begun with another model: ${name}.`,
      'Choose that model again in the settings, or make the dance anew with the present one. What is done is kept.',
    );
  }
}
wireError('OtherModelError', OtherModelError);

/** A film of which a file has gone from this browser's storage. */
export class FilmLostError extends PirouetteError {
  constructor(what: string) {
    super(
      `This browser no longer has ${what} of this dance.`,
      'The frames that are there can still be shown and saved. To go on, choose the files again.',
    );
  }
}
wireError('FilmLostError', FilmLostError);
