import { NoPersonError } from '../pose/errors.ts';
import type { Pose } from '../pose/types.ts';
import { type PhotoChoice, useChoices } from './choices.ts';
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
  place: 'main' | 'more' = 'main',
  known: readonly Pose[] = [],
): Promise<boolean> {
  const turn = ++newest;
  useChoices.setState({ photoTask: { label: 'Opening the photo', share: null }, photoProblem: null });
  try {
    const { openPhoto } = await media();
    const { image, notes } = await openPhoto(file, { maxSide: MAX_SIDE });
    if (turn === newest) useChoices.setState({ photoTask: { label: 'Finding the person', share: null } });
    const people = known.length > 0 ? known : await findPeople(image);
    if (turn !== newest) return false;
    const pose = people[0];
    if (!pose) throw new NoPersonError('photo');
    const id = await fingerprint(file);
    putPhoto({ id, name, file, image, people, person: 0, pose, corrected: false, notes }, place);
    return true;
  } catch (error) {
    if (turn === newest) useChoices.setState({ photoProblem: problemOf(error) });
    return false;
  } finally {
    if (turn === newest) useChoices.setState({ photoTask: null });
  }
}

export function putPhoto(photo: PhotoChoice, place: 'main' | 'more'): void {
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

export const dismissPhotoProblem = (): void => useChoices.setState({ photoProblem: null });

function change(id: string, edit: (photo: PhotoChoice) => PhotoChoice): void {
  useChoices.setState(({ photos }) => ({
    photos: photos.map((photo) => (photo.id === id ? edit(photo) : photo)),
  }));
}
