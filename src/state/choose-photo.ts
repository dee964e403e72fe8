import { NoPersonError } from '../pose/errors.ts';
import type { Pose } from '../pose/types.ts';
import { Latest } from '../studio/latest.ts';
import { type PhotoChoice, type PhotoPlace, useChoices } from './choices.ts';
import { problemOf } from './problem.ts';
import { studio } from './studio.ts';
import { retire } from './undo.ts';

/** A file that has to be fetched first, with the people who were found in it before. */
export type BringPhoto = (
  signal: AbortSignal,
) => Promise<{ readonly file: Blob; readonly known?: readonly Pose[] | undefined }>;

const latest = new Latest();

/** Opens a photo and looks for its people, unless they are known. On a fault the photo that was there stays. */
export async function choosePhoto(
  source: Blob | BringPhoto,
  name: string,
  place: PhotoPlace = 'main',
): Promise<boolean> {
  return take(place, async (signal) => {
    const { file, known } = source instanceof Blob ? { file: source } : await source(signal);
    signal.throwIfAborted();
    useChoices.setState({ photoTask: { label: 'Finding the person', share: null } });
    try {
      return await studio.person(file, { name, known, signal });
    } catch (error) {
      if (error instanceof NoPersonError) await offerByHand(file, name, place, signal);
      throw error;
    }
  });
}

/** Takes up a photo as it was chosen before, with the joints that it had then. */
export const takePhoto = (photo: Omit<PhotoChoice, 'image'>, place: PhotoPlace): Promise<boolean> =>
  take(place, async (signal) => {
    const { image } = await studio.person(photo.file, { known: photo.people, signal });
    return { ...photo, image };
  });

async function take(
  place: PhotoPlace,
  bring: (signal: AbortSignal) => Promise<PhotoChoice>,
): Promise<boolean> {
  const signal = latest.begin();
  useChoices.setState({
    photoTask: { label: 'Opening the photo', share: null },
    photoProblem: null,
    unseenPhoto: null,
  });
  try {
    putPhoto(await bring(signal), place);
    return true;
  } catch (error) {
    if (!signal.aborted) useChoices.setState({ photoProblem: problemOf(error) });
    return false;
  } finally {
    if (!signal.aborted) useChoices.setState({ photoTask: null });
  }
}

async function offerByHand(file: Blob, name: string, place: PhotoPlace, signal: AbortSignal): Promise<void> {
  const photo = await studio.person(file, { name, byHand: true, signal });
  useChoices.setState({ unseenPhoto: { photo, place } });
}

/** Nobody was found in the photo, but the person knows better and moves the joints to their places. */
export function placeByHand(): void {
  const { unseenPhoto } = useChoices.getState();
  if (!unseenPhoto) return;
  useChoices.setState({ photoProblem: null, unseenPhoto: null });
  putPhoto(unseenPhoto.photo, unseenPhoto.place);
}

export function putPhoto(photo: PhotoChoice, place: PhotoPlace): void {
  // Another main photo is most likely another person: the old one's further photos go with it.
  change((photos) => (place === 'main' ? [photo] : [...photos.filter(({ id }) => id !== photo.id), photo]));
}

export function removePhoto(id: string): void {
  useChoices.setState({ photoProblem: null, unseenPhoto: null });
  change((photos) => photos.filter((photo) => photo.id !== id));
}

export function clearPhotos(): void {
  latest.abort();
  useChoices.setState({ photoTask: null, photoProblem: null, unseenPhoto: null });
  change(() => []);
}

export function choosePhotoPerson(id: string, person: number): void {
  edit(id, (photo) => ({ ...photo, person, pose: photo.people[person] ?? photo.pose, corrected: false }));
}

/** A joint dragged to where it really is; dragged out of the picture it counts as not seen. */
export function withJoint(
  { width, height, joints: before }: Pose,
  joint: number,
  x: number,
  y: number,
): Pose {
  const joints = Float32Array.from(before);
  const inside = x >= 0 && y >= 0 && x <= width && y <= height;
  joints.set([x, y, inside ? 1 : 0], joint * 3);
  return { width, height, joints };
}

export function correctPose(id: string, pose: Pose): void {
  edit(id, (photo) => ({ ...photo, pose, corrected: true }));
}

export function resetJoints(id: string): void {
  edit(id, (photo) => ({ ...photo, pose: photo.people[photo.person] ?? photo.pose, corrected: false }));
}

export function dismissPhotoProblem(): void {
  useChoices.getState().unseenPhoto?.photo.image.close();
  useChoices.setState({ photoProblem: null, unseenPhoto: null });
}

const edit = (id: string, to: (photo: PhotoChoice) => PhotoChoice): void =>
  change((photos) => photos.map((photo) => (photo.id === id ? to(photo) : photo)));

/** Photos that are no longer chosen give their pictures' memory back: up to 16 MB each. */
function change(to: (photos: readonly PhotoChoice[]) => readonly PhotoChoice[]): void {
  const before = useChoices.getState().photos;
  const photos = to(before);
  useChoices.setState({ photos });
  retire(
    ...before.filter(({ image }) => !photos.some((photo) => photo.image === image)).map(({ image }) => image),
  );
}
