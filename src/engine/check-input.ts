import { JOINTS, type Pose } from '../pose/types.ts';
import type { RenderOptions } from './api.ts';
import { WrongInputError } from './errors.ts';

/** Larger pictures than any network here is made for; their attention alone would take gigabytes. */
const LARGEST_SIDE = 2048;

export function checkOptions({
  width,
  height,
  seed,
  guidance,
  eta = 0,
  fromLastFrame,
  firstFrame = 0,
  windows: { overlap = 0, order = 'sliding' } = {},
}: RenderOptions): void {
  for (const side of [width, height]) {
    if (!Number.isInteger(side) || side < 64 || side > LARGEST_SIDE || side % 64 !== 0) {
      throw new WrongInputError(
        `A picture of ${width} x ${height} pixels was asked for.`,
        `Ask for sides that are multiples of 64, up to ${LARGEST_SIDE}.`,
      );
    }
  }
  if (!Number.isSafeInteger(seed)) {
    throw new WrongInputError(`The seed is ${seed}.`, 'Use a whole number.');
  }
  if (!Number.isFinite(guidance) || !(eta >= 0)) {
    throw new WrongInputError(
      `The guidance is ${guidance} and eta is ${eta}.`,
      'Use numbers; eta from 0 up.',
    );
  }
  if (!Number.isInteger(firstFrame) || firstFrame < 0 || firstFrame >= 2 ** 32) {
    throw new WrongInputError(`The first frame is number ${firstFrame}.`, 'Use a whole number from 0 up.');
  }
  if (!Number.isInteger(overlap) || overlap < 0 || !['uniform', 'sliding'].includes(order)) {
    throw new WrongInputError(
      `Windows of frames in the order ${order} that share ${overlap} were asked for.`,
      'Let them share a whole number of frames, and ask for uniform or sliding ones.',
    );
  }
  const strength = fromLastFrame?.strength ?? 0;
  if (!(strength >= 0 && strength <= 1)) {
    throw new WrongInputError(`The strength is ${strength}.`, 'Use a strength from 0 to 1.');
  }
}

export function checkPose({ width, height, joints }: Pose): void {
  const wanted = JOINTS.length * 3;
  if (joints.length !== wanted || !joints.every(Number.isFinite) || !(width > 0 && height > 0)) {
    throw new WrongInputError(
      `A pose has ${joints.length} numbers in a picture of ${width} x ${height} pixels.`,
      `Give ${wanted} finite numbers (x, y and score of ${JOINTS.length} joints) and the size of the picture.`,
    );
  }
}
