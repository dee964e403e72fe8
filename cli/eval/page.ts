import { createEngine } from '../../src/client/engine.ts';
import { PirouetteError } from '../../src/errors.ts';
import { evaluateClips } from './clips.ts';
import { evaluatePairs } from './pairs.ts';
import { evaluateParts } from './parts.ts';
import { EvaluationSet } from './set.ts';

export interface EvaluationRequest {
  readonly pack: string;
  readonly set: string;
  /** How many pairs and how many clips at most. */
  readonly pairs: number;
  readonly clips: number;
  /** 0: as many as the engine thinks best. */
  readonly threads: number;
  readonly retouch: boolean;
  /** The layers' networks one by one, in place of pictures. */
  readonly parts: boolean;
}

export interface EvaluationResult {
  readonly device: string;
  readonly pack: string;
  readonly figures: Readonly<Record<string, number>>;
  /** A PNG as a data URL. */
  readonly sheet?: string;
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
  if (request.parts) return evaluateParts(request);
  const engine = createEngine();
  const { manifest, device } = await engine.load(
    { kind: 'url', url: request.pack },
    { backend: 'wasm', threads: request.threads },
  );
  const { width, height, guidance } = manifest.defaults;
  const set = new EvaluationSet(request.set, { width, height });
  const options = { width, height, guidance, retouch: request.retouch };
  const { figures, sheet } = await evaluatePairs(engine, manifest, set, request, options);
  const clipFigures = await evaluateClips(engine, set, request.clips, options);
  await engine.dispose();
  return { device, pack: manifest.name, figures: { ...figures, ...clipFigures }, sheet };
}

Object.assign(window, { evaluate });
