/** `<pirouette-stage photo clip pack>`: the person in the photo dances like the one in the clip, in a page of anybody's. */
import { PirouetteError } from '../errors.ts';
import type { PackSource } from '../pack/manifest.ts';
import {
  DEFAULT_SETTINGS,
  Latest,
  type Reel,
  type Settings,
  type Studio,
  untilAborted,
  viewOf,
} from '../studio/index.ts';
import { builtInPack, createOwnStudio } from './own-studio.ts';

export interface StageProgress {
  readonly stage: 'photo' | 'clip' | 'model' | 'painting';
  /** From 0 to 1; null while nobody can say. */
  readonly share: number | null;
}

export interface StageFrame {
  readonly index: number;
  readonly total: number;
  /** The stage's own: copy it if you want to keep it. */
  readonly image: ImageBitmap;
}

export interface StageDone {
  /** All frames, to save as a file: `reel.save({ format: 'mp4', ... })`. Closed when the stage takes another film. */
  readonly reel: Reel;
}

export interface StageProblem {
  readonly message: string;
  readonly remedy: string;
}

/** One studio for all stages of a page: they share the workers and the model. */
let shared: Studio | undefined;

const STYLE = `
  :host { display: inline-block; position: relative; }
  canvas { display: block; width: 100%; height: 100%; object-fit: contain; }
`;

export class PirouetteStage extends HTMLElement {
  static readonly observedAttributes = ['photo', 'clip', 'pack'];

  readonly #canvas = document.createElement('canvas');
  readonly #latest = new Latest();
  #settings: Partial<Settings> = {};
  #reel: Reel | null = null;
  #isAsked = false;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    root.adoptedStyleSheets = [style];
    root.append(this.#canvas);
  }

  /** The same settings as the app's, as far as they are not to be the usual ones. */
  get settings(): Partial<Settings> {
    return this.#settings;
  }

  set settings(settings: Partial<Settings>) {
    this.#settings = settings;
    this.#ask();
  }

  connectedCallback(): void {
    this.#ask();
  }

  disconnectedCallback(): void {
    this.#latest.abort();
    this.#letGo();
  }

  attributeChangedCallback(): void {
    this.#ask();
  }

  /** Attributes that are set one after the other are one wish. */
  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    queueMicrotask(() => {
      this.#isAsked = false;
      this.#latest.abort();
      if (this.isConnected) void this.#begin(this.#latest.begin());
    });
  }

  async #begin(signal: AbortSignal): Promise<void> {
    const [photo, clip] = [this.getAttribute('photo'), this.getAttribute('clip')];
    if (!photo || !clip) return;
    try {
      await this.#make(photo, clip, signal);
    } catch (error) {
      if (!signal.aborted) this.#tell('problem', problemOf(error));
    }
  }

  async #make(photo: string, clip: string, signal: AbortSignal): Promise<void> {
    shared ??= createOwnStudio();
    const studio = shared;
    const settings = { ...DEFAULT_SETTINGS, ...this.#settings };
    this.#progress('photo', null);
    const person = await studio.person(await fetched(photo, signal), { signal });
    let reel: Reel;
    try {
      this.#progress('clip', 0);
      const dance = await studio.dance(await fetched(clip, signal), {
        signal,
        onProgress: (share) => this.#progress('clip', share),
      });
      this.#progress('model', null);
      const { backend, precision, threads } = settings;
      const load = { backend, precision, threads };
      const source = this.#pack();
      const pack = await studio.pack(this.getAttribute('pack') ?? 'Built-in', source, load, {
        signal,
        onProgress: ({ loadedBytes, totalBytes }) => this.#progress('model', loadedBytes / totalBytes),
      });
      signal.throwIfAborted();
      reel = await studio.film({ photos: [person], dance, settings, pack });
      this.#letGo();
      this.#reel = reel;
    } finally {
      person.image.close();
    }
    await this.#show(reel, settings, signal);
  }

  async #show(reel: Reel, settings: Settings, signal: AbortSignal): Promise<void> {
    const { width, height } = reel.film.motion.size;
    Object.assign(this.#canvas, { width, height });
    const total = reel.film.keys.length;
    const view = viewOf(settings);
    const { backend, precision, threads } = settings;
    for await (const { index } of reel.frames({ signal, load: { backend, precision, threads } })) {
      const image = await reel.picture(index, view);
      this.#draw(image);
      this.#tell('frame', { index, total, image } satisfies StageFrame);
      this.#progress('painting', (index + 1) / total);
    }
    this.#tell('done', { reel } satisfies StageDone);
    const frameMs = 1000 / reel.film.motion.frameRate;
    for (let index = 0; !signal.aborted; index = (index + 1) % total) {
      const began = performance.now();
      this.#draw(await reel.picture(index, view));
      const left = Math.max(0, frameMs - (performance.now() - began));
      await untilAborted(new Promise((resolve) => setTimeout(resolve, left)), signal);
    }
  }

  #draw(image: ImageBitmap): void {
    this.#canvas.getContext('2d')?.drawImage(image, 0, 0, this.#canvas.width, this.#canvas.height);
  }

  #pack(): PackSource {
    const url = this.getAttribute('pack');
    return url ? { kind: 'url', url: new URL(url, document.baseURI).href } : builtInPack();
  }

  #letGo(): void {
    this.#reel?.close();
    this.#reel = null;
  }

  #progress(stage: StageProgress['stage'], share: number | null): void {
    this.#tell('progress', { stage, share } satisfies StageProgress);
  }

  #tell(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** A photo or clip that the page names but does not have. */
class NotFetchedError extends PirouetteError {
  constructor(url: string, reason: string, options?: ErrorOptions) {
    super(
      `${url} could not be fetched: ${reason}`,
      'Check the address; another server must allow it.',
      options,
    );
  }
}

async function fetched(url: string, signal: AbortSignal): Promise<Blob> {
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`.trim());
    return await response.blob();
  } catch (error) {
    throw new NotFetchedError(url, error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function problemOf(error: unknown): StageProblem {
  if (error instanceof PirouetteError) return { message: error.message, remedy: error.remedy };
  return { message: error instanceof Error ? error.message : String(error), remedy: 'Try again.' };
}
