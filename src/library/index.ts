/**
 * Pirouette for other pages: the studio without a screen, and an element that shows what it makes. Workers, networks'
 * runtimes and the built-in model are found beside this very module, wherever it is served from.
 */
export { createEngine } from '../client/engine.ts';
export { FOR_FILES, PoseClient } from '../client/pose.ts';
export { PirouetteError } from '../errors.ts';
export {
  createStudio,
  DEFAULT_SETTINGS,
  type Film,
  MemoryFolder,
  OwnLocks,
  privateFolder,
  type Reel,
  type Settings,
  Store,
  type Studio,
  tabLocks,
  type View,
  viewOf,
} from '../studio/index.ts';
export { builtInPack, createOwnStudio } from './own-studio.ts';
export {
  PirouetteStage,
  type StageDone,
  type StageFrame,
  type StageProblem,
  type StageProgress,
} from './stage.ts';

import { PirouetteStage } from './stage.ts';

if (!customElements.get('pirouette-stage')) customElements.define('pirouette-stage', PirouetteStage);
