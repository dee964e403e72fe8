/**
 * The media room: the person's own files and camera in, a finished film out; nothing leaves the machine.
 * Everything here runs on the page and in a worker; what needs the page itself is in `./page/index.ts`.
 * All times are in seconds. Every fault is a `PirouetteError` from `./errors.ts`, and nothing waits longer than 10 s
 * without progress, but for a picture of many megapixels.
 *
 * In
 *   kindOf(file): Promise<'picture' | 'video' | 'other'>        by its first bytes
 *   openPhoto(file, {maxSide?, ground?}): Promise<Photo>        Photo { image: ImageBitmap, width, height, notes, ... }
 *   openClip(file): Promise<Clip>                               Clip { info: ClipInfo, ... }
 *     clip.frames({start?, end?, frameRate?}): AsyncGenerator<ClipFrame>   all frames at their own times, or resampled
 *     clip.frameAt(time): Promise<ClipFrame>
 *     clip.filmstrip({count, height, start?, end?}): AsyncGenerator<{ time, image: ImageBitmap }>   cheap, near key frames
 *     clip.close()
 *   ClipFrame { index, time, timestamp, duration, width, height; bitmap({maxSide?}), draw(context, x, y, w, h), close() }
 *     A frame that a loop receives is the loop's to close.
 *
 * Out (each a FrameWriter: add(image, timing?), finish(): Promise<Blob>, cancel())
 *   writeVideo({width, height, frameRate?, container?, quality?, sound?, about?, to?}): Promise<VideoWriter>
 *   writeGif({width, height, frameRate, dither?, about?, to?}): Promise<FrameWriter>
 *   writeWebp({width, height, frameRate, quality?, about?, to?}): Promise<FrameWriter>
 *   writeFrames({width, height, files?, about?, to?}): Promise<FrameWriter>        PNG sequence in a zip
 *   writeStill(image, about?): Promise<Blob>                                       one PNG
 *     `to` is a FileSystemFileHandle (of the disk or of OPFS); without it the bytes stay in memory while they are few
 *     and move to a temporary OPFS file when they are many (`forgetTemporaryFiles` deletes those).
 *     `sound: { clip, start?, end? }` carries the clip's own sound over, trimmed alike.
 *     `about: { settings, seed }` is kept in the file's metadata, with the mark that the film is AI-generated.
 *   readAbout(file): Promise<About | null>                      what a result was made with, from any of these formats
 *   videoSupport(): Promise<{ mp4, webm }>                      what this browser can write
 *   new PanelLayout(sizes, {height, gap?, ground?}) { width, height, draw(images) }   reference, pose, result side by side
 *
 * On the page (`./page/index.ts`)
 *   cameraPermission(), listCameras(), openCamera({deviceId?, width?, height?, frameRate?, mirror?, microphone?}): Promise<Camera>
 *     camera.frames({signal?, maxSide?, by?}): AsyncGenerator<CameraFrame>   the newest wins, nothing queues
 *     camera.record(): Promise<Recording>                       recording.stop(): Promise<File>
 *     camera.lost: Promise<CameraLostError>, camera.stream (for a <video>), camera.close()
 *   playClip(file, {mirror?}): Promise<ClipPlayer>              a clip in a camera's place: frames(), snapshot(), close()
 *   openMicrophone(): Promise<MediaStreamAudioTrack>
 *   copyStill(blob): Promise<void>                              a PNG to the clipboard
 *   pickSaveFile(name, type): Promise<FileSystemFileHandle | null>, download(blob, name)
 */
export { type About, AI_GENERATED, readAbout } from './about.ts';
export { forgetTemporaryFiles } from './byte-sink.ts';
export { type Clip, type ClipInfo, type FilmstripOptions, type FrameOptions, openClip } from './clip.ts';
export { ClipFrame } from './clip-frame.ts';
export { type Container, type VideoQuality, videoSupport } from './encoding.ts';
export * from './errors.ts';
export type { FrameImage, FrameTiming, FrameWriter } from './frame-writer.ts';
export { type FramesOptions, writeFrames } from './frames-zip.ts';
export { type GifOptions, writeGif } from './gif.ts';
export { PanelLayout, type PanelOptions } from './panels.ts';
export { openPhoto, type Photo, type PhotoOptions } from './photo.ts';
export { kindOf } from './sniff.ts';
export type { ClipSound } from './sound.ts';
export { writeStill } from './still.ts';
export {
  type VideoOptions,
  type VideoWriter,
  writeVideo,
} from './video-out.ts';
export { type WebpOptions, writeWebp } from './webp.ts';
