import {
  CameraBusyError,
  CameraDeniedError,
  CameraLostError,
  CameraMissingError,
  CameraUnsupportedError,
} from '../errors.ts';
import { FrameSource } from './frame-source.ts';
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

export type CameraPermission = 'granted' | 'denied' | 'prompt' | 'unknown';

/** A visible page whose camera shows nothing new for so long has lost it. */
const LOST_AFTER_MS = 8000;
const GRACE_MS = 500;

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
    // A picture as the camera makes it: a browser that brings it to the wished shape cuts off its sides.
    ...{ resizeMode: { ideal: 'none' } },
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

export class Camera extends FrameSource {
  /** For a `<video>` element. */
  readonly stream: MediaStream;
  readonly label: string;
  readonly deviceId: string;
  /** Settles when the camera is unplugged, taken or forbidden; never when it is closed. */
  readonly lost: Promise<CameraLostError>;
  readonly #lose: () => void;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(stream: MediaStream, video: HTMLVideoElement, mirror: boolean) {
    super(video, mirror);
    this.stream = stream;
    const track = this.#track;
    this.label = track.label;
    this.deviceId = track.getSettings().deviceId ?? '';
    const { promise, resolve } = Promise.withResolvers<CameraLostError>();
    this.lost = promise;
    this.#lose = () => {
      const fault = new CameraLostError();
      this.end(fault);
      resolve(fault);
    };
    track.addEventListener('ended', this.#lose);
    document.addEventListener('visibilitychange', this.#awaitFrame);
    this.#awaitFrame();
  }

  get frameRate(): number {
    return this.#track.getSettings().frameRate ?? 30;
  }

  /** The one on a phone's back. */
  get facesAway(): boolean {
    return this.#track.getSettings().facingMode === 'environment';
  }

  get hasMicrophone(): boolean {
    return this.stream.getAudioTracks().length > 0;
  }

  /** Records the camera, and the microphone if it was asked for, until `stop`. */
  record(): Promise<Recording> {
    return Recording.start(this.stream, this);
  }

  close(): void {
    this.end();
    clearTimeout(this.#silence);
    document.removeEventListener('visibilitychange', this.#awaitFrame);
    for (const track of this.stream.getTracks()) track.stop();
    this.video.srcObject = null;
  }

  protected override arrived(): void {
    this.#awaitFrame();
    super.arrived();
  }

  /** A page that is seen hears of a camera that falls silent; a hidden one is shown no frames, and that is well. */
  readonly #awaitFrame = (): void => {
    clearTimeout(this.#silence);
    if (!this.isOpen || document.hidden) return;
    this.#silence = setTimeout(() => {
      // A page that was busy itself has the frame still before it.
      this.#silence = setTimeout(this.#lose, GRACE_MS);
    }, LOST_AFTER_MS);
  };

  get #track(): MediaStreamTrack {
    const [track] = this.stream.getVideoTracks();
    if (!track) throw new CameraMissingError();
    return track;
  }
}
