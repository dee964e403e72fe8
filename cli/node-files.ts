import { createHash } from 'node:crypto';
import { mkdir, open, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Folder, PackWriter } from '../src/pack/folder.ts';

/** A folder on disk, as the pack's room reads and writes folders. */
export function diskFolder(directory: string): Folder {
  return {
    name: basename(resolve(directory)),
    async open(path) {
      const full = join(directory, path);
      const found = await stat(full).catch(() => undefined);
      if (!found?.isFile()) return undefined;
      return {
        size: found.size,
        async read(offset, length) {
          const file = await open(full);
          try {
            const bytes = new Uint8Array(length);
            for (let done = 0; done < length; ) {
              const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
              if (bytesRead === 0) throw new Error(`${full} ended ${length - done} bytes too soon`);
              done += bytesRead;
            }
            return bytes;
          } finally {
            await file.close();
          }
        },
      };
    },
  };
}

export function diskPackWriter(directory: string): PackWriter {
  return {
    async write(path, chunks) {
      const full = join(directory, path);
      await mkdir(dirname(full), { recursive: true });
      const hash = createHash('sha256');
      const file = await open(full, 'w');
      let bytes = 0;
      try {
        for await (const chunk of chunks) {
          hash.update(chunk);
          await file.writeFile(chunk);
          bytes += chunk.length;
        }
      } finally {
        await file.close();
      }
      return { bytes, sha256: hash.digest('hex') };
    },
  };
}
