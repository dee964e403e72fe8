import { describe, expect, it } from 'vitest';
import { fromWire, PirouetteError, toWire } from '../errors.ts';
import * as errors from './errors.ts';

describe('faults of the media room', () => {
  const faults = [
    new errors.EmptyFileError(),
    new errors.UnknownFileError('clip', 'a text file'),
    new errors.WrongKindError('photo', 'an MP4 video'),
    new errors.TruncatedFileError('video'),
    new errors.DamagedFileError('picture'),
    new errors.UnsupportedCodecError('H.265 (HEVC)'),
    new errors.UnsupportedPictureError('HEIC'),
    new errors.NoFramesError('clip'),
    new errors.PictureTooLargeError(60_000, 60_000),
    new errors.MediaTimeoutError('Opening the clip'),
    new errors.CannotEncodeError('WebP pictures'),
    new errors.StorageFullError(),
    new errors.FileAccessError(),
    new errors.CopyRefusedError(),
    new errors.CameraDeniedError(),
    new errors.CameraMissingError(),
    new errors.CameraBusyError(),
    new errors.CameraLostError(),
    new errors.CameraUnsupportedError(),
    new errors.MicrophoneError(),
  ];

  it.each(faults.map((fault) => [fault.constructor.name, fault] as const))(
    '%s has two sentences and crosses a worker’s edge as itself',
    (name, fault) => {
      expect(fault.message).toMatch(/^[A-Z].*\.$/);
      expect(fault.remedy).toMatch(/^[A-Z].*\.$/);
      const arrived = fromWire(structuredClone(toWire(fault)));
      expect(arrived).toBeInstanceOf(fault.constructor);
      expect(arrived).toMatchObject({ name, message: fault.message, remedy: fault.remedy });
    },
  );

  it('are all tried here', () => {
    const classes = Object.values(errors).filter((each) => each.prototype instanceof PirouetteError);
    const roots: unknown[] = [errors.FileError, errors.CameraError];
    expect(classes.filter((each) => !roots.includes(each))).toHaveLength(faults.length);
  });
});
