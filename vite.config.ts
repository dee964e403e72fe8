import react from '@vitejs/plugin-react';
import { defaultClientConditions } from 'vite';
import { defineConfig } from 'vitest/config';
import { contentSecurityPolicy, serviceWorkerFiles } from './tools/vite-plugins.ts';

// Cross-origin isolation gives the WASM backend its threads.
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  plugins: [react(), contentSecurityPolicy(), serviceWorkerFiles()],
  base: './',
  server: { headers: isolation },
  preview: { headers: isolation },
  worker: { format: 'es' },
  // ONNX Runtime as a script apart from its wasm file and from its threads' script: bundled in one, every thread would
  // run the whole worker again.
  resolve: { conditions: ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions] },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    // Media and the engine's wasm come in chunks of their own, when they are needed.
    chunkSizeWarningLimit: 1000,
    rollupOptions: {
      input: { main: 'index.html', headless: 'headless.html', 'service-worker': 'workers/service-worker.ts' },
      // A service worker's scope is its own folder, and its address must not change with its content.
      output: {
        entryFileNames: ({ name }) => (name === 'service-worker' ? '[name].js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  // Pre-bundling would move ONNX Runtime away from the wasm files that it looks for beside itself.
  optimizeDeps: { exclude: ['onnxruntime-web', '@mediapipe/tasks-vision'] },
  test: {
    include: ['src/**/*.test.{ts,tsx}', 'cli/**/*.test.ts', 'tools/**/*.test.ts'],
    environment: 'node',
    testTimeout: 20_000,
  },
});
