import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react';
import { type ClipChoice, useChoices } from '../state/choices.ts';
import { finishTrim, LEAST_TRIM_SECONDS, trimClip } from '../state/choose-clip.ts';
import { seekPreview, trackedPose, useMotion, usePreview } from '../state/preview.ts';
import type { Range } from '../studio/sources.ts';
import { FitOptions } from './FitOptions.tsx';
import { Picture } from './Picture.tsx';
import { Overlay, SkeletonLines } from './Skeleton.tsx';
import { clock } from './words.ts';

type Grip = 'start' | 'end' | 'part' | 'playhead';

export function Timeline() {
  const clip = useChoices((choices) => choices.clip);
  if (!clip) return <section className="timeline vacant" aria-label="Timeline" />;
  return <ClipTimeline clip={clip} />;
}

function ClipTimeline({ clip }: { clip: ClipChoice }) {
  const { motion } = useMotion();
  const strip = useRef<HTMLDivElement>(null);
  const [held, setHeld] = useState<Grip | null>(null);
  const { duration, frameRate } = clip.clip.info;
  const { trim } = clip;
  const percent = (time: number) => `${(100 * time) / duration}%`;

  const moveTo = (grip: Grip, time: number) => {
    if (grip === 'playhead') return seekPreview(Math.min(duration, Math.max(0, time)));
    const moved = grip === 'part' ? movePart(trim, time, duration) : moveEdge(trim, grip, time);
    trimClip(moved);
    seekPreview(grip === 'part' ? moved.start : time);
  };

  const drag = (event: PointerEvent) => {
    if (held === null || !strip.current) return;
    const { left, width } = strip.current.getBoundingClientRect();
    moveTo(held, ((event.clientX - left) / width) * duration);
  };

  const grab = (grip: Grip) => (event: PointerEvent) => {
    event.stopPropagation();
    strip.current?.setPointerCapture(event.pointerId);
    setHeld(grip);
  };

  const release = () => {
    if (held !== null && held !== 'playhead') void finishTrim();
    setHeld(null);
  };

  const nudge = (grip: Grip, time: number) => (event: KeyboardEvent) => {
    const direction = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (direction === undefined) return;
    event.preventDefault();
    moveTo(grip, time + direction * (event.shiftKey ? 1 : 1 / frameRate));
  };

  const middle = (trim.start + trim.end) / 2;
  const isPart = trim.end - trim.start < duration - LEAST_TRIM_SECONDS;

  const handle = (grip: 'start' | 'end' | 'part', label: string, time: number) => (
    <div
      className={`handle ${grip} ${held === grip ? 'held' : ''}`}
      style={{ left: percent(time) }}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={Number(duration.toFixed(2))}
      aria-valuenow={Number(time.toFixed(2))}
      aria-valuetext={`${time.toFixed(2)} seconds`}
      onPointerDown={grab(grip)}
      onKeyDown={nudge(grip, time)}
      // Tab passes by as well, and must not start the search for people anew.
      onKeyUp={(event) => event.key.startsWith('Arrow') && void finishTrim()}
    />
  );

  return (
    <section className="timeline" aria-label="Timeline">
      <div
        ref={strip}
        className="strip"
        onPointerDown={(event) => {
          grab('playhead')(event);
          const { left, width } = event.currentTarget.getBoundingClientRect();
          moveTo('playhead', ((event.clientX - left) / width) * duration);
        }}
        onPointerMove={drag}
        onPointerUp={release}
        onPointerCancel={release}
      >
        <div className="pictures">
          {clip.strip.map(({ time, image }, index) => (
            <StripPicture key={index} clip={clip} time={time} image={image} />
          ))}
        </div>
        <div className="outside" style={{ left: 0, width: percent(trim.start) }} />
        <div className="outside" style={{ left: percent(trim.end), right: 0 }} />
        <div className="kept" style={{ left: percent(trim.start), width: percent(trim.end - trim.start) }} />
        <Playhead duration={duration} />
        {handle('start', 'Start of the part that is used', trim.start)}
        {handle('end', 'End of the part that is used', trim.end)}
        {isPart && handle('part', 'Middle of the part that is used: moves all of it', middle)}
      </div>
      <div className="timeline-foot">
        <p>
          {clock(trim.start)} to {clock(trim.end)}
          {motion && `, ${motion.frameRate} frames a second`}
        </p>
        <FitOptions />
      </div>
    </section>
  );
}

/** Neither edge passes the other. */
function moveEdge(trim: Range, edge: 'start' | 'end', time: number): Range {
  return edge === 'start'
    ? { ...trim, start: Math.min(time, trim.end - LEAST_TRIM_SECONDS) }
    : { ...trim, end: Math.max(time, trim.start + LEAST_TRIM_SECONDS) };
}

/** The part keeps its length, around another middle. */
function movePart({ start, end }: Range, middle: number, duration: number): Range {
  const length = end - start;
  const from = Math.min(duration - length, Math.max(0, middle - length / 2));
  return { start: from, end: from + length };
}

function StripPicture({ clip, time, image }: { clip: ClipChoice; time: number; image: ImageBitmap }) {
  const pose = trackedPose(clip, time);
  return (
    <div className="strip-picture">
      <Picture image={image} />
      {pose && (
        <Overlay width={pose.width} height={pose.height}>
          <SkeletonLines pose={pose} />
        </Overlay>
      )}
    </div>
  );
}

function Playhead({ duration }: { duration: number }) {
  const time = usePreview((preview) => preview.time);
  return <div className="playhead" style={{ left: `${(100 * time) / duration}%` }} aria-hidden="true" />;
}
