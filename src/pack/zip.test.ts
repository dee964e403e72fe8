import { type Zippable, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { PackFormatError } from './errors.ts';
import { openZip } from './zip.ts';

const text = new TextEncoder().encode('many, '.repeat(20_000));
const noise = Uint8Array.from({ length: 5000 }, (_, i) => (i * i * 31) >> 3);

function zipOf(files: Zippable): Blob {
  return new Blob([zipSync(files)]);
}

const directoryOf = (bytes: Uint8Array<ArrayBuffer>) =>
  new DataView(bytes.buffer).getUint32(bytes.length - 6, true);

const both = () => zipOf({ 'a/text': [text, { level: 6 }], 'a/noise': [noise, { level: 0 }] });

describe('a zip', () => {
  it('gives whole entries and parts of them, stored or deflated', async () => {
    const folder = await openZip(both(), 'zip');
    expect(folder.paths).toEqual(['a/text', 'a/noise']);
    for (const [path, content] of [
      ['a/text', text],
      ['a/noise', noise],
    ] as const) {
      const source = (await folder.open(path))!;
      expect(source.size).toBe(content.length);
      expect(Buffer.compare(await source.read(0, source.size), content)).toBe(0);
      expect(await source.read(1234, 777)).toEqual(content.slice(1234, 2011));
      expect(await source.read(source.size - 3, 3)).toEqual(content.slice(-3));
    }
    expect(await folder.open('a/none')).toBeUndefined();
  });

  it('is found behind a comment', async () => {
    const bytes = new Uint8Array(await both().arrayBuffer());
    new DataView(bytes.buffer).setUint16(bytes.length - 2, 5, true);
    const folder = await openZip(new Blob([bytes, 'hello']), 'zip');
    expect(folder.paths).toHaveLength(2);
  });

  it('never reads more than the entry that is asked for', async () => {
    const zip = both();
    let read = 0;
    const counting = new Proxy(zip, {
      get(target, key) {
        if (key === 'size') return target.size;
        if (key !== 'slice') throw new Error(`${String(key)} reads the whole zip`);
        return (start: number, end: number) => {
          read += end - start;
          return target.slice(start, end);
        };
      },
    });
    const folder = await openZip(counting, 'zip');
    read = 0;
    await (await folder.open('a/noise'))!.read(0, 5000);
    expect(read).toBe(5030);
  });

  it.each<[string, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>]>([
    ['no zip', () => new Uint8Array(100)],
    ['empty', () => new Uint8Array(0)],
    ['cut short', (bytes) => bytes.slice(0, -30)],
    ['without its first half', (bytes) => bytes.slice(bytes.length / 2)],
    ['with an altered directory', (bytes) => bytes.with(directoryOf(bytes), 7)],
    ['with altered contents', (bytes) => bytes.fill(0xff, 36, 60)],
  ])('that is %s is a PackFormatError', async (_, damage) => {
    const bytes = damage(new Uint8Array(await both().arrayBuffer()));
    const readAll = async () => {
      const folder = await openZip(new Blob([bytes]), 'zip');
      for (const path of ['a/text', 'a/noise']) {
        const source = await folder.open(path);
        if (source === undefined) throw new PackFormatError('its name is altered');
        await source.read(0, source.size);
      }
    };
    await expect(readAll()).rejects.toThrow(PackFormatError);
  });

  it('with a password says so', async () => {
    const bytes = new Uint8Array(await both().arrayBuffer());
    await expect(openZip(new Blob([bytes.with(directoryOf(bytes) + 8, 1)]), 'zip')).rejects.toThrow(
      'password',
    );
  });
});
