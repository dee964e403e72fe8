import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { checkPack } from '../src/pack/check.ts';
import { diskFolder } from './node-files.ts';

const PACKS = 'public/packs';
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

it.each(readdirSync(PACKS))('the pack %s is whole, and one that this version can build', async (name) => {
  expect(await checkPack(diskFolder(`${PACKS}/${name}`), sha256)).toEqual([]);
});
