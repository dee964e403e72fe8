import { context2d } from '../canvas.ts';
import {
  CameraBusyError,
  CameraDeniedError,
  CameraLostError,
  CameraMissingError,
  CameraUnsupportedError,
} from '../errors.ts';
import { Recording } from './recording.ts';

export interface CameraOptions {
  readonly deviceId?: string;
  /** Wishes; the camera gives what comes closest. */
  readonly width?: number;
  readonly height?: number;
  readonly frameRate?: number;
  /** Frames come as in a mirror, left on the left. */
  readonly mirror?: boolean;
  /** Asks for the microphone as well, for recordings; a machine without one still gives its camera. */
  readonly microphone?: boolean;
}

export interface CameraFrame {
  /** The receiver's to close, or to transfer. */
  readonly image: ImageBitmap;
  /** When the camera took it, on `performance.now()`'s clock, as far as the browser knows. */
  readonly takenAt: number;
}

export type CameraPermission = 'granted' | 'denied' | 'prompt' | 'unknown';

/** A visible page whose camera shows nothing new for so long has lost it. */
const LOST_AFTER_MS = 8000;

export async function cameraPermission(): Promise<CameraPermission> {
  try {
    return (await navigator.permissions.query({ name: 'camera' as PermissionName })).state;
  } catch {
    return 'unknown';
  }
}

/** Their names are empty until the camera has been allowed once. */
export async function listCameras(): Promise<{ readonly deviceId: string; readonly label: string }[]> {
  if (!navigator.mediaDevices) throw new CameraUnsupportedError();
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices
    .filter(({ kind }) => kind === 'videoinput')
    .map(({ deviceId, label }) => ({ deviceId, label }));
}

/** Asks for the camera; waits for the person's answer as long as that takes. */
export async function openCamera(options: CameraOptions = {}): Promise<Camera> {
  const stream = await askFor(options);
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  try {
    await video.play();
    return new Camera(stream, video, options.mirror ?? false);
  } catch (error) {
    for (const track of stream.getTracks()) track.stop();
    throw nameCameraFault(error);
  }
}

async function askFor({
  deviceId,
  width,
  height,
  frameRate,
  microphone,
}: CameraOptions): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new CameraUnsupportedError();
  const video: MediaTrackConstraints = {
    width: { ideal: width ?? 1280 },
    height: { ideal: height ?? 720 },
    frameRate: { ideal: frameRate ?? 30 },
    ...(deviceId && { deviceId: { exact: deviceId } }),
  };
  const ask = (audio: boolean) => navigator.mediaDevices.getUserMedia({ video, audio });
  try {
    return await ask(microphone ?? false);
  } catch (error) {
    const fault = nameCameraFault(error);
    // It may be the microphone alone that is missing or taken; a refusal is the person's answer, not to be asked again.
    if (!microphone || fault instanceof CameraDeniedError) throw fault;
    return ask(false).catch((second) => {
      throw nameCameraFault(second);
    });
  }
}

function nameCameraFault(error: unknown): Error {
  const cause = { cause: error };
  switch (error instanceof Object && 'name' in error ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return new CameraDeniedError(cause);
    case 'NotFoundError':
    case 'OverconstrainedError':
      return new CameraMissingError(cause);
    default:
      return new CameraBusyError(cause);
  }
}

export class Camera {
  /** For a `<video>` element. */
  readonly stream: MediaStream;
  readonly label: string;
  readonly deviceId: string;
  /** Settles when the camera is unplugged, taken or forbidden; never when it is closed. */
  readonly lost: Promise<CameraLostError>;
  mirror: boolean;
  readonly #video: HTMLVideoElement;
  readonly #canvas = new OffscreenCanvas(1, 1);
  #shown = 0;
  #takenAt = 0;
  #state: 'open' | 'lost' | 'closed' = 'open';
  #changed = Promise.withResolvers<void>();

  constructor(stream: MediaStream, video: HTMLVideoElement, mirror: boolean) {
    this.stream = stream;
    this.mirror = mirror;
    this.#video = video;
    const track = this.#track;
    this.label = track.label;
    this.deviceId = track.getSettings().deviceId ?? '';
    this.lost = new Promise((resolve) => {
      track.addEventListener('ended', () => {
        this.#end('lost');
        resolve(new CameraLostError());
      });
    });
    this.#watch();
  }

  get width(): number {
    return this.#video.videoWidth;
  }

  get height(): number {
    return this.#video.videoHeight;
  }

  get frameRate(): number {
    return this.#track.getSettings().frameRate ?? 30;
  }

  get hasMicrophone(): boolean {
    return this.stream.getAudioTracks().length > 0;
  }

  /** Each time the newest frame, when there is one that was not given yet: a slow loop skips, and nothing queues. */
  async *frames({
    signal,
    maxSide = Infinity,
  }: {
    signal?: AbortSignal;
    maxSide?: number;
  } = {}): AsyncGenerator<CameraFrame> {
    const stop = () => this.#wake();
    signal?.addEventListener('abort', stop);
    try {
      let given = 0;
      for (;;) {
        while (this.#shown === given && this.#state === 'open' && !signal?.aborted) await this.#nextChange();
        if (signal?.aborted || this.#state === 'closed') return;
        if (this.#state === 'lost') throw new CameraLostError();
        given = this.#shown;
        yield { image: this.#capture(maxSide), takenAt: this.#takenAt };
      }
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** The frame that is seen now. */
  snapshot(): ImageBitmap {
    return this.#capture(Infinity);
  }

  /** Records the camera, and the microphone if it was asked for, until `stop`. */
  record(): Promise<Recording> {
    return Recording.start(this.stream, this);
  }

  close(): void {
    this.#end('closed');
    for (const track of this.stream.getTracks()) track.stop();
    this.#video.srcObject = null;
  }

  get #track(): MediaStreamTrack {
    const [track] = this.stream.getVideoTracks();
    if (!track) throw new CameraMissingError();
    return track;
  }

  #watch(): void {
    this.#video.requestVideoFrameCallback((now, { captureTime }) => {
      if (this.#state !== 'open') return;
      this.#shown++;
      this.#takenAt = captureTime ?? now;
      this.#wake();
      this.#watch();
    });
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async #nextChange(): Promise<void> {
    const before = this.#shown;
    const waited = new Promise<void>((resolve) => setTimeout(resolve, LOST_AFTER_MS));
    await Promise.race([this.#changed.promise, waited]);
    // A hidden page is shown no frames, and that is well.
    const silent = this.#shown === before && this.#state === 'open' && !document.hidden;
    if (silent && performance.now() - this.#takenAt > LOST_AFTER_MS) this.#end('lost');
  }

  #end(state: 'lost' | 'closed'): void {
    if (this.#state !== 'open') return;
    this.#state = state;
    this.#wake();
  }

  #capture(maxSide: number): ImageBitmap {
    const scale = Math.min(1, maxSide / Math.max(this.width, this.height));
    const width = Math.round(this.width * scale);
    const height = Math.round(this.height * scale);
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    const context = context2d(this.#canvas, { alpha: false });
    context.setTransform(this.mirror ? -1 : 1, 0, 0, 1, this.mirror ? width : 0, 0);
    context.drawImage(this.#video, 0, 0, width, height);
    return this.#canvas.transferToImageBitmap();
  }
}
