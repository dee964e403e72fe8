import { PirouetteError, wireError } from '../errors.ts';

const CONVERT =
  'Convert it to an MP4 with H.264 video, for example with HandBrake or VLC, and choose that file.';

/** The root of the faults that lie in a chosen file. */
export class FileError extends PirouetteError {}

export class EmptyFileError extends FileError {
  constructor() {
    super('This file is empty.', 'It may not have finished copying or downloading: fetch it again.');
  }
}

/** Neither a picture nor a clip that anyone here knows, whatever its name says. */
export class UnknownFileError extends FileError {
  constructor(wanted: 'photo' | 'clip', found: string) {
    super(
      `This file is ${found}, not a ${wanted === 'photo' ? 'picture' : 'video'}.`,
      wanted === 'photo'
        ? 'Choose a PNG, JPEG, WebP or AVIF picture.'
        : 'Choose an MP4, MOV, WebM or MKV video.',
    );
  }
}

/** A clip where a photo is wanted, or the other way round. */
export class WrongKindError extends FileError {
  constructor(wanted: 'photo' | 'clip', found: string) {
    super(
      `This file is ${found}; here a ${wanted === 'photo' ? 'photo' : 'clip'} is wanted.`,
      wanted === 'photo' ? 'Drop it on the clip instead.' : 'Drop it on the photo instead.',
    );
  }
}

export class TruncatedFileError extends FileError {
  constructor(what: 'picture' | 'video', options?: ErrorOptions) {
    super(
      `This ${what} file stops in the middle; its end is missing.`,
      'Copy or download it again, and let that finish.',
      options,
    );
  }
}

export class DamagedFileError extends FileError {
  constructor(what: 'picture' | 'video', options?: ErrorOptions) {
    super(
      `This ${what} file is damaged and cannot be read.`,
      what === 'picture' ? 'Open it in another program and save it again.' : CONVERT,
      options,
    );
  }
}

export class UnsupportedCodecError extends FileError {
  constructor(codec: string, options?: ErrorOptions) {
    super(`This browser cannot decode ${codec} video.`, CONVERT, options);
  }
}

export class UnsupportedPictureError extends FileError {
  constructor(format: string, options?: ErrorOptions) {
    super(
      `This browser cannot open ${format} pictures.`,
      'Save it as a PNG or JPEG and choose that file.',
      options,
    );
  }
}

export class NoFramesError extends FileError {
  constructor(where: 'clip' | 'trim') {
    super(
      where === 'clip'
        ? 'This file has no moving picture in it.'
        : 'There is no frame between start and end.',
      where === 'clip'
        ? 'Choose a clip that has video, not sound alone.'
        : 'Choose a longer part of the clip.',
    );
  }
}

export class PictureTooLargeError extends FileError {
  constructor(width: number, height: number) {
    super(
      `This picture is ${width} by ${height} pixels, more than can be opened here.`,
      'Scale it down to 8,000 pixels a side or less.',
    );
  }
}

/** Something that should move on did not. */
export class MediaTimeoutError extends PirouetteError {
  constructor(doing: string) {
    super(
      `${doing} takes too long; nothing has moved for several seconds.`,
      'Try again; if it happens again, the file is probably damaged.',
    );
  }
}

export class CannotEncodeError extends PirouetteError {
  constructor(what: string, options?: ErrorOptions) {
    super(
      `This browser cannot write ${what}.`,
      'Choose another format, or use a current Chrome, Edge, Firefox or Safari.',
      options,
    );
  }
}

export class StorageFullError extends PirouetteError {
  constructor(options?: ErrorOptions) {
    super(
      'There is no room left to write the result.',
      'Free some space on the disk, or save a shorter or smaller film.',
      options,
    );
  }
}

export class FileAccessError extends PirouetteError {
  constructor(options?: ErrorOptions) {
    super(
      'The file can no longer be read or written.',
      'It may have been moved, changed or taken away: choose it again.',
      options,
    );
  }
}

export class CopyRefusedError extends PirouetteError {
  constructor(options?: ErrorOptions) {
    super(
      'The browser did not let the picture be copied.',
      'Click into the page and try again, or save the picture as a file.',
      options,
    );
  }
}

/** The root of the faults of a camera. */
export class CameraError extends PirouetteError {}

export class CameraDeniedError extends CameraError {
  constructor(options?: ErrorOptions) {
    super(
      'The camera may not be used by this page.',
      'Allow it in the address bar (the camera sign), or in the settings of the system, and try again.',
      options,
    );
  }
}

export class CameraMissingError extends CameraError {
  constructor(options?: ErrorOptions) {
    super('No camera was found.', 'Plug one in, or use a clip instead.', options);
  }
}

export class CameraBusyError extends CameraError {
  constructor(options?: ErrorOptions) {
    super('The camera is in use by another program.', 'Close that program and try again.', options);
  }
}

export class CameraLostError extends CameraError {
  constructor() {
    super(
      'The camera has stopped: it was unplugged, taken by another program, or its permission was withdrawn.',
      'Plug it in or allow it again; what was recorded until then is kept.',
    );
  }
}

export class CameraUnsupportedError extends CameraError {
  constructor() {
    super('This page cannot reach a camera.', 'Open it over https or on localhost in a current browser.');
  }
}

export class MicrophoneError extends PirouetteError {
  constructor(options?: ErrorOptions) {
    super(
      'The microphone cannot be used: it was refused, is missing, or is taken by another program.',
      'Allow it in the address bar, or record without sound.',
      options,
    );
  }
}

for (const [name, errorClass] of Object.entries({
  EmptyFileError,
  UnknownFileError,
  WrongKindError,
  TruncatedFileError,
  DamagedFileError,
  UnsupportedCodecError,
  UnsupportedPictureError,
  NoFramesError,
  PictureTooLargeError,
  MediaTimeoutError,
  CannotEncodeError,
  StorageFullError,
  FileAccessError,
  CopyRefusedError,
  CameraDeniedError,
  CameraMissingError,
  CameraBusyError,
  CameraLostError,
  CameraUnsupportedError,
  MicrophoneError,
})) {
  wireError(name, errorClass);
}
