import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PackCorruptError, PackFormatError, PackNotFoundError } from '../src/pack/errors.ts';
import { exportToMemory, type Files } from '../tools/memory-pack.ts';
import { diskFolder } from './node-files.ts';
import { expectPack } from './pack-path.ts';

const place = mkdtempSync(join(tmpdir(), 'pirouette-pack-path-'));
let pack: Files;

function write(folder: string, files: Files): string {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(place, folder, path)), { recursive: true });
    writeFileSync(join(place, folder, path), bytes);
  }
  return join(place, folder);
}

beforeAll(async () => {
  pack = await exportToMemory(diskFolder('fixtures/diffusers-unet'), 'f16');
});
afterAll(() => rmSync(place, { recursive: true }));

describe('a path given as a pack', () => {
  it('may be a folder, one with the pack in it, or a zip', async () => {
    await expectPack(write('pack', pack));
    await expectPack(join(write('outer/pack', pack), '..'));
    const zip = join(place, 'pack.zip');
    writeFileSync(zip, zipSync(Object.fromEntries(pack), { level: 0 }));
    await expectPack(zip);
  });

  it('that is another folder, an empty one, or another zip is refused', async () => {
    const empty = join(place, 'empty');
    mkdirSync(empty);
    await expect(expectPack(empty)).rejects.toThrow(PackNotFoundError);
    await expect(expectPack(write('other', new Map([['notes.txt', new Uint8Array(3)]])))).rejects.toThrow(
      /There is no model pack at .*other/,
    );
    const zip = join(place, 'other.zip');
    writeFileSync(zip, zipSync({ 'notes.txt': new Uint8Array(3) }));
    await expect(expectPack(zip)).rejects.toThrow(PackNotFoundError);
    writeFileSync(zip, 'words');
    await expect(expectPack(zip)).rejects.toThrow(PackFormatError);
  });

  it('with a file that is missing or cut short is refused by its name', async () => {
    const folder = write('damaged', pack);
    truncateSync(join(folder, 'unet/01.safetensors'), 100);
    await expect(expectPack(folder)).rejects.toThrow(PackCorruptError);
    await expect(expectPack(folder)).rejects.toThrow('unet/01.safetensors is damaged: it has 100 bytes');
    rmSync(join(folder, 'pose_encoder.onnx'));
    await expect(expectPack(folder)).rejects.toThrow(PackCorruptError);
  });
});
