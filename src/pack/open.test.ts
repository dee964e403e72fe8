import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { diskFolder } from '../../cli/node-files.ts';
import { exportToMemory, type Files, manifestOf } from '../../tools/memory-pack.ts';
import { jsonFile } from '../../tools/random-weights.ts';
import { CancelledError } from '../errors.ts';
import { UnknownArchitectureError } from '../onnx/errors.ts';
import { concat } from '../onnx/proto.ts';
import {
  PackCorruptError,
  PackDownloadError,
  PackFormatError,
  PackNotFoundError,
  PackVersionError,
} from './errors.ts';
import type { PackManifest, PackProgress } from './manifest.ts';
import { openPack, openUrl } from './open.ts';
import type { FileStore } from './store.ts';

const WEIGHTS = 'unet/02.safetensors';
let pack: Files;
let manifest: PackManifest;

/** A web server of the pack, with faults to order. */
const faults = {
  breakAfter: Number.POSITIVE_INFINITY,
  breaks: 0,
  down: false,
  knowsRanges: true,
  altered: '',
};
const requests: { path: string; range: string | undefined; sent: number }[] = [];
let server: Server;
let url: string;

beforeAll(async () => {
  pack = await exportToMemory(diskFolder('fixtures/diffusers-unet'), 'f16');
  manifest = manifestOf(pack);
  server = createServer((request, response) => {
    const path = (request.url as string).slice('/pack/'.length);
    if (path.startsWith('app/'))
      return response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end();
    const content = pack.get(path);
    const { range } = request.headers;
    if (content === undefined) return response.writeHead(404).end();
    if (faults.down) return request.socket.destroy();
    const start = range && faults.knowsRanges ? Number(/bytes=(\d+)-/.exec(range)?.[1]) : 0;
    const rest = path === faults.altered ? content.slice(start).fill(1) : content.slice(start);
    const log = { path, range, sent: 0 };
    requests.push(log);
    response.writeHead(range && faults.knowsRanges ? 206 : 200, {
      'Content-Length': rest.length,
      ...(range && { 'Content-Range': `bytes ${start}-${content.length - 1}/${content.length}` }),
    });
    const breaks = path.endsWith('.safetensors') && faults.breaks > 0 && rest.length > faults.breakAfter;
    log.sent = breaks ? faults.breakAfter : rest.length;
    if (!breaks) return response.end(rest);
    faults.breaks--;
    response.write(rest.slice(0, faults.breakAfter), () => setTimeout(() => request.socket.destroy(), 20));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/pack`;
});

afterAll(() => server.close());

beforeEach(() => {
  Object.assign(faults, {
    breakAfter: Number.POSITIVE_INFINITY,
    breaks: 0,
    down: false,
    knowsRanges: true,
    altered: '',
  });
  requests.length = 0;
});

/** Vitest's own comparison takes seconds for a megabyte. */
function expectSame(found: Uint8Array | undefined, expected: Uint8Array | undefined): void {
  expect(found && expected && Buffer.compare(found, expected)).toBe(0);
}

class MemoryStore implements FileStore {
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  room = Number.POSITIVE_INFINITY;

  async read(sha256: string) {
    return this.files.get(sha256);
  }

  async size(sha256: string) {
    return this.files.get(sha256)?.length ?? 0;
  }

  async append(sha256: string, from: number) {
    this.files.set(sha256, (this.files.get(sha256) ?? new Uint8Array()).slice(0, from));
    return {
      write: async (chunk: Uint8Array<ArrayBuffer>) => {
        if (chunk.length > this.room) return false;
        this.room -= chunk.length;
        this.files.set(sha256, concat([this.files.get(sha256) ?? new Uint8Array(), chunk]));
        return true;
      },
      close: async () => undefined,
    };
  }

  async remove(sha256: string) {
    this.files.delete(sha256);
  }

  readonly known = new Map<string, string>();

  async keep(address: string, packJson: string) {
    this.known.set(address, packJson);
  }

  async recall(address: string) {
    return this.known.get(address);
  }
}

describe('a pack from the network', () => {
  it('comes verified, with its progress told byte by byte', async () => {
    const progress: PackProgress[] = [];
    const opened = await openPack({ kind: 'url', url }, { onProgress: (now) => progress.push(now) });
    expect(opened.manifest).toEqual(manifest);
    for (const path of Object.keys(manifest.files)) expectSame(await opened.read(path), pack.get(path));
    await opened.read(WEIGHTS);
    const total = Object.values(manifest.files).reduce((sum, { bytes }) => sum + bytes, 0);
    expect(progress.at(-1)).toEqual({ loadedBytes: total, totalBytes: total });
    expect(progress.length).toBeGreaterThan(Object.keys(manifest.files).length);
    expect(progress.map(({ loadedBytes }) => loadedBytes)).toEqual(
      progress.map(({ loadedBytes }) => loadedBytes).toSorted((a, b) => a - b),
    );
  });

  it('goes on where the connection broke', async () => {
    Object.assign(faults, { breaks: 2, breakAfter: 400_000 });
    const opened = await openUrl(url, undefined);
    expectSame(await opened.read(WEIGHTS), pack.get(WEIGHTS));
    const [first, second, third] = requests.filter(({ path }) => path === WEIGHTS);
    expect(first?.range).toBeUndefined();
    expect(Number(/\d+/.exec(second?.range as string))).toBeGreaterThan(0);
    expect(Number(/\d+/.exec(third?.range as string))).toBeGreaterThan(
      Number(/\d+/.exec(second?.range as string)),
    );
  });

  it('goes on where an earlier visit stopped, even on a server without ranges', async () => {
    for (const knowsRanges of [true, false]) {
      Object.assign(faults, { breaks: 1, breakAfter: 400_000, knowsRanges });
      const store = new MemoryStore();
      const stopped = new AbortController();
      const first = await openUrl(url, store, {
        onProgress: ({ loadedBytes }) => loadedBytes > 300_000 && stopped.abort(),
      });
      await expect(first.read(WEIGHTS, stopped.signal)).rejects.toThrow(CancelledError);
      const [kept] = store.files.values();
      expect(kept!.length).toBeGreaterThan(0);
      requests.length = faults.breaks = 0;

      const second = await openUrl(url, store);
      expectSame(await second.read(WEIGHTS), pack.get(WEIGHTS));
      expect(requests.at(-1)).toMatchObject({ range: `bytes=${kept!.length}-` });
      requests.length = 0;
      expectSame(await second.read(WEIGHTS), pack.get(WEIGHTS));
      expect(requests).toEqual([]);
    }
  });

  it('knows how much of it is yet to be kept', async () => {
    const store = new MemoryStore();
    const opened = await openUrl(url, store);
    const all = Object.values(manifest.files).reduce((sum, { bytes }) => sum + bytes, 0);
    expect(await opened.unkeptBytes?.()).toBe(all);
    await opened.fetch?.(WEIGHTS);
    const { bytes, sha256 } = manifest.files[WEIGHTS]!;
    expect(await opened.unkeptBytes?.()).toBe(all - bytes);
    store.files.set(sha256, new Uint8Array(10));
    expect(await opened.unkeptBytes?.()).toBe(all - 10);
  });

  it('fetches again what was damaged where it was kept', async () => {
    const store = new MemoryStore();
    const { bytes, sha256 } = manifest.files[WEIGHTS]!;
    for (const damaged of [new Uint8Array(bytes), new Uint8Array(1000), new Uint8Array(bytes + 1)]) {
      store.files.set(sha256, damaged);
      expectSame(await (await openUrl(url, store)).read(WEIGHTS), pack.get(WEIGHTS));
      expectSame(store.files.get(sha256), pack.get(WEIGHTS));
    }
  });

  it('opens without the network when all of it is kept', async () => {
    const store = new MemoryStore();
    const online = await openUrl(url, store);
    for (const path of Object.keys(manifest.files)) await online.read(path);
    faults.down = true;
    const offline = await openUrl(url, store);
    for (const path of Object.keys(manifest.files)) expectSame(await offline.read(path), pack.get(path));
  });

  it('comes whole where there is no room to keep it', async () => {
    const store = new MemoryStore();
    store.room = 100_000;
    expectSame(await (await openUrl(url, store)).read(WEIGHTS), pack.get(WEIGHTS));
  });

  it('that is not what pack.json says is refused', async () => {
    faults.altered = WEIGHTS;
    const opened = await openUrl(url, new MemoryStore());
    await expect(opened.read(WEIGHTS)).rejects.toThrow(
      expect.objectContaining({ constructor: PackCorruptError, file: WEIGHTS }),
    );
  });

  it('that does not come is named', async () => {
    for (const place of ['nowhere', 'app']) {
      await expect(openUrl(`${url}/${place}`, undefined)).rejects.toThrow(PackNotFoundError);
    }
    const opened = await openUrl(url, undefined);
    faults.down = true;
    await expect(openUrl(url, undefined)).rejects.toThrow(PackDownloadError);
    await expect(opened.read(WEIGHTS)).rejects.toThrow(PackDownloadError);
  });
});

describe('a pack from files', () => {
  const named = (path: string, content: Uint8Array<ArrayBuffer>, relative = true): File => {
    const file = new File([content], path.split('/').at(-1) as string);
    return Object.defineProperty(file, 'webkitRelativePath', { value: relative ? `my pack/${path}` : '' });
  };
  const files = (changes: Files = new Map(), relative = true) =>
    [...new Map([...pack, ...changes])].map(([path, content]) => named(path, content, relative));
  const zipped = (changes: Files = new Map()) =>
    new Blob([zipSync({ 'my pack': Object.fromEntries(new Map([...pack, ...changes])) })]);

  it('opens from a folder, from loose files and from a zip', async () => {
    for (const source of [
      { kind: 'files', files: files() },
      { kind: 'files', files: files(new Map(), false) },
      { kind: 'zip', file: zipped() },
    ] as const) {
      const progress: PackProgress[] = [];
      const opened = await openPack(source, { onProgress: (now) => progress.push(now) });
      expect(opened.manifest).toEqual(manifest);
      for (const path of Object.keys(manifest.files)) expectSame(await opened.read(path), pack.get(path));
      expect(progress.at(-1)?.loadedBytes).toBe(progress.at(-1)?.totalBytes);
    }
  });

  it.each<[string, new (...args: never[]) => Error, unknown]>([
    ['is no pack', PackFormatError, { hello: 1 }],
    ['lacks a field', PackFormatError, { format: 'pirouette-pack', version: 1 }],
    ['is of a newer format', PackVersionError, { format: 'pirouette-pack', version: 2, anything: 'new' }],
  ])('whose pack.json %s is refused', async (_, errorClass, json) => {
    const changes: Files = new Map([['pack.json', jsonFile(json)]]);
    await expect(openPack({ kind: 'files', files: files(changes) })).rejects.toThrow(errorClass);
    await expect(openPack({ kind: 'zip', file: zipped(changes) })).rejects.toThrow(errorClass);
  });

  it('of an unknown architecture is refused', async () => {
    const unet = { ...manifest.configs.unet, act_fn: 'mish' };
    const changes: Files = new Map([
      ['pack.json', jsonFile({ ...manifest, configs: { ...manifest.configs, unet } })],
    ]);
    await expect(openPack({ kind: 'files', files: files(changes) })).rejects.toThrow(
      UnknownArchitectureError,
    );
  });

  it('without pack.json is none', async () => {
    await expect(openPack({ kind: 'files', files: [named('photo.png', new Uint8Array(9))] })).rejects.toThrow(
      PackNotFoundError,
    );
    await expect(
      openPack({ kind: 'zip', file: new Blob([zipSync({ 'photo.png': new Uint8Array(9) })]) }),
    ).rejects.toThrow(PackNotFoundError);
  });

  it('names the file that is altered, cut short or missing', async () => {
    const content = pack.get(WEIGHTS)!;
    for (const bad of [content.with(9000, 1), content.slice(0, -5)]) {
      const opened = await openPack({ kind: 'zip', file: zipped(new Map([[WEIGHTS, bad]])) });
      await expect(opened.read(WEIGHTS)).rejects.toThrow(
        expect.objectContaining({ constructor: PackCorruptError, file: WEIGHTS }),
      );
    }
    const without = files().filter(({ webkitRelativePath }) => !webkitRelativePath.endsWith(WEIGHTS));
    const opened = await openPack({ kind: 'files', files: without });
    await expect(opened.read(WEIGHTS)).rejects.toThrow('it is missing');
  });
});
