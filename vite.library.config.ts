import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultClientConditions, defineConfig, type Plugin } from 'vite';

const OUT = 'dist-library';

/** What lies beside the module: the pose networks and the built-in model, as the app ships them, and its papers. */
function besides(): Plugin {
  return {
    name: 'library-besides',
    closeBundle() {
      const pose = join('public', 'pose');
      cpSync(pose, join(OUT, 'pose'), {
        recursive: true,
        filter: (path) => !/_(heavy|lite)\.task$/.test(path),
      });
      cpSync(join('public', 'packs', 'default'), join(OUT, 'packs', 'default'), { recursive: true });
      cpSync('LICENSE', join(OUT, 'LICENSE'));
      cpSync(join('src', 'library', 'README.md'), join(OUT, 'README.md'));
      const { name, version, description, license } = JSON.parse(readFileSync('package.json', 'utf8'));
      const exports = {
        '.': { types: './types/src/library/index.d.ts', import: './pirouette.js' },
        './package.json': './package.json',
      };
      const files = ['pirouette.js', 'assets', 'types', 'pose', 'packs'];
      const manifest = {
        name,
        version,
        description,
        license,
        type: 'module',
        exports,
        files,
        sideEffects: true,
      };
      writeFileSync(join(OUT, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    },
  };
}

export default defineConfig({
  plugins: [besides()],
  base: './',
  publicDir: false,
  worker: { format: 'es' },
  resolve: { conditions: ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions] },
  build: {
    target: 'es2023',
    outDir: OUT,
    assetsInlineLimit: 0,
    modulePreload: false,
    chunkSizeWarningLimit: 1000,
    rollupOptions: {
      input: { pirouette: 'src/library/index.ts' },
      preserveEntrySignatures: 'strict',
      output: { entryFileNames: '[name].js' },
    },
  },
});
