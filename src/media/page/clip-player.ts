import { DamagedFileError } from '../errors.ts';
import { FrameSource } from './frame-source.ts';

/** A clip that stands in for a camera: it plays without sound, over and over, whether somebody watches or not. */
export class ClipPlayer extends FrameSource {
  readonly #url: string;

  constructor(video: HTMLVideoElement, url: string, mirror: boolean) {
    super(video, mirror);
    this.#url = url;
  }

  close(): void {
    this.end();
    this.video.pause();
    this.video.removeAttribute('src');
    this.video.load();
    URL.revokeObjectURL(this.#url);
  }
}

export async function playClip(file: Blob, { mirror = false } = {}): Promise<ClipPlayer> {
  const video = document.createElement('video');
  video.muted = true;
  video.loop = true;
  video.playsInline = true;
  const url = URL.createObjectURL(file);
  video.src = url;
  try {
    await video.play();
  } catch (error) {
    URL.revokeObjectURL(url);
    throw new DamagedFileError('video', { cause: error });
  }
  return new ClipPlayer(video, url, mirror);
}
