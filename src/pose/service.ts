import { extent } from './body.ts';
import { Company } from './company.ts';
import { type DetectorOptions, type Outlined, PoseDetector } from './detector.ts';
import type { PoseSource } from './picture.ts';
import type { Pose } from './types.ts';

export interface PoseSettings extends Omit<DetectorOptions, 'mode'> {
  /** For `follow`: while one person is alone, others are sought only so often. Without it, in every picture. */
  readonly searchEveryMs?: number;
}

export type PoseMode = DetectorOptions['mode'];
/** 'one' is 'video' for a single person. */
type Role = PoseMode | 'one';

export interface PoseInfo {
  /** What the network really runs on: a GPU that was asked for and does not work gives way to the CPU. */
  readonly delegate: DetectorOptions['delegate'];
}

/** What the pose worker does; the page sees it through src/client/pose.ts. */
export class PoseService {
  private settings: PoseSettings | undefined;
  private readonly detectors = new Map<Role, Promise<PoseDetector>>();
  private company: Company | undefined;

  /** Comes first, before anything is asked for. */
  configure(settings: PoseSettings): void {
    this.settings = settings;
  }

  /** Settles when the detector for `mode` runs at full speed. */
  async warm(mode: PoseMode): Promise<PoseInfo> {
    const { delegate } = await this.detector(mode);
    if (mode === 'video' && this.settings?.searchEveryMs !== undefined) await this.detector('one');
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
    if (this.settings?.searchEveryMs !== undefined) return this.followInCompany(frame, timeMs);
    return this.look('video', frame, (detector) => byExtent(detector.detect(frame, timeMs), (pose) => pose));
  }

  private async followInCompany(frame: PoseSource, timeMs: number): Promise<Pose[]> {
    try {
      this.company ??= await this.startCompany();
    } catch (error) {
      if ('close' in frame) frame.close();
      throw error;
    }
    return byExtent(this.company.look(frame, timeMs), (pose) => pose);
  }

  private async startCompany(): Promise<Company> {
    const all = await this.detector('video');
    const one = await this.detector('one');
    return new Company(
      (source, time) => one.detect(source, time),
      (source, time) => all.detect(source, time),
      this.settings?.searchEveryMs ?? 0,
    );
  }

  /** Another clip begins: nobody is where they were. */
  async forget(): Promise<void> {
    this.company = undefined;
    await Promise.all([this.close('video'), this.close('one')]);
  }

  private async look<T>(
    mode: PoseMode,
    source: PoseSource,
    question: (detector: PoseDetector) => T,
  ): Promise<T> {
    try {
      return question(await this.detector(mode));
    } finally {
      if ('close' in source) source.close();
    }
  }

  private detector(role: Role): Promise<PoseDetector> {
    const started = this.detectors.get(role);
    if (started) return started;
    if (this.settings === undefined) throw new Error('configure() comes first.');
    const starting = PoseDetector.create(
      role === 'one' ? { ...this.settings, mode: 'video', people: 1 } : { ...this.settings, mode: role },
    );
    this.detectors.set(role, starting);
    // A start that failed is not kept: the next call tries again.
    starting.catch(() => {
      if (this.detectors.get(role) === starting) this.detectors.delete(role);
    });
    return starting;
  }

  private async close(role: Role): Promise<void> {
    const detector = this.detectors.get(role);
    this.detectors.delete(role);
    const settled = await detector?.catch(() => undefined);
    settled?.close();
  }
}

const byExtent = <T>(people: readonly T[], poseOf: (person: T) => Pose): T[] =>
  people.toSorted((a, b) => extent(poseOf(b)) - extent(poseOf(a)));
