import { openPack } from '../../src/pack/open.ts';

/** Reads every file of a pack; each is verified on the way. */
export async function readWhole(url: string): Promise<{ sizes: Record<string, number> }> {
  const pack = await openPack({ kind: 'url', url });
  const sizes: Record<string, number> = {};
  for (const path of Object.keys(pack.manifest.files)) sizes[path] = (await pack.read(path)).length;
  return { sizes };
}
