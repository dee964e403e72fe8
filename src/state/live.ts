import { create } from 'zustand';
import { FOR_LIVE_COMPANY, PoseClient } from '../client/pose.ts';
import {
  FROM_LAST_FRAME,
  FROM_NOISE,
  type LiveFigures,
  LiveMeter,
  type LiveSession,
  type Pace,
} from '../live/index.ts';
import type { Point } from '../pose/index.ts';
import { Latest } from '../studio/latest.ts';
import { liveSession } from '../studio/live.ts';
import { learnPack, type PhotoChoice, useChoices } from './choices.ts';
import { loadOptions, noteLoaded, useDevice } from './device.ts';
import { chooseExamplePhoto, useExamples } from './examples.ts';
import { isBusy, useJob } from './job.ts';
import { type LiveFilm, LiveRecorder } from './live-film.ts';
import { liveReference, liveSizes } from './live-photo.ts';
import {
  type CameraChoice,
  type LiveSource,
  mirrorFor,
  type OpenSource,
  openCameraSource,
  openClipSource,
} from './live-source.ts';
import { LiveView } from './live-view.ts';
import { media, pageMedia } from './media.ts';
import { PlanError, type Problem, problemOf } from './problem.ts';
import { studio } from './studio.ts';

export type LivePhase = 'off' | 'starting' | 'live' | 'failed';

export interface Live {
  readonly phase: LivePhase;
  readonly source: LiveSource;
  readonly cameras: readonly CameraChoice[];
  readonly deviceId: string | null;
  readonly problem: Problem | null;
  /** A fault beside the picture, such as of a recording; it goes on. */
  readonly aside: Problem | null;
  readonly people: number;
  readonly isPersonThere: boolean;
  readonly calibration: number;
  readonly isResting: boolean;
  readonly isHidden: boolean;
  /** A worker that was just started again. */
  readonly restarted: 'pose' | 'engine' | null;
  readonly hasPicture: boolean;
  readonly figures: LiveFigures | null;
  readonly pace: Pace | null;
  readonly frameRate: number;
  /** Each frame starts from the last one, in place of noise alone. */
  readonly fromLastFrame: boolean;
  readonly mirror: boolean;
  readonly microphone: boolean;
  readonly countdown: number | null;
  readonly recordingSince: number | null;
  readonly film: LiveFilm | null;
  /** Whether the recording is looked at; closed, it waits until it is saved, thrown away, or another one is made. */
  readonly isFilmOpen: boolean;
}

export const FRAME_RATES = [6, 12, 24] as const;

const NOTHING_SEEN = {
  people: 0,
  isPersonThere: false,
  calibration: 0,
  isResting: false,
  restarted: null,
  hasPicture: false,
  figures: null,
  pace: null,
  countdown: null,
} as const;

export const useLive = create<Live>(() => ({
  phase: 'off',
  source: 'camera',
  cameras: [],
  deviceId: null,
  problem: null,
  aside: null,
  isHidden: document.hidden,
  frameRate: 12,
  fromLastFrame: false,
  mirror: true,
  microphone: false,
  recordingSince: null,
  film: null,
  isFilmOpen: false,
  ...NOTHING_SEEN,
}));

export const view = new LiveView();

const FIGURES_EVERY_MS = 500;
const RESTART_SHOWN_MS = 4000;
const COUNTDOWN_SECONDS = 3;

interface Running {
  readonly session: LiveSession;
  readonly source: OpenSource;
  photo: PhotoChoice;
}

let running: Running | null = null;
let recorder: LiveRecorder | null = null;
const latest = new Latest();

/** Opens the camera and goes live; what stands in the way is said, and tried again by another call. */
export async function goLive(source: LiveSource = useLive.getState().source): Promise<void> {
  const signal = latest.begin();
  running = null;
  const mirror = mirrorFor(source, useLive.getState());
  useLive.setState({ ...NOTHING_SEEN, phase: 'starting', source, mirror, problem: null, aside: null });
  let frames: OpenSource | null = null;
  try {
    if (isBusy(useJob.getState())) throw new PlanError(STUDIO_IS_BUSY);
    frames = await openSource(source);
    const photo = await somebody();
    signal.throwIfAborted();
    await runSession(frames, photo, signal);
    if (!signal.aborted) useLive.setState({ phase: 'off' });
  } catch (error) {
    if (signal.aborted) return;
    // Before the canvases go: a recording ends with what they show.
    const saved = stopRecording();
    const problem = problemOf(error);
    useLive.setState({ phase: problem ? 'failed' : 'off', problem });
    await saved;
  } finally {
    frames?.close();
  }
}

const STUDIO_IS_BUSY: Problem = {
  message: 'The studio is making a dance at the moment, and there is one engine for both.',
  remedy: 'Wait until it is finished, or stop it there: finished frames are kept.',
};

export async function leaveLive(): Promise<void> {
  const recorded = stopRecording();
  latest.abort();
  running = null;
  await recorded;
  useLive.setState({ phase: 'off', ...NOTHING_SEEN });
}

async function openSource(source: LiveSource): Promise<OpenSource> {
  const wishes = useLive.getState();
  if (source !== 'camera') return openClipSource(source.file, wishes.mirror);
  const { camera, cameras } = await openCameraSource(wishes);
  useLive.setState({ cameras, deviceId: camera.deviceId || null, mirror: camera.mirror });
  return camera;
}

/** The studio's photo, or else the first example: nobody has to choose before they see something. */
async function somebody(): Promise<PhotoChoice> {
  const [example] = useExamples.getState().photos;
  if (useChoices.getState().photos.length === 0 && example) await chooseExamplePhoto(example);
  const { photos, photoProblem } = useChoices.getState();
  if (photos[0]) return photos[0];
  throw new PlanError(
    photoProblem ?? { message: 'There is no photo yet.', remedy: 'Choose a photo of one person.' },
  );
}

async function runSession(frames: OpenSource, photo: PhotoChoice, signal: AbortSignal): Promise<void> {
  const pose = new PoseClient(FOR_LIVE_COMPANY);
  const meter = new LiveMeter();
  const { settings, pack } = useChoices.getState();
  const sizes = liveSizes(settings, photo.image, pack.size);
  const reference = await liveReference(photo, sizes[0] ?? pack.size);
  // With a plain background that took a while: the session may have been ended before it began.
  signal.throwIfAborted();
  const hasGpu = useDevice.getState().hasWebGpu === true && settings.backend !== 'wasm';
  let shownAt = 0;
  const session = liveSession(
    studio,
    {
      reference,
      sizes,
      // Without a GPU the smallest size comes first: there is something to see at once, and it grows if it can.
      startSize: hasGpu ? 0 : sizes.length - 1,
      frameRate: useLive.getState().frameRate,
      seed: settings.seed,
      guidance: settings.guidance ?? pack.guidance,
      retouch: settings.retouch,
    },
    {
      signal,
      layers: settings.layers && settings.retouch,
      follow: (image, timeMs) => pose.follow(image, timeMs),
      prepare: async () => {
        const isNews = await readPack(signal);
        if (isNews) await swapPhoto(useChoices.getState().photos[0] ?? photo);
        return !isNews;
      },
      onReady: () => useLive.setState({ phase: 'live' }),
    },
    {
      camera: (image) => view.take(image),
      look(look) {
        view.look(look);
        noteLook(look.people.length, look.person !== undefined, look.calibration);
      },
      frame(image, frame) {
        view.show(image);
        const now = performance.now();
        meter.add(now, frame);
        if (view.screen) recorder?.add(view.screen);
        if (now - shownAt < FIGURES_EVERY_MS && useLive.getState().hasPicture) return;
        shownAt = now;
        useLive.setState({ hasPicture: true, isResting: false, pace: frame.pace, figures: meter.figures });
      },
      rest() {
        meter.forget();
        if (!useLive.getState().isResting) useLive.setState({ isResting: true });
      },
      restarted: noteRestart,
    },
  );
  running = { session, source: frames, photo };
  session.startFramesWith(strength());
  const onVisibility = () => {
    useLive.setState({ isHidden: document.hidden });
    meter.forget();
    if (document.hidden) session.pause();
    else session.resume();
  };
  document.addEventListener('visibilitychange', onVisibility);
  // It may have been hidden, or shown, before there was a session.
  onVisibility();
  const unsubscribe = useChoices.subscribe(({ photos }) => {
    if (photos[0] && photos[0] !== running?.photo && running?.session === session) void swapPhoto(photos[0]);
  });
  try {
    await session.run(frames, signal);
  } finally {
    unsubscribe();
    document.removeEventListener('visibilitychange', onVisibility);
    clearTimeout(restartShown);
    pose.dispose();
    reference.image.close();
  }
}

/** True where the pack turned out to be made for something else than was thought. */
async function readPack(signal: AbortSignal): Promise<boolean> {
  const { settings, pack } = useChoices.getState();
  const read = await studio.pack(pack.name, pack.source, await loadOptions(settings), {
    signal,
    onProgress: (progress) => useDevice.setState({ progress }),
  });
  if (studio.door.info) noteLoaded(studio.door.info);
  learnPack(read);
  const { width, height } = read.size;
  return width !== pack.size.width || height !== pack.size.height || read.guidance !== pack.guidance;
}

/** Another person in the photo, while it runs. */
async function swapPhoto(photo: PhotoChoice): Promise<void> {
  if (!running) return;
  running.photo = photo;
  const { settings, pack } = useChoices.getState();
  const sizes = liveSizes(settings, photo.image, pack.size);
  const { session } = running;
  try {
    const reference = await liveReference(photo, sizes[0] ?? pack.size);
    // A later choice may have overtaken this one.
    if (running?.photo === photo) await session.setReference(reference, sizes);
  } catch (error) {
    useLive.setState({ aside: problemOf(error) });
  }
}

function noteLook(people: number, isPersonThere: boolean, calibration: number): void {
  const before = useLive.getState();
  const isNews =
    before.people !== people ||
    before.isPersonThere !== isPersonThere ||
    Math.floor(before.calibration * 4) !== Math.floor(calibration * 4);
  if (isNews) useLive.setState({ people, isPersonThere, calibration });
}

let restartShown: ReturnType<typeof setTimeout> | undefined;

function noteRestart(worker: 'pose' | 'engine'): void {
  useLive.setState({ restarted: worker });
  clearTimeout(restartShown);
  restartShown = setTimeout(() => useLive.setState({ restarted: null }), RESTART_SHOWN_MS);
}

/** Whoever stands nearest to this point of the camera's picture. */
export function followPersonAt(at: Point): void {
  running?.session.pick(at);
}

export function setFrameRate(frameRate: number): void {
  useLive.setState({ frameRate });
  running?.session.aimFor(frameRate);
}

export function setFromLastFrame(fromLastFrame: boolean): void {
  useLive.setState({ fromLastFrame });
  running?.session.startFramesWith(strength());
}

const strength = (): number => (useLive.getState().fromLastFrame ? FROM_LAST_FRAME : FROM_NOISE);

export function setMirror(mirror: boolean): void {
  useLive.setState({ mirror });
  if (!running) return;
  running.source.mirror = mirror;
  running.session.turnAround();
}

export function chooseCamera(deviceId: string): void {
  useLive.setState({ deviceId, mirror: true });
  void goLive('camera');
}

export const measureAgain = (): void => running?.session.recalibrate();
export const setMicrophone = (microphone: boolean): void => useLive.setState({ microphone });
export const dismissAside = (): void => useLive.setState({ aside: null });

/** Counts down, then records what the screen shows. */
export async function startRecording(): Promise<void> {
  const mine = running;
  for (let count = COUNTDOWN_SECONDS; count > 0; count--) {
    useLive.setState({ countdown: count });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    if (mine !== running || useLive.getState().countdown === null) return;
  }
  useLive.setState({ countdown: null });
  const { screen } = view;
  if (!screen) return;
  try {
    const { microphone, pace } = useLive.getState();
    const started = await LiveRecorder.start(pace?.size ?? screen, {
      withMicrophone: microphone,
      about: aboutLive(),
    });
    // The session may have ended while the microphone was asked for.
    if (mine !== running || useLive.getState().phase !== 'live') return await started.cancel();
    recorder = started;
    recorder.add(screen);
    useLive.setState({ recordingSince: performance.now(), aside: null });
  } catch (error) {
    useLive.setState({ aside: problemOf(error) });
  }
}

export const cancelCountdown = (): void => useLive.setState({ countdown: null });

export async function stopRecording(): Promise<void> {
  const { screen } = view;
  const ending = recorder;
  recorder = null;
  useLive.setState({ recordingSince: null, countdown: null });
  if (!ending) return;
  try {
    useLive.setState({ film: await ending.stop(screen), isFilmOpen: true });
  } catch (error) {
    useLive.setState({ aside: problemOf(error) });
  }
}

export const forgetFilm = (): void => useLive.setState({ film: null, isFilmOpen: false });
export const openLiveFilm = (isFilmOpen: boolean): void => useLive.setState({ isFilmOpen });

export async function saveLiveFilm(film: LiveFilm): Promise<void> {
  (await pageMedia()).download(film.file, film.name);
}

/** What the screen shows, as a PNG among the downloads. */
export async function takeSnapshot(): Promise<void> {
  const { screen } = view;
  if (!screen) return;
  try {
    const [{ writeStill }, { download }] = await Promise.all([media(), pageMedia()]);
    download(await writeStill(screen, aboutLive()), 'pirouette-live.png');
  } catch (error) {
    useLive.setState({ aside: problemOf(error) });
  }
}

function aboutLive() {
  const { settings, pack } = useChoices.getState();
  const { frameRate, fromLastFrame, pace } = useLive.getState();
  return {
    seed: settings.seed,
    settings: {
      ...{ live: true, seed: settings.seed, frameRate, fromLastFrame },
      ...{ pack: pack.name, ...pace?.size },
    },
  };
}
