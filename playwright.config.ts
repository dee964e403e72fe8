import { defineConfig } from '@playwright/test';

/** One after another: on two cores a test of software WebGPU takes what it needs from any other beside it. */
export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.spec.ts',
  outputDir: 'test-results',
  fullyParallel: false,
  workers: 1,
  timeout: 120_000,
  reporter: 'list',
});
