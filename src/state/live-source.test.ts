import { beforeEach, describe, expect, it, vi } from 'vitest';
import { CameraBusyError, CameraMissingError } from '../media/errors.ts';
import { mirrorFor, openCameraSource } from './live-source.ts';

const page = vi.hoisted(() => ({ openCamera: vi.fn(), listCameras: vi.fn() }));
vi.mock('./media.ts', () => ({ pageMedia: async () => page }));

const camera = (deviceId: string, facesAway = false) => ({ deviceId, facesAway, mirror: true });

beforeEach(() => {
  page.openCamera.mockReset();
  page.listCameras.mockReset().mockResolvedValue([]);
});

describe('a live source', () => {
  it('is a mirror where it is a camera, and stays as it was chosen', () => {
    const clip = { file: new Blob(), name: 'dance.mp4' };
    expect(mirrorFor(clip, { source: 'camera', mirror: true })).toBe(false);
    expect(mirrorFor('camera', { source: clip, mirror: false })).toBe(true);
    expect(mirrorFor('camera', { source: 'camera', mirror: false })).toBe(false);
    expect(mirrorFor(clip, { source: clip, mirror: true })).toBe(true);
  });

  it('is another camera where the chosen one was pulled out', async () => {
    page.openCamera.mockImplementation(async ({ deviceId }) => {
      if (deviceId) throw new CameraMissingError();
      return camera('built in');
    });
    const opened = await openCameraSource({ mirror: true, deviceId: 'pulled out' });
    expect(opened.camera.deviceId).toBe('built in');
  });

  it('is not another camera where the chosen one is only taken', async () => {
    page.openCamera.mockRejectedValue(new CameraBusyError());
    const opening = openCameraSource({ mirror: true, deviceId: 'taken' });
    await expect(opening).rejects.toThrow(CameraBusyError);
    expect(page.openCamera).toHaveBeenCalledTimes(1);
  });

  it('is no mirror where the camera faces away', async () => {
    page.openCamera.mockResolvedValue(camera('back', true));
    const { camera: back } = await openCameraSource({ mirror: true, deviceId: null });
    expect(back.mirror).toBe(false);
  });
});
