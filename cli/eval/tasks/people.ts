import { evaluateClips } from '../clips.ts';
import { evaluatePairs } from '../pairs.ts';
import { EvaluationSet } from '../set.ts';
import type { Task } from '../task.ts';

/** Held-out people: each in another pose whose truth is known, and still backgrounds in clips. */
export const evaluatePeople: Task = async ({ engine, manifest, request, options, offer }) => {
  const set = new EvaluationSet(request.set, options);
  const { figures, sheet } = await evaluatePairs(engine, manifest, set, request, options, offer);
  const clipFigures = await evaluateClips(engine, set, request.clips, options);
  return { figures: { ...figures, ...clipFigures }, sheet };
};
