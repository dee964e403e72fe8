import type { EngineApi, RenderOptions } from '../../src/engine/api.ts';
import type { PackManifest } from '../../src/pack/manifest.ts';
import type { Offer } from './offer.ts';
import type { EvaluationRequest } from './page.ts';

/** What all frames of an evaluation have in common. */
export type FrameOptions = Omit<RenderOptions, 'steps' | 'seed'>;

/** What is evaluated on: one file in tasks/ each, named in tasks/index.ts. */
export type Task = (context: TaskContext) => Promise<TaskResult>;

export interface TaskContext {
  readonly engine: EngineApi;
  readonly manifest: PackManifest;
  readonly request: EvaluationRequest;
  readonly options: FrameOptions;
  /** Hands frames to the measures outside the page, where somebody asked for any of them. */
  readonly offer?: Offer;
}

export interface TaskResult {
  readonly figures: Readonly<Record<string, number>>;
  /** A PNG as a data URL. */
  readonly sheet: string;
}
