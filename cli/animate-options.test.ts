import { describe, expect, it } from 'vitest';
import { formatOf, parseOptions, UsageError } from './animate-options.ts';

const least = ['--reference', 'a.png', '--motion', 'b.mp4', '--out', 'c.mp4'];

describe('parseOptions', () => {
  it('reads every option', () => {
    const options = parseOptions([
      ...[
        ...least,
        '--reference',
        'a2.png',
        '--references',
        'a3.png,a4.png',
        '--poses',
        'p.json',
        '--frames',
        'd',
      ],
      ...[
        '--steps',
        '8',
        '--size',
        '256x384',
        '--seed',
        '7',
        '--fps',
        '12.5',
        '--start',
        '1',
        '--end',
        '2.5',
      ],
      ...[
        '--pack',
        'pack',
        '--backend',
        'wasm',
        '--guidance',
        '2',
        '--quality',
        'best',
        '--mirror',
        '--no-retouch',
        '--json',
      ],
    ]);
    expect(options.references).toEqual(['a.png', 'a2.png', 'a3.png', 'a4.png']);
    expect(options).toMatchObject({
      start: 1,
      end: 2.5,
      json: true,
      pack: 'pack',
      frames: 'd',
      poses: 'p.json',
    });
    expect(options.settings).toMatchObject({
      ...{ quality: 'best', steps: 8, width: 256, height: 384, seed: 7, frameRate: 12.5, guidance: 2 },
      ...{ backend: 'wasm', mirror: true, retouch: false, fit: 'fitted' },
    });
  });

  it('leaves to the app what is not asked for', () => {
    const { settings } = parseOptions(least);
    expect(settings).toMatchObject({
      quality: 'good',
      steps: null,
      guidance: null,
      frameRate: null,
      seed: 1,
    });
    expect(settings).not.toHaveProperty('width');
  });

  it.each([
    [['--motion', 'b.mp4', '--out', 'c.mp4'], /--reference is missing/],
    [['--reference', 'a.png', '--out', 'c.mp4'], /--motion/],
    [['--reference', 'a.png', '--motion', 'b.mp4'], /--out/],
    [[...least.slice(0, 4), '--out', 'c.avi'], /c\.avi.*mp4, webm/],
    [[...least, '--steps', 'many'], /--steps many/],
    [[...least, '--steps', '2.5'], /whole/],
    [[...least, '--seed', '-1'], /--seed/],
    [[...least, '--seed', '4294967296'], /from 0 to 4294967295/],
    [[...least, '--steps', '2000'], /from 1 to 100/],
    [[...least, '--fps', '0'], /from 0.1 to 120/],
    [[...least, '--fps', '1e9'], /from 0.1 to 120/],
    [[...least.slice(0, 4), '--out', 'mp4'], /ending/],
    [[...least.slice(0, 4), '--out', 'c.constructor'], /ending/],
    [[...least, '--size', 'big'], /--size big/],
    [[...least, '--size', '64'], /128 to 1280/],
    [[...least, '--size', '256x9000'], /128 to 1280/],
    [[...least, '--background', 'green'], /photo, still, plain/],
    [[...least, '--start', '3', '--end', '2'], /later/],
    [[...least, '--backend', 'cuda'], /auto, webgpu, wasm/],
    [[...least, '--nonsense'], /nonsense/],
  ])('names the fault in %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
    expect(() => parseOptions(args)).toThrow(message);
  });

  it('takes a colour for a background', () => {
    const background = (text: string) => parseOptions([...least, '--background', text]).settings;
    expect(background('#20A040')).toMatchObject({ background: 'plain', plainColour: '#20A040' });
    expect(background('still')).toMatchObject({ background: 'still' });
  });

  it('knows formats by their endings', () => {
    expect(formatOf('x.GIF')).toBe('gif');
    expect(formatOf('frames.zip')).toBe('png');
  });
});
