import { type RefObject, useEffect, useRef, useState } from 'react';
import { reelOf } from '../state/job.ts';
import type { Film, View } from '../studio/index.ts';

export interface Playback {
  readonly canvas: RefObject<HTMLCanvasElement | null>;
  /** Place in the list of finished frames. */
  readonly place: number;
  readonly playing: boolean;
  readonly sound: boolean;
  setPlaying(playing: boolean): void;
  setSound(sound: boolean): void;
  seek(place: number): void;
}

/**
 * Plays the finished frames in a loop, each at its own time of the dance: where one is missing, the one before it stays.
 * With sound on, the clip's own sound is the clock.
 */
export function usePlayback(film: Film, ready: readonly number[], view: View, complete: boolean): Playback {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [place, setPlace] = useState(0);
  const [playing, setPlaying] = useState(() => !matchMedia('(prefers-reduced-motion: reduce)').matches);
  const [sound, setSound] = useState(false);
  const { frameRate, trim } = film.motion;
  const first = ready[0] ?? 0;
  const length = ((ready.at(-1) ?? 0) + 1 - first) / frameRate;
  const soundStart = trim.start + first / frameRate;
  const audio = useSound(film, soundStart, sound && playing && complete);
  /** Seconds since the first frame that is there. */
  const position = useRef(0);
  const frames = useRef(ready);
  frames.current = ready;

  useEffect(() => {
    if (!playing) return;
    let request = 0;
    let before = performance.now();
    const tick = (now: number) => {
      const seconds = (now - before) / 1000;
      before = now;
      const element = audio.current;
      // An element that has come to its end is paused, and has to be started again.
      if (element && (!element.paused || element.ended)) {
        position.current = element.currentTime - soundStart;
        if (element.ended || position.current >= length) {
          position.current = 0;
          element.currentTime = soundStart;
          if (element.ended || element.paused) element.play().catch(() => undefined);
        }
      } else {
        position.current += seconds;
      }
      if (position.current >= length || position.current < 0) position.current = 0;
      setPlace(placeOf(frames.current, first + Math.floor(position.current * frameRate + 1e-6)));
      request = requestAnimationFrame(tick);
    };
    request = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(request);
  }, [playing, length, first, frameRate, soundStart, audio]);

  const shown = Math.min(place, ready.length - 1);
  useDrawnFrame(canvas, film, view, ready[shown], ready[(shown + 1) % ready.length]);

  return {
    canvas,
    place: shown,
    playing,
    sound,
    setPlaying,
    setSound,
    seek: (wanted) => {
      position.current = ((ready[wanted] ?? first) - first) / frameRate;
      if (audio.current) audio.current.currentTime = soundStart + position.current;
      setPlace(wanted);
    },
  };
}

/** Of the last frame that is there by this one. */
function placeOf(ready: readonly number[], index: number): number {
  let [low, high] = [0, ready.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((ready[middle] ?? 0) <= index) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}

function useDrawnFrame(
  canvas: RefObject<HTMLCanvasElement | null>,
  film: Film,
  view: View,
  index?: number,
  next?: number,
): void {
  const { background, plainColour, visibleMark, layout } = view;

  useEffect(() => {
    let late = false;
    const reel = reelOf(film);
    if (!reel) return;
    const seen = { background, plainColour, visibleMark, layout };
    const draw = async () => {
      const image = index === undefined ? undefined : await reel.picture(index, seen);
      const element = canvas.current;
      if (image && element && !late) {
        const size = reel.sizeOf(seen);
        if (element.width !== size.width) element.width = size.width;
        if (element.height !== size.height) element.height = size.height;
        const context = element.getContext('2d');
        context?.clearRect(0, 0, size.width, size.height);
        context?.drawImage(image, 0, 0);
      }
      if (next !== undefined && !late) await reel.picture(next, seen);
    };
    // A frame whose reel was closed meanwhile belongs to a film that is no longer shown.
    draw().catch(() => undefined);
    return () => {
      late = true;
    };
  }, [canvas, film, background, plainColour, visibleMark, layout, index, next]);
}

function useSound(film: Film, start: number, on: boolean): RefObject<HTMLAudioElement | null> {
  const audio = useRef<HTMLAudioElement | null>(null);

  useEffect(() => {
    if (!on) return;
    let leave = () => {};
    let gone = false;
    const play = async () => {
      const file = await reelOf(film)?.sound();
      if (!file || gone) return;
      const url = URL.createObjectURL(file);
      const element = new Audio(url);
      audio.current = element;
      element.currentTime = start;
      leave = () => {
        element.pause();
        element.removeAttribute('src');
        URL.revokeObjectURL(url);
        audio.current = null;
      };
      await element.play();
    };
    // Without a way to play, the film goes on silently.
    play().catch(() => undefined);
    return () => {
      gone = true;
      leave();
    };
  }, [on, film, start]);

  return audio;
}
