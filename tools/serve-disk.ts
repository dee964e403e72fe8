import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';

/** Another origin's server for one folder: files stream from the disk, so that none is ever in memory as a whole. */
export async function serveDisk(directory: string): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    const path = join(directory, normalize(decodeURIComponent(request.url ?? '/')));
    const found = existsSync(path) && statSync(path).isFile();
    response.writeHead(found ? 200 : 404, {
      'Access-Control-Allow-Origin': '*',
      'Cross-Origin-Resource-Policy': 'cross-origin',
      ...(found && { 'Content-Length': statSync(path).size }),
    });
    if (found) createReadStream(path).pipe(response);
    else response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
