import { canEncodeVideo, Quality, type VideoCodec } from 'mediabunny';
import { avcCodecs, type Film } from './avc.ts';
import { CannotEncodeError } from './errors.ts';

export type Container = 'mp4' | 'webm';

export type VideoQuality = 'small' | 'good' | 'best';

/** Megabits a second for 1080p at 25 frames a second. */
const MEGABITS: Readonly<Record<VideoQuality, number>> = { small: 5, good: 12, best: 24 };
/** Small pictures need more bits a pixel than large ones. */
const BITS_GROWTH = 0.75;
export function bitrateFor(width: number, height: number, frameRate: number, quality: VideoQuality): number {
  const share = (width * height * frameRate) / (1920 * 1080 * 25);
  return Math.round(MEGABITS[quality] * 1e6 * share ** BITS_GROWTH);
}

export interface Encoding {
  readonly container: Container;
  readonly codec: VideoCodec;
  readonly fullCodecString?: string;
}

export async function chooseEncoding(film: Film, container: Container | 'auto'): Promise<Encoding> {
  const { width, height, frameRate, bitrate } = film;
  const quality = new Quality({ bitrate });
  if (container !== 'webm') {
    for (const fullCodecString of avcCodecs(film)) {
      if (await canEncodeVideo('avc', { width, height, frameRate, quality, fullCodecString })) {
        return { container: 'mp4', codec: 'avc', fullCodecString };
      }
    }
    if (container === 'mp4') throw new CannotEncodeError(`H.264 video of ${width} by ${height}`);
  }
  for (const codec of ['vp9', 'av1', 'vp8'] as const) {
    if (await canEncodeVideo(codec, { width, height, frameRate, quality }))
      return { container: 'webm', codec };
  }
  throw new CannotEncodeError(`video of ${width} by ${height}`);
}

/** Which kinds of video this browser can write. */
export async function videoSupport(): Promise<Readonly<Record<Container, boolean>>> {
  const film: Film = { width: 512, height: 512, frameRate: 25, bitrate: 2e6 };
  const can = (container: Container) =>
    'VideoEncoder' in globalThis
      ? chooseEncoding(film, container).then(
          () => true,
          () => false,
        )
      : false;
  return { mp4: await can('mp4'), webm: await can('webm') };
}
