/**
 * The app without its screens, for the command line: the studio, with files from the page's inputs and its results as
 * downloads.
 */
import { CancelledError } from './errors.ts';
import type { ClipInfo } from './media/index.ts';
import type { PackSource } from './pack/manifest.ts';
import { readTrack } from './pose/index.ts';
import { loadOptions } from './state/device.ts';
import { media, pageMedia } from './state/media.ts';
import { type Problem, problemOf } from './state/problem.ts';
import { studio } from './state/studio.ts';
import {
  type Dance,
  type DancePoses,
  DEFAULT_SETTINGS,
  type Format,
  type Person,
  type Reel,
  type Settings,
  viewOf,
} from './studio/index.ts';

export interface HeadlessJob {
  readonly settings: Partial<Settings>;
  readonly start?: number;
  readonly end?: number;
  /** Each is written and handed out as a download of this name. */
  readonly formats: readonly Format[];
  readonly packUrl?: string;
}

export interface HeadlessResult {
  readonly frames: number;
  readonly frameRate: number;
  readonly width: number;
  readonly height: number;
  readonly seconds: number;
  readonly secondsPerFrame: number | null;
  readonly backend: string;
  readonly device: string;
  readonly warnings: readonly string[];
}

export interface HeadlessProgress {
  readonly stage: 'reading' | 'loading' | 'painting' | 'saving';
  readonly done: number;
  readonly total: number;
}

/** With both, the result has the frames that were done before the problem. */
export type HeadlessAnswer =
  | { readonly result: HeadlessResult; readonly problem?: never }
  | { readonly problem: Problem; readonly result?: HeadlessResult };

declare global {
  interface Window {
    pirouette: {
      animate(job: HeadlessJob): Promise<HeadlessAnswer>;
      /** Ends the painting, if there is any; true where frames are done that are worth keeping. */
      stop(): boolean;
    };
    /** Given by the command line. */
    reportProgress?: (progress: HeadlessProgress) => void;
  }
}

const report = (stage: HeadlessProgress['stage'], done: number, total: number) =>
  window.reportProgress?.({ stage, done, total });

const files = (id: string): File[] => [...((document.getElementById(id) as HTMLInputElement).files ?? [])];

/** Of the work at hand; and how many frames it has done. */
let stopping = new AbortController();
let painted = 0;

async function animate(job: HeadlessJob): Promise<HeadlessAnswer> {
  stopping = new AbortController();
  painted = 0;
  try {
    return await tryToAnimate(job, stopping.signal);
  } catch (error) {
    return { problem: problemOf(error) ?? STOPPED };
  }
}

const STOPPED: Problem = { message: 'The work stopped.', remedy: 'Run it again.' };

async function tryToAnimate(job: HeadlessJob, signal: AbortSignal): Promise<HeadlessAnswer> {
  const began = performance.now();
  const settings: Settings = { ...DEFAULT_SETTINGS, ...job.settings };
  await expectWriters(job.formats);
  const photos = await readPhotos(signal);
  const dance = await readDance(job, signal);
  if ('problem' in dance) return dance;
  const load = await loadOptions(settings);
  const pack = await studio.pack(...packOf(job), load, {
    signal,
    onProgress: ({ loadedBytes, totalBytes }) => report('loading', loadedBytes, totalBytes),
  });
  const reel = await studio.film({ photos, dance, settings, pack });
  const total = reel.film.keys.length;

  let secondsPerFrame: number | null = null;
  let problem: Problem | null = null;
  try {
    let before = performance.now();
    const onReady = () => {
      before = performance.now();
      report('painting', reel.ready().length, total);
    };
    for await (const _ of reel.paint({ signal, source: pack.source, load, onReady })) {
      const took = (performance.now() - before) / 1000;
      secondsPerFrame = secondsPerFrame === null ? took : secondsPerFrame * 0.7 + took * 0.3;
      before = performance.now();
      painted = reel.ready().length;
      report('painting', painted, total);
    }
  } catch (error) {
    const stopped: Problem = {
      message: `Stopped after ${painted} of ${total} frames.`,
      remedy: 'Run it again for all of them.',
    };
    problem = signal.aborted ? stopped : (problemOf(error) ?? stopped);
    if (painted === 0) return { problem };
  }
  await save(reel, job.formats, settings);
  const { info } = studio.door;
  const result = {
    frames: reel.ready().length,
    frameRate: reel.film.motion.frameRate,
    ...reel.film.motion.size,
    seconds: (performance.now() - began) / 1000,
    secondsPerFrame,
    backend: info?.backend ?? '',
    device: info?.device ?? '',
    warnings: reel.film.motion.warnings,
  };
  return problem ? { result, problem } : { result };
}

async function readPhotos(signal: AbortSignal): Promise<Person[]> {
  const photos: Person[] = [];
  const chosen = files('references');
  for (const [index, file] of chosen.entries()) {
    report('reading', index, chosen.length);
    photos.push(await studio.person(file, { name: file.name, signal }));
  }
  return photos;
}

async function readDance(
  { start = 0, end }: HeadlessJob,
  signal: AbortSignal,
): Promise<Dance | { readonly problem: Problem }> {
  const [posesFile] = files('poses');
  const [motion] = files('motion');
  const info = motion && (await filmed(motion));
  const poses = posesFile ? await readPoses(posesFile, info, start, end) : null;
  const seconds = poses ? poses.track.times.at(-1) : info?.duration;
  if (start > 0 && seconds !== undefined && start >= seconds)
    return { problem: startsTooLate(start, seconds) };
  const trim = { start, end: end ?? Number.POSITIVE_INFINITY };
  if (!motion) return { clip: null, poses };
  // With poses, nobody need be looked for in the clip.
  const options = { name: motion.name, trim, signal, watch: poses === null };
  const onProgress = (share: number) => report('reading', share, 1);
  return { ...(await studio.dance(motion, { ...options, onProgress })), poses };
}

async function readPoses(
  file: File,
  info: ClipInfo | undefined,
  start: number,
  end: number | undefined,
): Promise<DancePoses> {
  // OpenPose's files say neither the picture's size nor its rate: the clip that they were made from does.
  const { width, height, frameRate } = info ?? {};
  const size = width && height ? { size: { width, height } } : {};
  const track = readTrack(await file.text(), { ...size, ...(frameRate && { frameRate }) });
  return { name: file.name, track, trim: { start, end: end ?? Number.POSITIVE_INFINITY } };
}

async function save(reel: Reel, formats: readonly Format[], settings: Settings): Promise<void> {
  const { download } = await pageMedia();
  for (const format of formats) {
    const { blob } = await reel.save(
      { format, view: viewOf(settings), sound: true },
      { onProgress: (share) => report('saving', share, 1) },
    );
    download(blob, format);
  }
}

/** Not after minutes of painting. */
async function expectWriters(formats: readonly Format[]): Promise<void> {
  const { CannotEncodeError, videoSupport } = await media();
  const support = await videoSupport();
  if (formats.includes('mp4') && !support.mp4) throw new CannotEncodeError('MP4 video');
  if (formats.includes('webm') && !support.webm) throw new CannotEncodeError('WebM video');
}

function stopPainting(): boolean {
  if (painted === 0) return false;
  stopping.abort(new CancelledError());
  return true;
}

const startsTooLate = (start: number, seconds: number): Problem => ({
  message: `The part begins at ${start} s, but the motion is over after ${seconds.toFixed(2)} s.`,
  remedy: 'Choose an earlier start.',
});

/** What a clip says of itself; its faults are met when it is chosen. */
async function filmed(file: File): Promise<ClipInfo | undefined> {
  const { openClip } = await media();
  const clip = await openClip(file).catch(() => undefined);
  clip?.close();
  return clip?.info;
}

function packOf({ packUrl }: HeadlessJob): [name: string, source: PackSource] {
  const folder = files('pack-folder');
  const [zip] = files('pack-zip');
  if (packUrl) return [packUrl, { kind: 'url', url: packUrl }];
  if (zip) return [zip.name, { kind: 'zip', file: zip }];
  if (folder.length > 0) return ['folder', { kind: 'files', files: folder }];
  return ['Built-in', { kind: 'url', url: new URL('packs/default/', document.baseURI).href }];
}

window.pirouette = { animate, stop: stopPainting };
