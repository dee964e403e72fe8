import { CancelledError } from '../errors.ts';
import { NoRoomError, PackCorruptError, PackDownloadError, PackNotFoundError } from './errors.ts';
import { free } from './free.ts';
import type { Appender, FileStore } from './store.ts';

export interface DownloadTarget {
  readonly url: string;
  /** The file's name in the pack, for people. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A connection that breaks this often with less than this in between is down. */
const BREAKS = 3;
const ENOUGH = 16 * 1024;
const PAUSE_MS = 400;

/**
 * A file's verified bytes, from the store as far as it has them and from the network for the rest. A broken
 * connection is taken up again where it broke, now and on a later visit.
 */
export async function download(
  target: DownloadTarget,
  store: FileStore | undefined,
  onLoaded: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  stopIfAborted(signal);
  const kept = await store?.read(target.sha256);
  const isWhole = kept?.length === target.bytes;
  const bytes = isWhole ? kept : roomFor(target);
  let loaded = 0;
  if (kept && kept.length <= target.bytes) {
    if (!isWhole) bytes.set(kept);
    loaded = kept.length;
    onLoaded(loaded);
  }
  if (loaded < target.bytes || loaded === 0) await fill(bytes, loaded, target, store, onLoaded, signal);
  if (await isIntact(bytes, target)) return bytes;
  await store?.remove(target.sha256);
  if (loaded > 0) {
    // What was kept is damaged, or belongs to another state of the file on the server.
    await fill(bytes, 0, target, store, onLoaded, signal);
    if (await isIntact(bytes, target)) return bytes;
    await store?.remove(target.sha256);
  }
  throw new PackCorruptError(target.path, 'its SHA-256 is not the one that pack.json states');
}

function roomFor({ path, bytes }: DownloadTarget): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch {
    throw new NoRoomError(path, bytes);
  }
}

export function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CancelledError();
}

async function isIntact(bytes: Uint8Array<ArrayBuffer>, { sha256 }: DownloadTarget): Promise<boolean> {
  return (await hashOf(bytes)) === sha256;
}

export async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function fill(
  bytes: Uint8Array<ArrayBuffer>,
  start: number,
  target: DownloadTarget,
  store: FileStore | undefined,
  onLoaded: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  let at = start;
  let breaks = 0;
  for (;;) {
    const before = at;
    try {
      const response = await request(target, at, signal);
      if (response.status !== 206) at = 0;
      at = await receive(response, bytes, at, target, store, onLoaded);
      if (at === bytes.length) return;
    } catch (error) {
      stopIfAborted(signal);
      if (!(error instanceof Interrupted)) throw error;
      at = error.at ?? at;
      if (at - before < ENOUGH && ++breaks === BREAKS)
        throw new PackDownloadError(target.path, 'the connection broke', error);
    }
    if (at - before >= ENOUGH) breaks = 0;
    else await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * breaks));
  }
}

/** The connection gave way; `at` says how far it got. */
class Interrupted extends Error {
  constructor(
    cause: unknown,
    readonly at?: number,
  ) {
    super('the connection broke', { cause });
  }
}

async function request(
  target: DownloadTarget,
  from: number,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const response = await fetch(target.url, {
    ...(from > 0 && { headers: { Range: `bytes=${from}-` } }),
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    throw new Interrupted(error);
  });
  if (response.status === 404) throw new PackNotFoundError(target.url);
  const isWhole = response.status === 200;
  const isRest =
    response.status === 206 && response.headers.get('Content-Range')?.startsWith(`bytes ${from}-`);
  if (isWhole || isRest) return response;
  await response.body?.cancel();
  const isWrongRange = response.status === 206 || response.status === 416;
  if (isWrongRange && from > 0) return request(target, 0, signal);
  if (isWrongRange) throw new PackDownloadError(target.path, 'the server sends ranges that nobody asked for');
  if (response.status >= 500) throw new Interrupted(`status ${response.status}`);
  throw new PackDownloadError(target.path, `the server answered ${response.status}`);
}

/** Reads a response into its place, into the store too. Returns how far the file is there now. */
async function receive(
  response: Response,
  bytes: Uint8Array<ArrayBuffer>,
  from: number,
  target: DownloadTarget,
  store: FileStore | undefined,
  onLoaded: (bytes: number) => void,
): Promise<number> {
  let at = from;
  let appender: Appender | undefined = await store?.append(target.sha256, from);
  const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read().catch((error: unknown) => {
        throw new Interrupted(error, at);
      });
      if (done) break;
      if (at + value.length > bytes.length) {
        throw new PackCorruptError(
          target.path,
          `it is longer than the ${bytes.length} bytes that pack.json states`,
        );
      }
      bytes.set(value, at);
      at += value.length;
      if (appender && !(await appender.write(value))) {
        await appender.close();
        appender = undefined;
      }
      free(value);
      onLoaded(at);
    }
  } finally {
    await appender?.close();
    await reader.cancel().catch(() => undefined);
  }
  if (at < bytes.length) throw new Interrupted('the response ended early', at);
  return at;
}
