import { NoPersonError } from '../pose/errors.ts';
import { standingPose } from '../pose/standing.ts';
import type { Pose } from '../pose/types.ts';
import { type PhotoChoice, type PhotoPlace, useChoices } from './choices.ts';
import { fingerprint } from './fingerprint.ts';
import { media } from './media.ts';
import { findPeople } from './people.ts';
import { problemOf } from './problem.ts';

/** More pixels than this help neither the pose model nor the networks. */
export const MAX_SIDE = 2048;

let newest = 0;

/** Opens a photo and looks for its people, unless they are known. On a fault the photo that was there stays. */
export async function choosePhoto(
  file: Blob,
  name: string,
  place: PhotoPlace = 'main',
  known: readonly Pose[] = [],
): Promise<boolean> {
  const turn = ++newest;
  useChoices.setState({
    photoTask: { label: 'Opening the photo', share: null },
    photoProblem: null,
    unseenPhoto: null,
  });
  try {
    const { openPhoto } = await media();
    const { image, notes } = await openPhoto(file, { maxSide: MAX_SIDE });
    if (turn === newest) useChoices.setState({ photoTask: { label: 'Finding the person', share: null } });
    const found = known.length > 0 ? known : await findPeople(image);
    const id = await fingerprint(file);
    if (turn !== newest) return false;
    const people = found.length > 0 ? found : [standingPose(image.width, image.height)];
    const pose = people[0] as Pose;
    const photo = { id, name, file, image, people, person: 0, pose, corrected: false, notes };
    if (found.length === 0) {
      useChoices.setState({ unseenPhoto: { photo, place } });
      throw new NoPersonError('photo');
    }
    putPhoto(photo, place);
    return true;
  } catch (error) {
    if (turn === newest) useChoices.setState({ photoProblem: problemOf(error) });
    return false;
  } finally {
    if (turn === newest) useChoices.setState({ photoTask: null });
  }
}

/** Nobody was found in the photo, but the person knows better and moves the joints to their places. */
export function placeByHand(): void {
  const { unseenPhoto } = useChoices.getState();
  if (!unseenPhoto) return;
  dismissPhotoProblem();
  putPhoto(unseenPhoto.photo, unseenPhoto.place);
}

export function putPhoto(photo: PhotoChoice, place: PhotoPlace): void {
  useChoices.setState(({ photos }) => {
    // Another main photo is most likely another person: the old one's further photos go with it.
    if (place === 'main') return { photos: [photo] };
    return { photos: [...photos.filter(({ id }) => id !== photo.id), photo] };
  });
}

export function removePhoto(id: string): void {
  useChoices.setState(({ photos }) => ({
    photos: photos.filter((photo) => photo.id !== id),
    photoProblem: null,
    unseenPhoto: null,
  }));
}

export function choosePhotoPerson(id: string, person: number): void {
  change(id, (photo) => ({ ...photo, person, pose: photo.people[person] ?? photo.pose, corrected: false }));
}

/** A joint dragged to where it really is; dragged out of the picture it counts as not seen. */
export function moveJoint(id: string, joint: number, x: number, y: number): void {
  change(id, (photo) => {
    const { width, height } = photo.pose;
    const joints = Float32Array.from(photo.pose.joints);
    const inside = x >= 0 && y >= 0 && x <= width && y <= height;
    joints.set([x, y, inside ? 1 : 0], joint * 3);
    return { ...photo, pose: { width, height, joints }, corrected: true };
  });
}

export function resetJoints(id: string): void {
  change(id, (photo) => ({ ...photo, pose: photo.people[photo.person] ?? photo.pose, corrected: false }));
}

export const dismissPhotoProblem = (): void => useChoices.setState({ photoProblem: null, unseenPhoto: null });

function change(id: string, edit: (photo: PhotoChoice) => PhotoChoice): void {
  useChoices.setState(({ photos }) => ({
    photos: photos.map((photo) => (photo.id === id ? edit(photo) : photo)),
  }));
}
