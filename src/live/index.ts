/**
 * The live room: a camera drives the reference, frame by frame. Pure but for time; what touches a device is handed in.
 *
 *   new LiveSession(parts, options, listener)     session.run(source, signal), pause, resume, pick, setReference ...
 *   Pacer                                         steps and size for the wanted frame rate
 *   FramePlanner                                  no work, a frame from noise, or on from the last frame
 *   LiveMeter                                     frames a second, latency and stages of the last seconds
 */
export { type LiveFigures, LiveMeter } from './meter.ts';
export type { Pace, Size, Work } from './pacer.ts';
export {
  FROM_LAST_FRAME,
  FROM_NOISE,
  type FramePlan,
  FramePlanner,
  type PlannerSettings,
} from './planner.ts';
export {
  type LiveFrames,
  type LiveListener,
  type LiveOptions,
  type LiveParts,
  LiveSession,
  type Look,
  type PaintedFrame,
} from './session.ts';
