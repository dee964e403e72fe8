import { toWire } from '../../src/errors.ts';
import { droppedWeights } from '../../src/pack/dropped.ts';
import { exportPack } from '../../src/pack/export.ts';
import { openPack } from '../../src/pack/open.ts';
import { privatePackFiles, privatePackWriter } from '../../src/pack/private-folder.ts';
import type { Imported } from './import.ts';

async function importPack(weights: readonly File[]): Promise<Imported> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle('imported', { create: true });
  const manifest = await exportPack(droppedWeights(weights), privatePackWriter(folder), { precision: 'f16' });
  const paths = Object.keys(manifest.files);
  const pack = await openPack({ kind: 'files', files: await privatePackFiles(folder, paths) });
  let readBytes = 0;
  for (const path of paths) readBytes += (await pack.read(path)).length;
  return { manifest: pack.manifest, readBytes };
}

addEventListener('message', async ({ data }: MessageEvent<File[]>) => {
  postMessage(await importPack(data).catch((error: unknown): Imported => ({ error: toWire(error) })));
});
