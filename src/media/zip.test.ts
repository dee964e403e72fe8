import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { ByteSink } from './byte-sink.ts';
import { crc32 } from './crc32.ts';
import { ZipWriter } from './zip.ts';

describe('a zip', () => {
  it('is read by others, names and contents', async () => {
    const sink = new ByteSink();
    const zip = new ZipWriter(sink);
    const files = {
      'frame-00001.png': Uint8Array.of(1, 2, 3),
      'tänzer.json': new Uint8Array(0),
      big: new Uint8Array(20_000).fill(7),
    };
    for (const [name, content] of Object.entries(files)) await zip.add(name, content);
    await zip.finish();
    const blob = await sink.finish('application/zip');
    expect(unzipSync(new Uint8Array(await blob.arrayBuffer()))).toEqual(files);
  });

  it('passes the limits of old zips: more than 65,535 files', async () => {
    const sink = new ByteSink();
    const zip = new ZipWriter(sink);
    for (let i = 0; i < 66_000; i++) await zip.add(`${i}`, Uint8Array.of(i & 255));
    await zip.finish();
    const bytes = new Uint8Array(await (await sink.finish('application/zip')).arrayBuffer());
    const read = unzipSync(bytes);
    expect(Object.keys(read)).toHaveLength(66_000);
    expect(read['65999']).toEqual(Uint8Array.of(65_999 & 255));
  });

  it('has the checksum everybody knows', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });
});
