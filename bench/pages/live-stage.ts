/** A live session as the app runs it, of which a measurement may change a part. */
import { createEngine } from '../../src/client/engine.ts';
import { FOR_LIVE_COMPANY, PoseClient } from '../../src/client/pose.ts';
import type { LoadOptions, Reference, RenderOptions } from '../../src/engine/api.ts';
import {
  FramePlanner,
  type LiveFrames,
  type LiveListener,
  LiveSession,
  type PlannerSettings,
  type Size,
} from '../../src/live/index.ts';
import { type Camera, openCamera } from '../../src/media/page/index.ts';
import type { Pose } from '../../src/pose/types.ts';

/** The app finds them beside itself; this page lies elsewhere. */
const ASSETS = new URL('/pose/', location.href).href;

export interface Setting {
  readonly pack: string;
  readonly load: LoadOptions;
  /** From large to small. */
  readonly sizes: readonly Size[];
  readonly frameRate: number;
  /** As in PlannerSettings. */
  readonly strength: number;
}

/** What a measurement stages a session with; what it leaves out is as the app has it. */
export interface Staging {
  readonly retouch?: boolean;
  readonly source?: LiveFrames;
  readonly follow?: (image: ImageBitmap, timeMs: number) => Promise<readonly Pose[]>;
  readonly planner?: Partial<PlannerSettings>;
  readonly frameRate?: number;
  readonly look?: LiveListener['look'];
  readonly rest?: LiveListener['rest'];
  readonly restarted?: LiveListener['restarted'];
  /** Comes before `frame`, with what that frame was asked for. */
  readonly asked?: (pose: Pose, options: RenderOptions) => void;
  readonly frame: LiveListener['frame'];
}

export const engine = createEngine();
export const detector = new PoseClient(FOR_LIVE_COMPANY, ASSETS);
let setting: Setting;
export let camera: Camera;
let reference: Reference;
let options: { seed: number; guidance: number };
/** Whether frames move what the photo shows. */
export let isLayered = false;

export async function prepare(wanted: Setting, photo: string): Promise<string> {
  setting = wanted;
  camera = await openCamera({ width: 640, height: 480, mirror: true });
  const image = await createImageBitmap(await (await fetch(photo)).blob());
  const [person] = await detector.outline(await createImageBitmap(image));
  if (!person) throw new Error('Nobody was found in the photo.');
  reference = { image, ...person };
  const info = await engine.load({ kind: 'url', url: wanted.pack }, wanted.load);
  await engine.setReferences([reference]);
  isLayered = info.manifest.mover !== undefined;
  options = { seed: 1, guidance: info.manifest.defaults.guidance };
  return `${info.backend}, ${info.device}, ${info.precision}`;
}

/** Runs a session until the signal aborts. */
export async function stage(staging: Staging, signal: AbortSignal): Promise<void> {
  const session = new LiveSession(
    {
      ready: Promise.resolve(),
      follow: staging.follow ?? ((image, timeMs) => detector.follow(image, timeMs)),
      paint(body, render) {
        staging.asked?.(body, render);
        return engine.renderFrame(body, render);
      },
      isLayered: () => isLayered,
      setReference: (next) => engine.setReferences([next]),
    },
    {
      ...{ reference, ...setting, ...options, startSize: 0, retouch: staging.retouch ?? true },
      frameRate: staging.frameRate ?? setting.frameRate,
      planner: new FramePlanner({ strength: setting.strength, ...staging.planner }),
    },
    {
      look: staging.look ?? (() => undefined),
      rest: staging.rest ?? (() => undefined),
      restarted: staging.restarted ?? (() => undefined),
      frame: staging.frame,
    },
  );
  await session.run(staging.source ?? camera, signal);
}

/** A frame by itself, from noise. */
export async function paintAlone(
  pose: Pose,
  { fromLastFrame, ...asked }: RenderOptions,
): Promise<ImageBitmap> {
  return (await engine.renderFrame(pose, asked)).image;
}
