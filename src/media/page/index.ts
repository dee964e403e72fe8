/** The part of the media room that needs the page: cameras, the clipboard, saving. See `../index.ts`. */
export {
  Camera,
  type CameraOptions,
  type CameraPermission,
  cameraPermission,
  listCameras,
  openCamera,
} from './camera.ts';
export { ClipPlayer, playClip } from './clip-player.ts';
export type { CameraFrame, FrameSource } from './frame-source.ts';
export { openMicrophone } from './microphone.ts';
export type { Recording } from './recording.ts';
export { canPickSaveFile, copyStill, download, pickSaveFile } from './save.ts';
