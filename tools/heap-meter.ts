import type { Page } from '@playwright/test';

/**
 * Runs `work` and returns its result with the peak of what the page's scripts held meanwhile: objects, array buffers
 * and wasm memories. The page is loaded again first, since its wasm memories are counted from their making.
 */
export async function withHeapPeak<T>(
  page: Page,
  work: () => Promise<T>,
): Promise<{ result: T; peak: number }> {
  const heap = await heapMeter(page);
  let peak = 0;
  let isWorking = true;
  const working = work().finally(() => {
    isWorking = false;
  });
  while (isWorking) {
    // The page may be gone, with its own fault as the one to tell.
    peak = Math.max(peak, await heap().catch(() => 0));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return { result: await working, peak };
}

/** Call it before the page's own scripts run, and load the page again: see `withHeapPeak`. */
export async function collectMemories(page: Page): Promise<void> {
  await page.addInitScript(collectWasmMemories);
  await page.reload();
}

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
