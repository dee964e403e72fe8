import { concat } from '../onnx/proto.ts';
import type { ByteSource } from '../onnx/safetensors.ts';
import { decodeText, encodeText } from '../onnx/text.ts';
import { download, hashOf, stopIfAborted } from './download.ts';
import { droppedFolder, folderAround } from './dropped.ts';
import { PackCorruptError, PackDownloadError, PackFormatError, PackNotFoundError } from './errors.ts';
import type { Folder } from './folder.ts';
import { readAll } from './folder.ts';
import { free } from './free.ts';
import { LARGEST_JSON } from './json.ts';
import type { Pack, PackManifest, PackProgress, PackSource } from './manifest.ts';
import { importedFolder } from './private-folder.ts';
import { type FileStore, openStore } from './store.ts';
import { parseManifest } from './validate.ts';
import { verified } from './verify-part.ts';
import { openZip } from './zip.ts';

export interface OpenOptions {
  /** Bytes of the pack that are there and those it has in all, as they are read. */
  readonly onProgress?: ((progress: PackProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a pack. Only pack.json is read here; its files come as they are asked for, verified, and those from the
 * network are kept for the next visit.
 */
export async function openPack(source: PackSource, options: OpenOptions = {}): Promise<Pack> {
  if (source.kind === 'url') return openUrl(source.url, await openStore(), options);
  return openFolder(await folderOf(source), options);
}

async function folderOf(source: Exclude<PackSource, { kind: 'url' }>): Promise<Folder> {
  if (source.kind === 'zip') return openZip(source.file, 'the zip');
  return source.kind === 'files' ? droppedFolder(source.files) : importedFolder(source.id);
}

export async function openUrl(
  url: string,
  store: FileStore | undefined,
  { onProgress, signal }: OpenOptions = {},
): Promise<Pack> {
  const address = new URL(
    url.endsWith('.json') ? url : `${url.replace(/\/$/, '')}/pack.json`,
    globalThis.location?.href,
  );
  const packJson = await fetchPackJson(address.href, store, signal);
  const manifest = parseManifest(packJson);
  await store?.keep(
    address.href,
    decodeText(packJson),
    Object.values(manifest.files).map(({ sha256 }) => sha256),
  );
  const progress = new Progress(manifest, onProgress);
  const read = (path: string, readSignal = signal): Promise<Uint8Array<ArrayBuffer>> => {
    const target = { path, url: new URL(path, address).href, ...listed(manifest, path) };
    return download(target, store, (bytes) => progress.report(path, bytes), readSignal);
  };
  return {
    manifest,
    read: async (path, readSignal) => verified(path, await read(path, readSignal), manifest),
    // Where nothing is kept, fetching ahead would be fetching twice.
    ...(store && {
      fetch: async (path, readSignal) => free(await read(path, readSignal)),
      unkeptBytes: () => unkeptBytes(store, manifest),
    }),
  };
}

async function unkeptBytes(store: FileStore, { files }: PackManifest): Promise<number> {
  let unkept = 0;
  for (const { sha256, bytes } of Object.values(files))
    unkept += Math.max(0, bytes - (await store.size(sha256)));
  return unkept;
}

/** From the network; without one, as it was when it was last there. */
async function fetchPackJson(
  url: string,
  store: FileStore | undefined,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  let response: Response;
  try {
    response = await fetch(url, { cache: 'no-cache', ...(signal && { signal }) });
  } catch (error) {
    stopIfAborted(signal);
    const known = await store?.recall(url);
    if (known !== undefined) return encodeText(known);
    throw new PackDownloadError('pack.json', 'the server cannot be reached', { cause: error });
  }
  if (response.status >= 500)
    throw new PackDownloadError('pack.json', `the server answered ${response.status}`);
  // Servers of single-page apps answer any unknown address with the app's page.
  const isPage = response.headers.get('Content-Type')?.startsWith('text/html') ?? false;
  if (!response.ok || isPage) throw new PackNotFoundError(url);
  return readUpTo(response, LARGEST_JSON);
}

/** A server may send without an end. */
async function readUpTo(response: Response, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  try {
    for (let bytes = 0; ; ) {
      const { value, done } = await reader.read();
      if (done) return concat(chunks);
      bytes += value.length;
      if (bytes > most) throw new PackFormatError('pack.json is too large');
      chunks.push(value);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** The manifest of a folder; a zip may claim any size for it. */
async function readManifest(source: ByteSource): Promise<PackManifest> {
  if (source.size > LARGEST_JSON) throw new PackFormatError('pack.json is too large');
  return parseManifest(await readAll(source));
}

async function openFolder(outer: Folder, { onProgress, signal }: OpenOptions): Promise<Pack> {
  const folder = folderAround(outer, 'pack.json');
  const source = await folder?.open('pack.json');
  if (folder === undefined || source === undefined) throw new PackNotFoundError(outer.name);
  const manifest = await readManifest(source);
  const progress = new Progress(manifest, onProgress);
  return {
    manifest,
    async read(path, readSignal = signal) {
      stopIfAborted(readSignal);
      const { bytes, sha256 } = listed(manifest, path);
      const file = await folder.open(path);
      if (file === undefined) throw new PackCorruptError(path, 'it is missing');
      // Before reading: a zip may claim any size.
      if (file.size !== bytes)
        throw new PackCorruptError(path, `it has ${file.size} bytes in place of ${bytes}`);
      const content = await readAll(file);
      if ((await hashOf(content)) !== sha256) {
        throw new PackCorruptError(path, 'its SHA-256 is not the one that pack.json states');
      }
      progress.report(path, bytes);
      return verified(path, content, manifest);
    },
  };
}

function listed({ files }: PackManifest, path: string): PackManifest['files'][string] {
  const file = files[path];
  if (file === undefined) throw new PackCorruptError(path, 'pack.json does not list it');
  return file;
}

/** Counts each file once, however often it is read. */
class Progress {
  private readonly loaded = new Map<string, number>();
  private readonly total: number;

  constructor(
    { files }: PackManifest,
    private readonly onProgress: OpenOptions['onProgress'],
  ) {
    this.total = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  report(path: string, bytes: number): void {
    if (bytes < (this.loaded.get(path) ?? 0)) return;
    this.loaded.set(path, bytes);
    const loadedBytes = [...this.loaded.values()].reduce((sum, value) => sum + value, 0);
    this.onProgress?.({ loadedBytes, totalBytes: this.total });
  }
}
