/**
 * What loading a pack of about 600 MB costs the page: the peak of its JavaScript and wasm heaps, typed arrays included,
 * beyond the largest file of weights. `npm run bench -- memory [PACK]` loads a pack of your own instead.
 */
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import type { Page } from '@playwright/test';
import { generatePack } from '../tools/generate-pack.ts';
import { withPage } from '../tools/pages.ts';
import type { BenchResult } from './run.ts';

const MOST_ABOVE_MIB = 64;
const MIB = 2 ** 20;

export async function run([given]: readonly string[]): Promise<BenchResult> {
  const directory = given ?? mkdtempSync(join(tmpdir(), 'pirouette-memory-'));
  const server = await serveFolder(directory);
  try {
    if (given === undefined) await generatePack(directory, 'f16');
    const { files } = JSON.parse(readFileSync(join(directory, 'pack.json'), 'utf8'));
    const sizes = Object.values<{ bytes: number }>(files).map(({ bytes }) => bytes);
    const largest = Math.max(...sizes) / MIB;
    const start = performance.now();
    const { device, peak } = await measureLoading(`http://127.0.0.1:${portOf(server)}`);
    const above = peak / MIB - largest;
    return {
      name: 'memory',
      device,
      figures: {
        packMiB: round(sizes.reduce((sum, bytes) => sum + bytes, 0) / MIB),
        largestSegmentMiB: round(largest),
        heapMiB: round(peak / MIB),
        // Above the largest segment.
        heapPeakMiB: round(above),
        loadSeconds: round((performance.now() - start) / 1000),
      },
      pass: above <= MOST_ABOVE_MIB,
    };
  } finally {
    server.close();
    server.closeAllConnections();
    if (given === undefined) rmSync(directory, { recursive: true });
  }
}

function measureLoading(pack: string): Promise<{ device: string; peak: number }> {
  return withPage('/bench/pages/memory.html', { webgpu: true }, async (page) => {
    await page.addInitScript(collectWasmMemories);
    await page.reload();
    await page.waitForFunction(() => window.loadPack !== undefined);
    const heap = await heapMeter(page);
    let peak = 0;
    let isLoading = true;
    const loading = page
      .evaluate((url) => window.loadPack(url), pack)
      .finally(() => {
        isLoading = false;
      });
    while (isLoading) {
      peak = Math.max(peak, await heap());
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return { device: await loading, peak };
  });
}

/** Bytes that the page's scripts hold at the moment: objects, array buffers and wasm memories. */
async function heapMeter(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  return async () => {
    const usage = (await session.send('Runtime.getHeapUsage')) as Record<string, number>;
    const { result } = await session.send('Runtime.evaluate', {
      expression: 'wasmMemories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0)',
    });
    const { usedSize = 0, backingStorageSize } = usage;
    if (backingStorageSize === undefined)
      throw new Error('This Chromium does not tell the size of array buffers.');
    return usedSize + backingStorageSize + Number(result.value);
  };
}

function collectWasmMemories(): void {
  const memories: WebAssembly.Memory[] = [];
  Object.assign(window, { wasmMemories: memories });
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(target, [descriptor]) {
      const memory = new target(descriptor as WebAssembly.MemoryDescriptor);
      memories.push(memory);
      return memory;
    },
  });
}

async function serveFolder(directory: string): Promise<Server> {
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
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

const round = (value: number): number => Math.round(value * 10) / 10;
