import { createEngine } from '../client/engine.ts';
import { FOR_FILES, PoseClient } from '../client/pose.ts';
import type { PackSource } from '../pack/manifest.ts';
import { createStudio, MemoryFolder, OwnLocks, Store, type Studio } from '../studio/index.ts';

/** Held apart, so that no bundler takes these folders for files that it should look for. */
const here = import.meta.url;

/** Where the model lies that comes with the library. */
export const builtInPack = (): PackSource => ({ kind: 'url', url: new URL('packs/default/', here).href });

/** A studio of its own, with what comes with the library. It leaves nothing behind on the person's device. */
export function createOwnStudio(): Studio {
  return createStudio({
    engine: createEngine(),
    pose: new PoseClient(FOR_FILES, new URL('pose/', here).href),
    store: new Store(new MemoryFolder(), new OwnLocks()),
  });
}
