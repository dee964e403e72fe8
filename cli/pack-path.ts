import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PackCorruptError, PackFormatError, PackNotFoundError } from '../src/pack/errors.ts';
import { readAll } from '../src/pack/folder.ts';
import { parseManifest } from '../src/pack/validate.ts';
import { readZipDirectory } from '../src/pack/zip-directory.ts';
import { diskFolder } from './node-files.ts';

/**
 * That a folder or a file on disk is a pack, as far as its pack.json and the sizes of its files tell: said before a
 * browser is started and a clip is watched. What is inside the files shows when they are read.
 */
export async function expectPack(path: string): Promise<void> {
  if (statSync(path).isDirectory()) await expectFolder(path);
  else await expectZip(path);
}

async function expectFolder(path: string): Promise<void> {
  // A zip that was unpacked may have left the pack a folder further down.
  const inside = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const root = [path, ...inside.map(({ name }) => join(path, name))].find((each) =>
    existsSync(join(each, 'pack.json')),
  );
  const folder = diskFolder(root ?? path);
  const source = await folder.open('pack.json');
  if (source === undefined) throw new PackNotFoundError(path);
  const { files } = parseManifest(await readAll(source));
  for (const [name, { bytes }] of Object.entries(files)) {
    const file = await folder.open(name);
    if (file === undefined) throw new PackCorruptError(name, 'it is missing');
    if (file.size !== bytes)
      throw new PackCorruptError(name, `it has ${file.size} bytes in place of ${bytes}`);
  }
}

async function expectZip(path: string): Promise<void> {
  const source = await diskFolder(dirname(path)).open(basename(path));
  if (source === undefined) throw new PackNotFoundError(path);
  const entries = await readZipDirectory(source, (words) => new PackFormatError(words));
  if (![...entries.keys()].some((name) => name === 'pack.json' || name.endsWith('/pack.json')))
    throw new PackNotFoundError(path);
}
