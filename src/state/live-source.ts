/** The camera that a live session looks at, or a clip in its place. */
import { CameraMissingError } from '../media/errors.ts';
import type { Camera, FrameSource } from '../media/page/index.ts';
import { media, pageMedia } from './media.ts';

export type LiveSource = 'camera' | { readonly file: Blob; readonly name: string };
export type OpenSource = FrameSource & { close(): void };

export interface CameraChoice {
  readonly deviceId: string;
  readonly label: string;
}

interface Wishes {
  readonly mirror: boolean;
  readonly deviceId: string | null;
}

/** A camera is a mirror and a clip is not, until somebody says otherwise; of one that says nothing for the other. */
export function mirrorFor(
  source: LiveSource,
  before: { readonly source: LiveSource; readonly mirror: boolean },
): boolean {
  const isCamera = source === 'camera';
  return isCamera === (before.source === 'camera') ? before.mirror : isCamera;
}

export async function openClipSource(file: Blob, mirror: boolean): Promise<OpenSource> {
  const [{ openClip }, { playClip }] = await Promise.all([media(), pageMedia()]);
  // What is wrong with a file is known here, and said better than by the element that plays it.
  (await openClip(file)).close();
  return playClip(file, { mirror });
}

export async function openCameraSource(
  wishes: Wishes,
): Promise<{ camera: Camera; cameras: readonly CameraChoice[] }> {
  const { listCameras } = await pageMedia();
  const camera = await openSomeCamera(wishes);
  // Nobody stands before a camera that faces away as before a mirror.
  if (camera.facesAway) camera.mirror = false;
  return { camera, cameras: await listCameras().catch(() => []) };
}

/** The wanted camera, or another one where that is gone: whoever pulled one out may have a second. */
async function openSomeCamera({ mirror, deviceId }: Wishes): Promise<Camera> {
  const { openCamera } = await pageMedia();
  const options = { width: 640, height: 480, mirror };
  if (deviceId === null) return openCamera(options);
  try {
    return await openCamera({ ...options, deviceId });
  } catch (error) {
    if (!(error instanceof CameraMissingError)) throw error;
    return openCamera(options);
  }
}
