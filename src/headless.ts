/**
 * The app without its screens, for the command line: the same choices, the same job, the same files. Files come in
 * through the page's inputs and go out as a download.
 */
import type { ClipInfo } from './media/index.ts';
import { changeSettings, choosePack, DEFAULT_PACK, type PosesChoice, useChoices } from './state/choices.ts';
import { chooseClip, choosePoses, setFirstTrim } from './state/choose-clip.ts';
import { choosePhoto } from './state/choose-photo.ts';
import { useDevice } from './state/device.ts';
import { isBusy, start, stop, useJob } from './state/job.ts';
import { media, pageMedia } from './state/media.ts';
import { plannedMotion } from './state/preview.ts';
import { type Problem, problemOf } from './state/problem.ts';
import { type Format, saveFilm } from './state/save.ts';
import type { Settings } from './state/settings.ts';

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

function fault(): Problem {
  const { photoProblem, clipProblem } = useChoices.getState();
  const unknown = { message: 'The work stopped.', remedy: 'Run it again.' };
  return photoProblem ?? clipProblem ?? useJob.getState().problem ?? unknown;
}

async function animate(job: HeadlessJob): Promise<HeadlessAnswer> {
  try {
    return await tryToAnimate(job);
  } catch (error) {
    return { problem: problemOf(error) ?? fault() };
  }
}

async function tryToAnimate(job: HeadlessJob): Promise<HeadlessAnswer> {
  const began = performance.now();
  changeSettings(job.settings);
  takePack(job.packUrl);
  await expectWriters(job.formats);
  setFirstTrim({ start: job.start ?? 0, end: job.end ?? Number.POSITIVE_INFINITY });

  for (const [index, file] of files('references').entries()) {
    report('reading', index, files('references').length);
    if (!(await choosePhoto(file, file.name, index === 0 ? 'main' : 'more'))) return { problem: fault() };
  }
  const [poses] = files('poses');
  const [motion] = files('motion');
  // First the poses: with them, nobody need be looked for in the clip.
  if (poses && !(await choosePoses(poses, poses.name, motion && (await filmed(motion)))))
    return { problem: fault() };
  if (job.start) {
    const seconds = poses
      ? trackSeconds(useChoices.getState().poses)
      : motion && (await filmed(motion))?.duration;
    if (seconds !== undefined && job.start >= seconds) return { problem: startsTooLate(job.start, seconds) };
  }
  if (motion && !(await chooseClip(motion, motion.name))) return { problem: fault() };

  const { problem } = plannedMotion(useChoices.getState());
  if (problem) return { problem };
  await start();
  const { film, ready, status, secondsPerFrame } = useJob.getState();
  if (!film || ready.length === 0) return { problem: fault() };

  const { download } = await pageMedia();
  for (const format of job.formats) {
    const { blob } = await saveFilm(
      film,
      ready,
      { format, layout: 'result', sound: true, visibleMark: film.settings.visibleMark },
      { onProgress: (share) => report('saving', share, 1) },
    );
    download(blob, format);
  }
  const { info } = useDevice.getState();
  const result = {
    frames: ready.length,
    frameRate: film.motion.frameRate,
    ...film.motion.size,
    seconds: (performance.now() - began) / 1000,
    secondsPerFrame,
    backend: info?.backend ?? '',
    device: info?.device ?? '',
    warnings: film.motion.warnings,
  };
  if (status === 'finished') return { result };
  const stopped = {
    message: `Stopped after ${ready.length} of ${film.keys.length} frames.`,
    remedy: 'Run it again for all of them.',
  };
  return { result, problem: useJob.getState().problem ?? stopped };
}

/** Not after minutes of painting. */
async function expectWriters(formats: readonly Format[]): Promise<void> {
  const { CannotEncodeError, videoSupport } = await media();
  const support = await videoSupport();
  if (formats.includes('mp4') && !support.mp4) throw new CannotEncodeError('MP4 video');
  if (formats.includes('webm') && !support.webm) throw new CannotEncodeError('WebM video');
}

function stopPainting(): boolean {
  const job = useJob.getState();
  if (!isBusy(job) || job.ready.length === 0) return false;
  void stop();
  return true;
}

const trackSeconds = (poses: PosesChoice | null): number | undefined => poses?.track.times.at(-1);

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

function takePack(url: string | undefined): void {
  const folder = files('pack-folder');
  const [zip] = files('pack-zip');
  if (url) choosePack({ ...DEFAULT_PACK, name: url, source: { kind: 'url', url } });
  else if (zip) choosePack({ ...DEFAULT_PACK, name: zip.name, source: { kind: 'zip', file: zip } });
  else if (folder.length > 0)
    choosePack({ ...DEFAULT_PACK, name: 'folder', source: { kind: 'files', files: folder } });
}

useChoices.subscribe(({ clipTask }) => {
  if (clipTask?.share != null) report('reading', clipTask.share, 1);
});
useDevice.subscribe(({ progress }) => {
  if (progress) report('loading', progress.loadedBytes, progress.totalBytes);
});
useJob.subscribe(({ status, film, ready }) => {
  if (status === 'running' && film) report('painting', ready.length, film.keys.length);
});

window.pirouette = { animate, stop: stopPainting };
