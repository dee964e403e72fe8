import { toWire } from '../../src/errors.ts';
import { readWhole } from './pack-reading.ts';

addEventListener('message', async ({ data }: MessageEvent<string>) => {
  postMessage(await readWhole(data).catch((error: unknown) => ({ sizes: {}, error: toWire(error) })));
});
