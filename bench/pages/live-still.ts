/** Somebody who stands still before the camera: what becomes of their frames in the long run. */
import type { LiveFrames } from '../../src/live/index.ts';
import type { Pose } from '../../src/pose/types.ts';
import { detector, stage } from './live-stage.ts';
import { meanDifference, pixelsOf } from './pixels.ts';

export interface StillResult {
  /** How many were painted once the proportions were known. */
  readonly frames: number;
  /** Mean difference, of 255, of the last frame from the tenth. */
  readonly drift: number;
  /** The furthest that any frame was from the tenth. */
  readonly furthest: number;
  /** Mean difference of each frame from the one before. */
  readonly flicker: number;
}

const SIDE = 480;
/** A webcam's picture is never twice the same, and so neither are the joints that are found in it. */
const GRAIN = 12;
/** So many looks are real; after them they come again in turn, with the jitter that they have. */
const LOOKS = 90;
const CAMERA_RATE = 30;
/** More than any machine holds: every frame gets a single step, as the smallest machines give it. */
const FRAME_RATE = 1000;
const LONGEST_MS = 600_000;

/** Frames are counted once the proportions are known: until then the fitted body still changes. */
export async function measureStill(count: number, photo: string): Promise<StillResult> {
  const end = new AbortController();
  const seen: (readonly Pose[])[] = [];
  let isKnown = false;
  let index = 0;
  let tenth: Uint8ClampedArray | undefined;
  let last: Uint8ClampedArray | undefined;
  let [drift, furthest, change] = [Number.NaN, 0, 0];
  let looks = 0;
  const timer = setTimeout(() => end.abort(), LONGEST_MS);
  await stage(
    {
      source: await stillCamera(photo),
      async follow(image, timeMs) {
        const look = looks++;
        if (look < LOOKS) {
          seen.push(await detector.follow(image, timeMs));
        } else {
          image.close();
        }
        return seen[look % LOOKS] ?? [];
      },
      // As if the body moved too little to see and too much to rest.
      planner: { still: 0 },
      frameRate: FRAME_RATE,
      look({ calibration }) {
        isKnown = calibration === 1;
      },
      frame(image) {
        const pixels = pixelsOf(image);
        image.close();
        if (!isKnown) return;
        index++;
        if (index === 10) tenth = pixels;
        if (tenth && last) {
          drift = meanDifference(pixels, tenth);
          furthest = Math.max(furthest, drift);
          change += meanDifference(pixels, last);
        }
        last = pixels;
        if (index === count) end.abort();
      },
    },
    end.signal,
  );
  clearTimeout(timer);
  return { frames: index, drift, furthest, flicker: change / (index - 9) };
}

/** The photo as a camera would see it, whenever it is looked at, on a clock of its own. */
async function stillCamera(photo: string): Promise<LiveFrames> {
  const person = await createImageBitmap(await (await fetch(photo)).blob());
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser gives no canvas.');
  return {
    async *frames({ signal, by = () => 0 }) {
      for (let frame = 0; !signal?.aborted; frame++) {
        await new Promise((resolve) => setTimeout(resolve, by() - performance.now()));
        context.drawImage(person, 0, 0, SIDE, SIDE);
        if (frame < LOOKS) {
          const image = context.getImageData(0, 0, SIDE, SIDE);
          for (let i = 0; i < image.data.length; i++) {
            image.data[i] = (image.data[i] as number) + (Math.random() - 0.5) * GRAIN;
          }
          context.putImageData(image, 0, 0);
        }
        yield { image: await createImageBitmap(canvas), takenAt: (frame * 1000) / CAMERA_RATE };
      }
    },
  };
}
