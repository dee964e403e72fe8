/** `npm run build:library`: dist-library/, the app's studio and stage for other people's pages. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';

const TYPES = join('dist-library', 'types');

rmSync('dist-library', { recursive: true, force: true });
execFileSync(process.execPath, ['--import', 'tsx', 'tools/prepare-pose.ts'], { stdio: 'inherit' });
await build({ configFile: 'vite.library.config.ts', logLevel: 'warn' });
execFileSync(join('node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.library.json'], { stdio: 'inherit' });
// The declarations speak of sources, which do not come along.
for (const name of readdirSync(TYPES, { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.d.ts')) continue;
  const path = join(TYPES, name);
  writeFileSync(path, readFileSync(path, 'utf8').replace(/(['"]\.[^'"]*)\.ts(['"])/g, '$1.js$2'));
}
