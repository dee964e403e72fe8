import type { EngineApi } from '../../src/engine/api.ts';
import { flicker } from '../../src/metrics/difference.ts';
import type { Picture } from '../../src/metrics/picture.ts';
import { type ClipEntry, type EvaluationSet, placed } from './set.ts';
import type { FrameOptions } from './task.ts';

/** Steps a frame of a clip: clips are long, and few steps flicker no less than many. */
const CLIP_STEPS = 4;

/** How much the still background changes from frame to frame. */
export async function evaluateClips(
  engine: EngineApi,
  set: EvaluationSet,
  count: number,
  options: FrameOptions,
): Promise<Record<string, number>> {
  const entries = (await set.entries<ClipEntry>('clips.json')).slice(0, count);
  if (entries.length === 0) return {};
  const changes: number[] = [];
  for (const entry of entries) {
    const { reference, poses, still } = await set.clip(entry);
    await engine.setReferences([reference]);
    const frames: Picture[] = [];
    await engine.animate(poses, { ...options, steps: CLIP_STEPS, seed: 1 }, ({ image }) => {
      frames.push(placed(image, options));
      image.close();
    });
    changes.push(flicker(frames, still));
    console.info(`clip ${changes.length} of ${entries.length}`);
  }
  return { flicker: changes.reduce((a, b) => a + b) / changes.length, clips: changes.length };
}
