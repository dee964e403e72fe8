import { afterEach, describe, expect, it, vi } from 'vitest';
import { memoryFolder } from '../../tools/memory-pack.ts';
import { checkpoint, unetConfig } from '../../tools/random-checkpoint.ts';
import { NoRoomError } from './errors.ts';
import { exportPack } from './export.ts';
import { privatePackWriter } from './private-folder.ts';
import { expectRoom, roomLeft } from './room.ts';

const browserWith = (estimate: StorageEstimate) =>
  vi.stubGlobal('navigator', { storage: { estimate: async () => estimate } });

describe('the room for a pack', () => {
  afterEach(() => void vi.unstubAllGlobals());

  it('is what the browser keeps beside what it has', async () => {
    browserWith({ quota: 3e9, usage: 1e9 });
    expect(await roomLeft()).toBe(2e9);
    await expectRoom('it', 2e9);
    await expect(expectRoom('this model', 2.5e9)).rejects.toThrow(
      'There is no room for this model: it takes 2.5 GB, and the browser has 2.0 GB left for this page. 500 MB are missing.',
    );
  });

  it('is not known in every browser', async () => {
    browserWith({});
    expect(await roomLeft()).toBeUndefined();
    await expectRoom('it', 1e15);
  });

  it('is looked at before anything of an import is written', async () => {
    browserWith({ quota: 1e6, usage: 1e6 - 10 });
    const root = new Proxy({} as FileSystemDirectoryHandle, {
      get: () => expect.fail('something is written'),
    });
    const attempt = exportPack(memoryFolder('memory', checkpoint(unetConfig())), privatePackWriter(root), {
      precision: 'f16',
    });
    await expect(attempt).rejects.toThrow(NoRoomError);
  });
});
