import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';

/** What the build is made from. */
const SOURCES = ['src', 'workers', 'shaders', 'public', 'tools/vite-plugins.ts'];
const FILES = ['index.html', 'headless.html', 'vite.config.ts', 'package-lock.json'];
/** Made by the build itself. */
const MADE = join('public', 'pose');

/** Builds the app into dist/, pose models and all, where that was not done since its sources last changed. */
export async function buildApp(): Promise<void> {
  if (isBuilt()) return;
  console.error('Building the app first…');
  execFileSync(process.execPath, ['--import', 'tsx', 'tools/prepare-pose.ts'], { stdio: ['ignore', 2, 2] });
  await build({ logLevel: 'error' });
}

function isBuilt(): boolean {
  if (!existsSync('dist/headless.html') || !existsSync('dist/pose')) return false;
  const builtAt = statSync('dist/headless.html').mtimeMs;
  return [...SOURCES, ...FILES].every((path) => newestIn(path) <= builtAt);
}

function newestIn(path: string): number {
  if (path === MADE || path.endsWith('.test.ts')) return 0;
  const entry = statSync(path);
  if (!entry.isDirectory()) return entry.mtimeMs;
  // A folder's own time tells of files that were taken away.
  return Math.max(entry.mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}
