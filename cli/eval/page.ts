import { createEngine } from '../../src/client/engine.ts';
import { PirouetteError } from '../../src/errors.ts';
import type { Offer } from './offer.ts';
import { TASKS, type TaskName } from './tasks/index.ts';

export interface EvaluationRequest {
  readonly task: TaskName;
  readonly pack: string;
  readonly set: string;
  /** How many pairs and how many clips at most. */
  readonly pairs: number;
  readonly clips: number;
  /** 0: as many as the engine thinks best. */
  readonly threads: number;
  readonly retouch: boolean;
  /** Where a clip is found, how many frames lie between two targets, both sides of a frame, steps of each. */
  readonly clip?: {
    readonly address: string;
    readonly every: number;
    readonly size?: number;
    readonly steps: number;
  };
}

export interface EvaluationResult {
  readonly device: string;
  readonly pack: string;
  readonly figures: Readonly<Record<string, number>>;
  /** A PNG as a data URL. */
  readonly sheet: string;
}

/** Out of the page an error keeps its message alone, so that takes the remedy along. */
async function evaluate(request: EvaluationRequest): Promise<EvaluationResult> {
  try {
    return await measure(request);
  } catch (error) {
    if (error instanceof PirouetteError) throw new Error(`${error.message} ${error.remedy}`);
    throw error;
  }
}

async function measure(request: EvaluationRequest): Promise<EvaluationResult> {
  const engine = createEngine();
  const { manifest, device } = await engine.load(
    { kind: 'url', url: request.pack },
    { backend: 'wasm', threads: request.threads },
  );
  const { width, height, guidance } = manifest.defaults;
  const side = request.clip?.size;
  const options = {
    width: side ?? width,
    height: side ?? height,
    guidance,
    retouch: request.retouch,
  };
  // Only there when somebody outside waits for frames.
  const { offer } = window as unknown as { offer?: Offer };
  const result = await TASKS[request.task]({ engine, manifest, request, options, offer });
  await engine.dispose();
  return { device, pack: manifest.name, ...result };
}

Object.assign(window, { evaluate });
