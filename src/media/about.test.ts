import { describe, expect, it } from 'vitest';
import { AI_GENERATED, parseXmp, readAbout, xmpBytes, xmpPacket } from './about.ts';

const about = { settings: { steps: 4, words: '</x:xmpmeta> & "quotes" <b> &amp; ü 舞' }, seed: 123456789 };

describe('what a result knows about itself', () => {
  it('comes back as it went in', () => {
    expect(parseXmp(xmpPacket(about))).toEqual(about);
  });

  it('is found anywhere near the ends of a file', async () => {
    const padding = new Uint8Array(9e6).fill(0x20);
    expect(await readAbout(new Blob([padding, xmpBytes(about), new Uint8Array(100)]))).toEqual(about);
    expect(await readAbout(new Blob([new Uint8Array(100), xmpBytes(about), padding]))).toEqual(about);
  });

  it('is null for other files, also those with XMP of others', async () => {
    expect(await readAbout(new Blob(['nothing']))).toBeNull();
    expect(await readAbout(new Blob(['<x:xmpmeta>somebody else</x:xmpmeta>']))).toBeNull();
  });

  it('always says that it is AI-generated, with settings or without', () => {
    for (const packet of [xmpPacket(about), xmpPacket(undefined)]) {
      expect(packet).toContain(
        `<Iptc4xmpExt:DigitalSourceType>${AI_GENERATED}</Iptc4xmpExt:DigitalSourceType>`,
      );
    }
    expect(AI_GENERATED).toMatch(/trainedAlgorithmicMedia$/);
  });
});
