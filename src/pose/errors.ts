import { PirouetteError, wireError } from '../errors.ts';

/** Not one person was found where one is needed. */
export class NoPersonError extends PirouetteError {
  constructor(where: 'photo' | 'clip') {
    super(
      `No person was found in the ${where}.`,
      where === 'photo'
        ? 'Choose a photo that shows one person clearly, best from head to feet and not too small.'
        : 'Choose a clip in which a person is clearly visible, or another part of this one.',
    );
  }
}
wireError('NoPersonError', NoPersonError);

/** A person was found, but too little of them to move by. */
export class TooLittleSeenError extends PirouetteError {
  constructor(
    readonly where: 'photo' | 'clip',
    missing: string,
  ) {
    super(
      `Too little of the person is visible in the ${where}: ${missing}.`,
      where === 'photo'
        ? 'Choose a photo that shows the person at least from head to hips, or move the missing joints to their places.'
        : 'Choose a clip that shows the dancer at least from head to hips, or another part of this one.',
    );
  }
}
wireError('TooLittleSeenError', TooLittleSeenError);

/** The person is to be cut out of their photo, and nothing says where they end. */
export class NoOutlineError extends PirouetteError {
  constructor() {
    super(
      'The outline of the person was not found in the photo, so they cannot be cut out.',
      'Choose another background in the settings: the photo’s own, or held still.',
    );
  }
}
wireError('NoOutlineError', NoOutlineError);

/** The pose network or its runtime could not be loaded. */
export class PoseModelError extends PirouetteError {
  constructor(source: string, reason: string, options?: ErrorOptions) {
    super(
      `The pose model could not be loaded from ${source}: ${reason}`,
      'Check the connection and reload the page.',
      options,
    );
  }
}
wireError('PoseModelError', PoseModelError);

/** The pose network failed on a picture. */
export class PoseDetectionError extends PirouetteError {
  constructor(reason: string, options?: ErrorOptions) {
    super(
      `Looking for people in a picture failed: ${reason}`,
      'Try again; if it happens again, choose a smaller picture.',
      options,
    );
  }
}
wireError('PoseDetectionError', PoseDetectionError);

/** The pose worker died, or never started; the next call starts a new one. */
export class PoseWorkerError extends PirouetteError {
  constructor(reason: string) {
    super(
      `The pose worker stopped: ${reason}`,
      'Try again: it starts anew. If it keeps stopping, close other tabs.',
    );
  }
}
wireError('PoseWorkerError', PoseWorkerError);

/** A file that should hold a pose track does not. */
export class PoseFileError extends PirouetteError {
  constructor(reason: string, options?: ErrorOptions) {
    super(
      `This is not a pose file that Pirouette can read: ${reason}`,
      "Choose a track saved by Pirouette, or OpenPose's JSON with people[].pose_keypoints_2d of 18 or 25 joints.",
      options,
    );
  }
}
wireError('PoseFileError', PoseFileError);
