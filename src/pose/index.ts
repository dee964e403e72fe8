/**
 * The pose room: from pixels to a clean, fitted, drawn skeleton. Everything but the detector is pure.
 *
 * Finding people (through src/client/pose.ts, which runs the detector in its worker)
 *   new PoseClient(FOR_FILES | FOR_LIVE | FOR_LIVE_COMPANY)
 *                                             client.find(picture), client.follow(frame, timeMs), client.forget(), client.dispose()
 *
 * A clip, once all of its frames have been looked at
 *   cleanTrack(sightings, {pick?}): { track, report }       one person, gaps filled, flips mended, smoothed without delay
 *   poseAt(track, time): Pose                               between two frames as well
 *   fitTrack(track, referencePose, options?): { poses, warnings }
 *   trackToJson, trackToOpenPose, poseToOpenPose, readTrack
 *
 * A camera, frame by frame
 *   new LiveTrack()                                         live.push({time, people}): Pose | undefined, live.pick(point)
 *   new LiveFit(referencePose, options?)                    fit.push(pose, time): Pose, fit.warnings
 *
 * Drawing
 *   drawSkeleton(pose, style): Uint8Array                   what the pose encoder sees, byte for byte
 *   paintSkeleton(context, pose, options?)                  what people see, on a canvas
 *   figureOf(pose)                                          the same as data, for other painters
 */
export * from './anatomy.ts';
export * from './body.ts';
export * from './errors.ts';
export * from './files.ts';
export * from './fit.ts';
export * from './live-fit.ts';
export * from './live-track.ts';
export type { Pick, Sighting } from './people.ts';
export * from './pretty.ts';
export * from './skeleton.ts';
export * from './track.ts';
export * from './types.ts';
