import { type PointerEvent, useEffect, useRef } from 'react';
import { type ClipChoice, type PhotoChoice, useChoices } from '../state/choices.ts';
import { followPersonAt } from '../state/choose-clip.ts';
import { glimpseOf, trackedPose, useDraft, usePreview } from '../state/preview.ts';
import { type Motion, sightingAt } from '../studio/index.ts';
import { Picture } from './Picture.tsx';
import { Overlay, SkeletonLines } from './Skeleton.tsx';
import { useGround } from './use-ground.ts';
import { useVideoFile } from './use-video-file.ts';

/** The clip itself, looped over its trim, with the people that were found; a click follows somebody else. */
export function ClipView({ clip, hidden }: { clip: ClipChoice; hidden: boolean }) {
  const video = useRef<HTMLVideoElement>(null);
  const { time, playing: wanted, seek } = usePreview();
  // Looking for people needs the processor more than the preview does.
  const playing = useChoices((choices) => choices.clipTask === null) && wanted;
  const { start, end } = clip.trim;
  const { width, height } = clip.clip.info;
  useVideoFile(video, clip.file);

  useEffect(() => {
    const element = video.current;
    if (!element) return;
    // A play that a pause overtakes rejects; that is what was wanted.
    if (playing) element.play().catch(() => undefined);
    else element.pause();
  }, [playing]);

  useEffect(() => {
    if (video.current && seek > 0) video.current.currentTime = usePreview.getState().time;
  }, [seek]);

  useEffect(() => {
    let request = 0;
    const follow = () => {
      const element = video.current;
      if (element && element.readyState >= 2 && !element.seeking) {
        const outside =
          element.currentTime >= end - 0.01 || element.currentTime < start - 0.05 || element.ended;
        if (outside && !element.paused) element.currentTime = start;
        else if (outside && element.ended) element.currentTime = start;
        else usePreview.setState({ time: element.currentTime });
        if (element.ended && usePreview.getState().playing) element.play().catch(() => undefined);
      }
      request = requestAnimationFrame(follow);
    };
    request = requestAnimationFrame(follow);
    return () => cancelAnimationFrame(request);
  }, [start, end]);

  const people = sightingAt(clip.sightings, time)?.people ?? [];
  const dancer = trackedPose(clip, time);

  const point = (event: PointerEvent<SVGSVGElement>) => {
    const matrix = event.currentTarget.getScreenCTM();
    if (!matrix || people.length < 2) return;
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    followPersonAt({ time, x, y });
  };

  return (
    <div className="clip-view" hidden={hidden}>
      <video
        ref={video}
        className="picture"
        muted
        playsInline
        preload="auto"
        aria-label={`The clip ${clip.name}`}
        tabIndex={-1}
      />
      <Overlay width={width} height={height}>
        {people.length > 1 && people.map((pose, index) => <SkeletonLines key={index} pose={pose} faint />)}
        {dancer && <SkeletonLines pose={dancer} />}
      </Overlay>
      {people.length > 1 && (
        <>
          <svg
            className="overlay pointable"
            viewBox={`0 0 ${width} ${height}`}
            aria-hidden="true"
            onPointerDown={point}
          />
          <p className="view-note">{people.length} people: click the one to follow</p>
        </>
      )}
    </div>
  );
}

/** The fitted pose over the photo as it will be framed: a bad fit is seen before any waiting. */
export function FitView({ photo, motion }: { photo: PhotoChoice; motion: Motion }) {
  const time = usePreview((preview) => preview.time);
  const { size, poses, frameRate, trim } = motion;
  const picture = useGround(photo, motion);
  const index = Math.min(poses.length - 1, Math.max(0, Math.round((time - trim.start) * frameRate)));
  const draft = useDraft((state) => state.draft);
  const pose = (draft?.photo === photo.id && glimpseOf(draft, motion, time)) || poses[index];
  return (
    <div className="fit-view">
      {picture && <Picture image={picture} label="The dance's fitted pose over the photo" />}
      <Overlay width={size.width} height={size.height}>
        {pose && <SkeletonLines pose={pose} />}
      </Overlay>
    </div>
  );
}

/** A pose track without a clip has no video to keep its time. */
export function PosesAlone(props: { photo: PhotoChoice; motion: Motion }) {
  const { start, end } = props.motion.trim;
  const playing = usePreview((preview) => preview.playing);

  useEffect(() => {
    if (!playing) return;
    let request = 0;
    let before = performance.now();
    const tick = (now: number) => {
      const { time } = usePreview.getState();
      const next = time + (now - before) / 1000;
      before = now;
      usePreview.setState({ time: next >= end || next < start ? start : next });
      request = requestAnimationFrame(tick);
    };
    request = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(request);
  }, [playing, start, end]);

  return <FitView {...props} />;
}
