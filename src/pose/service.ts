import { extent } from './body.ts';
import { type DetectorOptions, type Outlined, PoseDetector, type PoseSource } from './detector.ts';
import type { Pose } from './types.ts';

export type PoseSettings = Omit<DetectorOptions, 'mode'>;
type Mode = DetectorOptions['mode'];

export interface PoseInfo {
  /** What the network really runs on: a GPU that was asked for and does not work gives way to the CPU. */
  readonly delegate: DetectorOptions['delegate'];
}

/** What the pose worker does; the page sees it through src/client/pose.ts. */
export class PoseService {
  private settings: PoseSettings | undefined;
  private readonly detectors = new Map<Mode, Promise<PoseDetector>>();

  /** Comes first, before anything is asked for. */
  configure(settings: PoseSettings): void {
    this.settings = settings;
  }

  /** Settles when the detector for `mode` runs at full speed. */
  async warm(mode: Mode): Promise<PoseInfo> {
    const { delegate } = await this.detector(mode);
    return { delegate };
  }

  /** Everybody in one picture, largest first. It is closed afterwards. */
  async find(picture: PoseSource): Promise<Pose[]> {
    return this.look('image', picture, (detector) => byExtent(detector.detect(picture, 0), (pose) => pose));
  }

  /** Everybody in one picture with their outlines, in the order of `find`. It is closed afterwards. */
  async outline(picture: PoseSource): Promise<Outlined[]> {
    return this.look('outline', picture, (detector) =>
      byExtent(detector.outline(picture), ({ pose }) => pose),
    );
  }

  /** Everybody in the next picture of a clip or a camera, largest first. It is closed afterwards. */
  async follow(frame: PoseSource, timeMs: number): Promise<Pose[]> {
    return this.look('video', frame, (detector) => byExtent(detector.detect(frame, timeMs), (pose) => pose));
  }

  /** Another clip begins: nobody is where they were. */
  async forget(): Promise<void> {
    await this.close('video');
  }

  private async look<T>(mode: Mode, source: PoseSource, question: (detector: PoseDetector) => T): Promise<T> {
    try {
      return question(await this.detector(mode));
    } finally {
      if ('close' in source) source.close();
    }
  }

  private detector(mode: Mode): Promise<PoseDetector> {
    const started = this.detectors.get(mode);
    if (started) return started;
    if (this.settings === undefined) throw new Error('configure() comes first.');
    const starting = PoseDetector.create({ ...this.settings, mode });
    this.detectors.set(mode, starting);
    // A start that failed is not kept: the next call tries again.
    starting.catch(() => {
      if (this.detectors.get(mode) === starting) this.detectors.delete(mode);
    });
    return starting;
  }

  private async close(mode: Mode): Promise<void> {
    const detector = this.detectors.get(mode);
    this.detectors.delete(mode);
    const settled = await detector?.catch(() => undefined);
    settled?.close();
  }
}

const byExtent = <T>(people: readonly T[], poseOf: (person: T) => Pose): T[] =>
  people.toSorted((a, b) => extent(poseOf(b)) - extent(poseOf(a)));
