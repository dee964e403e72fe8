import { FOR_FILES, PoseClient } from '../client/pose.ts';
import { createStudio, MemoryFolder, OwnLocks, privateFolder, Store, tabLocks } from '../studio/index.ts';
import { currentEngine } from './device.ts';

/** Some private windows have no file system: there, films last as long as the page. */
const root = privateFolder('studio').catch(() => new MemoryFolder());

const pose = new PoseClient(FOR_FILES);

/** Has the pose model ready before the first file comes. */
export const warmPoseModel = () => pose.warm('image');

/** The page's one studio. */
export const studio = createStudio({
  engine: currentEngine(),
  pose,
  store: new Store(root, navigator.locks ? tabLocks(navigator.locks) : new OwnLocks()),
});
