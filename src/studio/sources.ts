/** Who dances, and what: the two things that a film is made of, as they are before anything is painted. */
import type { Outlined } from '../pose/detector.ts';
import type { Pose, Sighting, Track } from '../pose/index.ts';
import type { PoseSource } from '../pose/picture.ts';

/** A photo of the person who is to dance. */
export interface Person {
  /** The file's fingerprint. */
  readonly id: string;
  readonly name: string;
  readonly file: Blob;
  readonly image: ImageBitmap;
  readonly people: readonly Pose[];
  /** Which of `people` dances. */
  readonly person: number;
  /** That person's joints, as found or as corrected by hand. */
  readonly pose: Pose;
  readonly corrected: boolean;
  readonly notes: readonly string[];
}

export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A clip, and who was seen in it. */
export interface DanceClip {
  readonly id: string;
  readonly name: string;
  readonly file: Blob;
  readonly frameRate: number;
  readonly hasSound: boolean;
  readonly trim: Range;
  /** The part in which people have been looked for; it holds the trim once that work is done. */
  readonly watched: Range | null;
  readonly sightings: readonly Sighting[];
  /** Where the person pointed to have somebody else followed. */
  readonly pointed: { readonly time: number; readonly x: number; readonly y: number } | null;
}

/** A pose track from a file. */
export interface DancePoses {
  readonly name: string;
  readonly track: Track;
  /** The part that is used where no clip has a trim of its own; all of it if this is null. */
  readonly trim: Range | null;
}

/** The motion: what is seen in a clip, or poses in its place; a clip beside them gives trim and sound. */
export interface Dance {
  readonly clip: DanceClip | null;
  readonly poses: DancePoses | null;
}

/** What the studio asks of a pose model; `PoseClient` is one. */
export interface PoseFinder {
  find(picture: PoseSource): Promise<Pose[]>;
  outline(picture: PoseSource): Promise<Outlined[]>;
  follow(frame: ImageBitmap | VideoFrame, timeMs: number): Promise<Pose[]>;
  forget(): Promise<void>;
}
