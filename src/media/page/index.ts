/** The part of the media room that needs the page: cameras, the clipboard, saving. See `../index.ts`. */
export {
  Camera,
  type CameraFrame,
  type CameraOptions,
  type CameraPermission,
  cameraPermission,
  listCameras,
  openCamera,
} from './camera.ts';
export type { Recording } from './recording.ts';
export { canPickSaveFile, copyStill, download, pickSaveFile } from './save.ts';
