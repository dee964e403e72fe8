/** Whether what the command line names is there and can be used, asked before any work and not after it. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import type { AnimateOptions } from './animate-options.ts';

/** A fault with a remedy, from the app or from here. */
export class AnimateError extends Error {}

export const isAddress = (pack: string): boolean => /^https?:\/\//.test(pack);

/** npm runs scripts in the project's folder; relative paths are meant from where the person stands. */
export function pathsFrom(folder: string, options: AnimateOptions): AnimateOptions {
  if (resolve(folder) === process.cwd()) return options;
  const here = (path: string) => (isAbsolute(path) ? path : relative('', resolve(folder, path)));
  const perhaps = (path: string | undefined) => (path === undefined ? undefined : here(path));
  const { pack } = options;
  return {
    ...options,
    references: options.references.map(here),
    motion: perhaps(options.motion),
    poses: perhaps(options.poses),
    out: perhaps(options.out),
    frames: perhaps(options.frames),
    pack: pack && isAddress(pack) ? pack : perhaps(pack),
  };
}

export function checkPaths({ references, motion, poses, pack, out, frames }: AnimateOptions): void {
  const inputs = [...references, motion, poses].filter((path) => path !== undefined);
  for (const path of inputs) expectReadable(path);
  if (pack && !isAddress(pack) && !existsSync(pack)) throw new AnimateError(`${pack} is not there.`);
  if (out && existsSync(out) && !statSync(out).isFile()) {
    throw new AnimateError(`--out ${out} is a folder. Give it the name of a file.`);
  }
  if (out && inputs.some((path) => resolve(path) === resolve(out))) {
    throw new AnimateError(`--out ${out} would replace a file that is read. Give it another name.`);
  }
  if (out) expectWritable('--out', out);
  if (frames) expectWritable('--frames', frames);
}

function expectReadable(path: string): void {
  if (!existsSync(path)) throw new AnimateError(`${path} is not there.`);
  if (!statSync(path).isFile()) throw new AnimateError(`${path} is not a file.`);
  try {
    accessSync(path, constants.R_OK);
  } catch {
    throw new AnimateError(`${path} may not be read. Change its permissions or choose another file.`);
  }
}

function expectWritable(option: string, path: string): void {
  // What is not there yet will be made, in the nearest folder above that is.
  let place = resolve(path);
  while (!existsSync(place)) place = dirname(place);
  const isOldFile = option === '--out' && place === resolve(path);
  try {
    accessSync(place, constants.W_OK);
    if (!isOldFile && !statSync(place).isDirectory()) throw new Error(`${place} is no folder`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new AnimateError(`${option} ${path} cannot be written: ${reason}. Choose another place.`);
  }
}
