import { type RefObject, useEffect, useRef, useState } from 'react';
import type { Film } from '../state/job.ts';

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

/** Plays the finished frames in a loop; with sound on, the clip's own sound is the clock. */
export function usePlayback(film: Film, ready: readonly number[], complete: boolean): Playback {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [place, setPlace] = useState(0);
  const [playing, setPlaying] = useState(() => !matchMedia('(prefers-reduced-motion: reduce)').matches);
  const [sound, setSound] = useState(false);
  const audio = useSound(film, sound && playing && complete);
  const position = useRef(0);
  const { frameRate, trim } = film.motion;

  useEffect(() => {
    if (!playing) return;
    let request = 0;
    let before = performance.now();
    const tick = (now: number) => {
      const seconds = (now - before) / 1000;
      before = now;
      const element = audio.current;
      const length = ready.length / frameRate;
      if (element && !element.paused) {
        position.current = element.currentTime - trim.start;
        if (position.current >= length || element.ended) element.currentTime = trim.start;
      } else {
        position.current += seconds;
      }
      if (position.current >= length || position.current < 0) position.current = 0;
      setPlace(Math.min(ready.length - 1, Math.floor(position.current * frameRate)));
      request = requestAnimationFrame(tick);
    };
    request = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(request);
  }, [playing, ready.length, frameRate, trim.start, audio]);

  const shown = Math.min(place, ready.length - 1);
  useDrawnFrame(canvas, film, ready[shown], ready[(shown + 1) % ready.length]);

  return {
    canvas,
    place: shown,
    playing,
    sound,
    setPlaying,
    setSound,
    seek: (wanted) => {
      position.current = wanted / frameRate;
      if (audio.current) audio.current.currentTime = trim.start + position.current;
      setPlace(wanted);
    },
  };
}

function useDrawnFrame(
  canvas: RefObject<HTMLCanvasElement | null>,
  film: Film,
  index?: number,
  next?: number,
): void {
  const { width, height } = film.motion.size;

  useEffect(() => {
    if (!canvas.current) return;
    canvas.current.width = width;
    canvas.current.height = height;
  }, [canvas, width, height]);

  const key = index === undefined ? undefined : film.keys[index];
  const nextKey = next === undefined ? undefined : film.keys[next];
  useEffect(() => {
    let late = false;
    const draw = async () => {
      const image = key === undefined ? undefined : await film.store.image(key);
      if (image && !late) canvas.current?.getContext('2d')?.drawImage(image, 0, 0);
      if (nextKey !== undefined && !late) await film.store.image(nextKey);
    };
    // A frame whose store was closed meanwhile belongs to a film that is no longer shown.
    draw().catch(() => undefined);
    return () => {
      late = true;
    };
  }, [canvas, film.store, key, nextKey]);
}

function useSound(film: Film, on: boolean): RefObject<HTMLAudioElement | null> {
  const audio = useRef<HTMLAudioElement | null>(null);
  const { start } = film.motion.trim;

  useEffect(() => {
    if (!on || !film.sound) return;
    const url = URL.createObjectURL(film.sound);
    const element = new Audio(url);
    audio.current = element;
    element.currentTime = start;
    // Without a way to play, the film goes on silently.
    element.play().catch(() => undefined);
    return () => {
      element.pause();
      element.removeAttribute('src');
      URL.revokeObjectURL(url);
      audio.current = null;
    };
  }, [on, film.sound, start]);

  return audio;
}
