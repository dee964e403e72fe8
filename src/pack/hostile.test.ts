import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportToMemory, type Files, manifestOf, memoryFolder } from '../../tools/memory-pack.ts';
import { randomModel, SMALL_PAIR } from '../../tools/random-model.ts';
import { jsonFile, sha256 } from '../../tools/random-weights.ts';
import { op, torchFile } from '../../tools/torch-files.ts';
import { PirouetteError } from '../errors.ts';
import { concat } from '../onnx/proto.ts';
import { encodeText } from '../onnx/text.ts';
import { openPack, openUrl } from './open.ts';
import { openTensorFile } from './tensor-file.ts';
import { parseManifest } from './validate.ts';

/**
 * Packs, zips, servers and checkpoints that mean harm: each is an error with a name, within a second of the processor's
 * time and 50 MB.
 */
const SECOND = 1e6;
const MEMORY = 50 * 1024;

type Bytes = Uint8Array<ArrayBuffer>;
let sound: Files;
let manifest: ReturnType<typeof manifestOf>;

beforeAll(async () => {
  sound = await exportToMemory(memoryFolder('small', randomModel(SMALL_PAIR)), 'f16');
  manifest = manifestOf(sound);
  parseManifest(jsonFile(manifest));
});

async function refusalOf(attempt: () => unknown): Promise<PirouetteError> {
  const before = process.resourceUsage();
  let fault: unknown;
  try {
    await attempt();
    fault = new Error('it was taken');
  } catch (error) {
    fault = error;
  }
  const after = process.resourceUsage();
  expect(fault, String((fault as Error).stack).slice(0, 600)).toBeInstanceOf(PirouetteError);
  expect((fault as Error).message.length).toBeLessThan(2100);
  expect(after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime).toBeLessThan(
    SECOND,
  );
  expect(after.maxRSS - before.maxRSS).toBeLessThan(MEMORY);
  return fault as PirouetteError;
}

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const times = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item);

describe('a pack.json', () => {
  // biome-ignore lint/suspicious/noExplicitAny: it is spoilt on purpose.
  type Change = (json: any) => void;
  it.each<[string, string, Change]>([
    ['UnknownArchitectureError', 'a million layers', ({ configs }) => (configs.unet.layers_per_block = 1e6)],
    [
      'UnknownArchitectureError',
      'ten thousand layers',
      ({ configs }) => (configs.unet.layers_per_block = 1e4),
    ],
    [
      'UnknownArchitectureError',
      'a million transformers',
      ({ configs }) => (configs.unet.transformer_layers_per_block = 1e6),
    ],
    [
      'UnknownArchitectureError',
      'ten thousand levels',
      ({ configs: { unet } }) => {
        unet.block_out_channels = times(1e4, 32);
        unet.down_block_types = times(1e4, 'CrossAttnDownBlock2D');
        unet.up_block_types = times(1e4, 'CrossAttnUpBlock2D');
        unet.attention_head_dim = 1;
      },
    ],
    [
      'UnknownArchitectureError',
      'channels without end',
      ({ configs }) => (configs.unet.block_out_channels = [2 ** 40, 2 ** 41]),
    ],
    [
      'UnknownArchitectureError',
      'a kernel of a million',
      ({ configs }) => (configs.unet.conv_in_kernel = 1_000_001),
    ],
    [
      'UnknownArchitectureError',
      'a token a mile wide',
      ({ configs }) => (configs.unet.cross_attention_dim = 2 ** 50),
    ],
    [
      'UnknownArchitectureError',
      'norm groups without end',
      ({ configs: { unet } }) => {
        unet.block_out_channels = [65_536, 65_536];
        unet.norm_num_groups = 65_536;
      },
    ],
    [
      'UnknownArchitectureError',
      'a million layers of CLIP',
      ({ configs }) => (configs.imageEncoder.num_hidden_layers = 1e6),
    ],
    [
      'UnknownArchitectureError',
      'sixty thousand layers of CLIP',
      ({ configs }) => (configs.imageEncoder.num_hidden_layers = 60_000),
    ],
    [
      'UnknownArchitectureError',
      'a picture of a million pixels across',
      ({ configs }) => Object.assign(configs.imageEncoder, { image_size: 60_000, patch_size: 1 }),
    ],
    [
      'UnknownArchitectureError',
      'an activation by the name of a method',
      ({ configs }) => (configs.imageEncoder.hidden_act = 'constructor'),
    ],
    [
      'UnknownArchitectureError',
      'waves without end',
      ({ configs }) => (configs.poseEncoder.position_waves = times(5000, 1)),
    ],
    [
      'UnknownArchitectureError',
      'a pose encoder without end',
      ({ configs }) => (configs.poseEncoder.block_out_channels = times(50_000, 8)),
    ],
    [
      'UnknownArchitectureError',
      'a retoucher of a million layers',
      ({ configs }) => (configs.retoucher.layers_per_block = [1e6, 1e6]),
    ],
    [
      'UnknownArchitectureError',
      'a decoder of sixty thousand blocks',
      ({ configs }) => (configs.autoencoder.num_decoder_blocks = [1, 60_000, 1, 1]),
    ],
    [
      'SchedulerError',
      'time steps without end',
      ({ configs }) => (configs.scheduler.num_train_timesteps = 2 ** 40),
    ],
    ['PackFormatError', 'a frame of a mile', ({ defaults }) => (defaults.width = 64e9)],
    ['PackFormatError', 'steps without end', ({ defaults }) => (defaults.steps = 1e9)],
    ['PackFormatError', 'limbs without end', ({ skeleton }) => (skeleton.limbWidth = 1e12)],
    ['PackFormatError', 'a name of a megabyte', (json) => (json.name = 'x'.repeat(1e6))],
    ['PackFormatError', 'a token of a megabyte', (json) => (json.imageTokens = 'x'.repeat(1e6))],
    [
      'PackFormatError',
      'weights by claim',
      ({ files }) => (files['unet/00.safetensors'].bytes = Number.MAX_SAFE_INTEGER),
    ],
    ['PackFormatError', 'weights of a byte less', ({ files }) => files['decoder.safetensors'].bytes--],
    ['PackFormatError', 'a graph by claim', ({ files }) => (files['unet/00.onnx'].bytes = 2 ** 40)],
    ['PackFormatError', 'a segment too much', ({ unet }) => unet.push(unet[0])],
    ['PackFormatError', 'a million segments', (json) => (json.unet = times(10_000, json.unet[0]))],
    ['PackFormatError', 'heads that are not there', ({ unet }) => (unet[0].attention.heads = 1e9)],
    ['PackFormatError', 'a list in a graph’s place', ({ unet }) => (unet[0].graph = ['unet/00.onnx'])],
    ['PackFormatError', 'a deep version', (json) => (json.version = JSON.parse(nested(1000)))],
    [
      'PackFormatError',
      'a deep config',
      ({ configs }) => (configs.unet.sample_size = JSON.parse(nested(1000))),
    ],
    [
      'PackFormatError',
      'a million values',
      ({ configs }) => (configs.scheduler.trained_betas = times(3e5, 0)),
    ],
    ...[
      '../x',
      'a/../../x',
      'a/%2e%2e/x',
      '%2fetc/passwd',
      'x?y',
      'x#y',
      '.\t./x',
      'a/..\n/x',
      '/etc/passwd',
      '//evil.example/x',
      'https:x',
      '..\\x',
      'a//b',
      './x',
      ' .. /x',
      'x'.repeat(5000),
    ].map((path): [string, string, Change] => [
      'PackFormatError',
      `the path ${JSON.stringify(path).slice(0, 30)}`,
      ({ files }) => (files[path] = { bytes: 1, sha256: '0'.repeat(64) }),
    ]),
  ])('is a %s: %s', async (name, _, change) => {
    const json = structuredClone(manifest);
    change(json);
    const bytes = jsonFile(json);
    expect((await refusalOf(() => parseManifest(bytes))).name).toBe(name);
  });

  it.each<[string, () => Bytes]>([
    ['that is a page', () => encodeText('<!doctype html>')],
    ['that is empty', () => new Uint8Array()],
    ['that is no text', () => Uint8Array.of(0xff, 0xfe, 0)],
    ['that is one number', () => encodeText('1e999')],
    ['of brackets', () => encodeText(nested(500_000))],
    ['of many lists', () => encodeText(`[${times(600_000, '[]').join()}]`)],
    ['of 3 MB', () => encodeText(`"${'x'.repeat(3e6)}"`)],
    ['that names a prototype', () => encodeText('{"__proto__":{"format":"pirouette-pack"}}')],
  ])('%s is none', async (_, make) => {
    const bytes = make();
    expect((await refusalOf(() => parseManifest(bytes))).name).toBe('PackFormatError');
  });

  it('of whatever values is taken or refused by name, at once', () => {
    const values = [0, -1, 1.5, 1e6, 2 ** 53, 1e308, null, '', 'x', true, [], {}, [0], [1e9], [[]], [null]];
    const leaves: (readonly [object, string])[] = [];
    const json = structuredClone(manifest);
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [key, inner] of Object.entries(value)) {
        leaves.push([value, key]);
        walk(inner);
      }
    };
    const { referenceNet: _, ...configs } = json.configs;
    for (const part of [configs, json.defaults, json.skeleton, json.unet.slice(0, 1)]) walk(part);
    expect(leaves.length).toBeGreaterThan(80);
    for (const [i, [owner, key]] of (leaves as [Record<string, unknown>, string][]).entries()) {
      const before = owner[key];
      // Each kind of value meets each field of the larger networks in one place or another.
      for (const value of values.filter((_, at) => at % 4 === i % 4)) {
        owner[key] = value;
        const bytes = jsonFile(json);
        const began = process.cpuUsage();
        try {
          parseManifest(bytes);
        } catch (error) {
          if (!(error instanceof PirouetteError))
            throw new Error(`${key}: ${JSON.stringify(value)}`, { cause: error });
        }
        const { user, system } = process.cpuUsage(began);
        expect(user + system, `${key}: ${JSON.stringify(value)}`).toBeLessThan(SECOND);
      }
      owner[key] = before;
    }
  }, 300_000);
});

describe('a zip', () => {
  const zipped = (files: Record<string, Bytes>, level: 0 | 6 = 0) => zipSync(files, { level });
  const opened = async (zip: Bytes) => {
    const pack = await openPack({ kind: 'zip', file: new Blob([zip]) });
    for (const path of Object.keys(pack.manifest.files)) await pack.read(path);
  };
  const whole = () => Object.fromEntries(sound) as Record<string, Bytes>;
  const patched = (zip: Bytes, change: (view: DataView, directory: number) => void): Bytes => {
    const view = new DataView(zip.buffer, zip.byteOffset);
    change(view, view.getUint32(zip.length - 6, true));
    return zip;
  };

  it.each<[string, string, () => Bytes]>([
    [
      'PackFormatError',
      'whose pack.json inflates to 30 MB',
      () => zipped({ 'pack.json': new Uint8Array(3e7) }, 6),
    ],
    ['PackNotFoundError', 'without pack.json', () => zipped({ 'x.json': jsonFile(manifest) })],
    ['PackFormatError', 'cut short', () => zipped(whole()).slice(0, 5000)],
    ['PackFormatError', 'that is none', () => encodeText('PK, but not quite')],
    [
      'PackFormatError',
      'whose directory claims gigabytes',
      () => patched(zipped(whole()), (view) => view.setUint32(view.byteLength - 10, 0xfffffff0, true)),
    ],
    [
      'PackCorruptError',
      'whose weights inflate to 20 MB',
      () => zipped({ ...whole(), 'decoder.safetensors': new Uint8Array(2e7) }),
    ],
    [
      'PackFormatError',
      'whose first entry claims less than it inflates to',
      () => {
        const bomb = zipped({ 'pack.json': new Uint8Array(3e7) }, 6);
        return patched(bomb, (view, directory) => view.setUint32(directory + 24, 100, true));
      },
    ],
    [
      'PackFormatError',
      'whose first entry claims more than it inflates to',
      () => {
        const bomb = zipped({ 'pack.json': jsonFile(manifest) }, 6);
        return patched(bomb, (view, directory) => view.setUint32(directory + 24, 2_000_000, true));
      },
    ],
  ])('is a %s: one %s', async (name, _, make) => {
    const zip = make();
    // What made the zip is no part of what opening it costs.
    expect((await refusalOf(() => opened(zip))).name).toBe(name);
  });

  it('that is sound is opened', async () => expect(opened(zipped(whole()))).resolves.toBeUndefined());
});

describe('a server', () => {
  let handle: RequestListener = () => undefined;
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    handle(request, response);
  });
  let url: string;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/pack`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const FILE = 'decoder.safetensors';
  const file = (request: Parameters<RequestListener>[0]) =>
    sound.get((request.url as string).slice('/pack/'.length));
  const opened = async () => {
    requests = 0;
    const pack = await openUrl(url, undefined);
    await pack.read(FILE);
  };

  it.each<[string, string, number, RequestListener]>([
    [
      'PackFormatError',
      'sends pack.json without an end',
      1,
      (_, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        const more = () => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536, 0x20)));
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      },
    ],
    [
      'PackDownloadError',
      'answers with ranges that nobody asked for',
      4,
      (request, response) => {
        if (!request.url?.endsWith(FILE)) return response.end(file(request));
        response.writeHead(206, { 'Content-Range': 'bytes 7-9/10' }).end('abc');
      },
    ],
    [
      'PackDownloadError',
      'finds no range good enough',
      4,
      (request, response) =>
        request.url?.endsWith(FILE) ? response.writeHead(416).end() : response.end(file(request)),
    ],
    [
      'PackDownloadError',
      'gives a byte at a time',
      8,
      (request, response) => {
        if (!request.url?.endsWith(FILE)) return response.end(file(request));
        const from = Number(/bytes=(\d+)/.exec(request.headers.range ?? '')?.[1] ?? 0);
        const bytes = file(request) as Bytes;
        response.writeHead(from === 0 ? 200 : 206, {
          'Content-Range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
        });
        response.end(bytes.slice(from, from + 1));
      },
    ],
    [
      'PackCorruptError',
      'sends a file without an end',
      4,
      (request, response) => {
        if (!request.url?.endsWith(FILE)) return response.end(file(request));
        const more = () => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536)));
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      },
    ],
    [
      'PackDownloadError',
      'ends every file early',
      8,
      (request, response) => (request.url?.endsWith(FILE) ? response.end('x') : response.end(file(request))),
    ],
  ])('is a %s: one that %s', async (name, _, most, listener) => {
    handle = listener;
    expect((await refusalOf(opened)).name).toBe(name);
    expect(requests).toBeLessThanOrEqual(most);
  });
});

describe('a checkpoint', () => {
  const opened = (bytes: Bytes, path: string) =>
    openTensorFile({ size: bytes.length, read: async (at, length) => bytes.slice(at, at + length) }, path);
  const raw = (...bytes: number[]) => Uint8Array.from(bytes);
  /** Lists that each hold the one before twice. */
  const doubled = (depth: number): Bytes => {
    const parts = [raw(0x5d, 0x71, 0), op.text('x'), raw(0x61, 0x30)];
    for (let i = 1; i <= depth; i++)
      parts.push(raw(0x5d, 0x71, i, 0x68, i - 1, 0x61, 0x68, i - 1, 0x61, 0x30));
    return concat([...parts, raw(0x68, depth)]);
  };
  const program = (...parts: Bytes[]) => torchFile(concat([op.start, ...parts, op.stop]));
  const header = (text: string) => {
    const json = encodeText(text);
    const start = new Uint8Array(8);
    new DataView(start.buffer).setBigUint64(0, BigInt(json.length), true);
    return concat([start, json]);
  };
  const many = (count: number, ...bytes: number[]) =>
    Uint8Array.from({ length: count * bytes.length }, (_, i) => bytes[i % bytes.length] as number);

  it.each<[string, string, () => Bytes]>([
    [
      'TorchFileError',
      'a module whose name laughs a billion times',
      () => program(doubled(40), op.text('y'), raw(0x93)),
    ],
    ['TorchFileError', 'a name that laughs', () => program(op.text('torch'), doubled(40), raw(0x93))],
    ['TorchFileError', 'a key that laughs', () => program(raw(0x7d), doubled(40), raw(0x4e), raw(0x73))],
    ['TorchFileError', 'three million dicts', () => program(many(3_000_000, 0x7d))],
    ['TorchFileError', 'three million lists', () => program(many(3_000_000, 0x5d))],
    ['TorchFileError', 'three million marks', () => program(many(3_000_000, 0x28))],
    ['TorchFileError', 'three million tuples', () => program(many(3_000_000, 0x29))],
    [
      'TorchFileError',
      'one long list made a dict again and again',
      () => {
        const pair = concat([op.text('k'), raw(0x4e, 0x86)]);
        const list = concat([raw(0x5d, 0x28), concat(times(50_000, pair)), raw(0x65, 0x71, 0)]);
        const again = concat([op.global('collections', 'OrderedDict'), raw(0x68, 0, 0x85, 0x52, 0x30)]);
        return program(list, concat(times(20_000, again)));
      },
    ],
    [
      'UnsafePickleError',
      'a function with a long name',
      () => program(op.global('os', 'x'.repeat(1_000_000))),
    ],
    ['TorchFileError', 'a pickle of 5 MB', () => program(many(5_000_000, 0x4e, 0x30))],
  ])('in a .pth is a %s: %s', async (name, _, make) => {
    const bytes = make();
    expect((await refusalOf(() => opened(bytes, 'x.pth'))).name).toBe(name);
  });

  it.each<[string, () => Bytes]>([
    ['whose header has 20 MB', () => header(`{"x":"${'x'.repeat(2e7)}"}`)],
    ['of brackets', () => header(nested(1_000_000))],
    [
      'whose tensor is wider than numbers go',
      () => header('{"x":{"dtype":"F32","shape":[1e300,1e300],"data_offsets":[0,0]}}'),
    ],
    ['whose type is a method', () => header('{"x":{"dtype":"constructor","shape":[],"data_offsets":[0,0]}}')],
  ])('in a .safetensors, one %s, is a TensorFileError', async (_, make) => {
    const bytes = make();
    expect((await refusalOf(() => opened(bytes, 'x.safetensors'))).name).toBe('TensorFileError');
  });

  it('wrapped a hundred thousand times is read as it stands', async () => {
    const name = `${'module.'.repeat(100_000)}x`;
    const bytes = header(`{"${name}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`);
    const began = process.cpuUsage();
    expect((await opened(bytes, 'x.safetensors')).tensors.size).toBe(1);
    expect(process.cpuUsage(began).user).toBeLessThan(SECOND);
  });
});

describe('a file of a pack', () => {
  it('that is another, with a hash of its own, is named', async () => {
    for (const path of ['unet/01.onnx', 'unet/01.safetensors']) {
      const bytes = (sound.get(path) as Bytes).slice();
      bytes[path.endsWith('onnx') ? 60 : 30] = 0x41;
      const files = { ...manifest.files, [path]: { bytes: bytes.length, sha256: sha256(bytes) } };
      const all = new Map([
        ...sound,
        [path, bytes],
        ['pack.json', jsonFile({ ...manifest, files })],
      ] as const);
      const zip = zipSync(Object.fromEntries(all) as Record<string, Bytes>, { level: 0 });
      const pack = await openPack({ kind: 'zip', file: new Blob([zip]) });
      await refusalOf(() => pack.read(path));
    }
  });
});
