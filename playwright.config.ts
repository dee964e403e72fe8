import { defineConfig } from '@playwright/test';

/** Software WebGPU: few tests and long, which run beside all the others. */
const GRAPHICS = ['**/webgpu.spec.ts', '**/app-webgpu.spec.ts', '**/reference-net.spec.ts'];

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  fullyParallel: false,
  workers: 2,
  timeout: 120_000,
  reporter: 'list',
  projects: [
    { name: 'graphics', testMatch: GRAPHICS, workers: 1 },
    { name: 'page', testMatch: '**/*.spec.ts', testIgnore: GRAPHICS, workers: 1 },
  ],
});
