import { FOR_FILES, PoseClient } from '../../../src/client/pose.ts';
import { fitPose } from '../../../src/engine/fit.ts';
import { PirouetteError } from '../../../src/errors.ts';
import { type Clip, openClip } from '../../../src/media/index.ts';
import { isSeen } from '../../../src/pose/body.ts';
import type { Sighting } from '../../../src/pose/people.ts';
import { cleanTrack, type Track } from '../../../src/pose/track.ts';
import type { Pose } from '../../../src/pose/types.ts';
import { warpLimbs } from '../limbs.ts';
import { pack } from '../offer.ts';
import { bitmapOf } from '../pairs.ts';
import { placed } from '../set.ts';
import { ContactSheet } from '../sheet.ts';
import type { Task } from '../task.ts';

/** What a whole person shows: everything from the nose to the ankles. */
const WHOLE = Array.from({ length: 14 }, (_, joint) => joint);
/** Frames in a second pass may differ in their last digit of time. */
const SAME_TIME = 1e-4;

/** Nobody in the clip is ever seen from head to foot. */
class NobodyWholeError extends PirouetteError {
  constructor() {
    super(
      'In no frame of the clip is the person seen from head to ankles.',
      'Take a clip with a whole person in it.',
    );
  }
}

/**
 * Self-reenactment, the papers' own protocol: the first frame in which the person is whole is the reference, and later
 * frames are to be made from it and their own poses. The clip is decoded twice, a frame at a time: for the poses, which
 * the product's own detector finds and cleans, and for the truth.
 */
export const reenact: Task = async ({ engine, manifest, request, options, offer }) => {
  const { clip: asked } = request;
  if (asked === undefined || !offer) throw new Error('No clip was named.');
  const clip = await openClip(new File([await (await fetch(asked.address)).blob()], 'clip'));
  const track = await watch(clip);
  const first = track.poses.findIndex((pose) => WHOLE.every((joint) => isSeen(pose, joint)));
  if (first < 0) throw new NobodyWholeError();
  const detector = new PoseClient(FOR_FILES, new URL('/pose/', location.href).href);
  const sheet = new ContactSheet(manifest.skeleton, options);
  const targets = targetsOf(track, first, asked.every);
  let reference: { image: ImageBitmap; pose: Pose } | undefined;
  let index = -1;
  let done = 0;
  for await (const frame of clip.frames()) {
    index++;
    const target = targets.get(index);
    if (index !== first && target === undefined) {
      frame.close();
      continue;
    }
    if (Math.abs(frame.timestamp - (track.times[index] as number)) > SAME_TIME) {
      throw new Error('The clip gave other frames the second time.');
    }
    const image = frame.bitmap();
    frame.close();
    if (reference === undefined || target === undefined) {
      reference = { image, pose: fitPose(track.poses[first] as Pose, options) };
      await engine.setReferences([reference]);
      continue;
    }
    const pose = fitPose(target, options);
    const rendered = await engine.renderFrame(pose, { ...options, steps: asked.steps, seed: 1 });
    const output = placed(rendered.image, options);
    rendered.image.close();
    const truth = placed(image, options);
    const copied = placed(reference.image, options);
    const warped = warpLimbs(copied, reference.pose, pose);
    const seen = await bitmapOf(output);
    const [found] = await detector.find(seen);
    seen.close();
    await offer({
      label: `frame ${index}`,
      time: frame.timestamp,
      ...(await pack({ truth, output, copied, warped })),
      asked: [...pose.joints],
      ...(found && { found: [...found.joints] }),
    });
    sheet.offer(`${index}`, [copied, pose, output, warped, truth]);
    image.close();
    done++;
    if (done % 10 === 0 || done === targets.size) console.info(`frame ${done} of ${targets.size}`);
  }
  detector.dispose();
  clip.close();
  return {
    figures: { frames: done, referenceFrame: first },
    sheet: await sheet.png(['reference', 'pose', 'output', 'limb warp', 'truth']),
  };
};

async function watch(clip: Clip): Promise<Track> {
  const detector = new PoseClient(FOR_FILES, new URL('/pose/', location.href).href);
  const sightings: Sighting[] = [];
  for await (const frame of clip.frames()) {
    const { timestamp: time } = frame;
    const image = frame.bitmap();
    frame.close();
    sightings.push({ time, people: await detector.follow(image, time * 1000) });
    if (sightings.length % 50 === 0) console.info(`looked at ${sightings.length} frames`);
  }
  detector.dispose();
  return cleanTrack(sightings).track;
}

/** Every so many frames after the reference, as far as the person is seen in them. */
function targetsOf({ poses }: Track, first: number, every: number): ReadonlyMap<number, Pose> {
  return new Map(
    [...poses.entries()].filter(
      ([i, pose]) => i > first && (i - first) % every === 0 && WHOLE.some((joint) => isSeen(pose, joint)),
    ),
  );
}
