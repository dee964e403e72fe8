/** What the live benches share: the page, its fake camera, and a session prepared in it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { withPage } from '../tools/pages.ts';
import type { Setting } from './pages/live-stage.ts';

export const PHOTO = '/fixtures/motion/person-2.png';
const CLIP = 'fixtures/motion/dance.mp4';
/** Two moments of it that look nothing alike. */
const SHOTS = [0, 4];

export type Backend = 'wasm' | 'webgpu';
/** The dance as it is, or cuts between two moments of it, each held for so many seconds. */
export type Film = 'dance' | { readonly shotSeconds: number };

/** Opens the live page with a camera that plays the film, over and over. */
export async function withLivePage<T>(
  film: Film,
  backend: Backend,
  use: (page: Page) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'pirouette-live-'));
  try {
    const camera = join(folder, 'camera.mjpeg');
    toMotionJpeg(film, camera);
    const args = ['--enable-blink-features=ForceEagerMeasureMemory'];
    const options = { webgpu: backend === 'webgpu', camera, args };
    return await withPage('/bench/pages/live.html', options, use);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What Chromium's fake camera plays. */
function toMotionJpeg(film: Film, file: string): void {
  const source = film === 'dance' ? ['-i', CLIP] : cutsOf(film.shotSeconds);
  const { error, status, stderr } = spawnSync(
    'ffmpeg',
    ['-loglevel', 'error', ...source, '-an', '-c:v', 'mjpeg', '-q:v', '3', file],
    { encoding: 'utf8' },
  );
  if (error) {
    throw new Error('ffmpeg makes the camera’s film and was not found: sudo apt-get install -y ffmpeg.');
  }
  if (status !== 0) throw new Error(`ffmpeg could not convert ${CLIP}: ${stderr}`);
}

function cutsOf(seconds: number): string[] {
  const held = `trim=end_frame=1,loop=-1:1,fps=25,trim=duration=${seconds},setpts=N/25/TB`;
  const shots = SHOTS.map((_, i) => `[${i}]${held}[s${i}];`).join('');
  const all = SHOTS.map((_, i) => `[s${i}]`).join('');
  return [
    ...SHOTS.flatMap((second) => ['-ss', String(second), '-i', CLIP]),
    ...['-filter_complex', `${shots}${all}concat=n=${SHOTS.length}`],
  ];
}

/** Loads the pack and the photo; returns the device in words. */
export function prepare(page: Page, setting: Setting): Promise<string> {
  return page.evaluate(([setting, photo]) => window.liveBench.prepare(setting, photo), [
    setting,
    PHOTO,
  ] as const);
}

export function backendOf(name: string): Backend {
  if (name === 'wasm' || name === 'webgpu') return name;
  throw new Error(`The backend ${name} is not known; ask for wasm or webgpu.`);
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function rounded(figures: Readonly<Record<string, number | string>>): Record<string, number | string> {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      name,
      typeof value === 'number' ? Number(value.toPrecision(4)) : value,
    ]),
  );
}
