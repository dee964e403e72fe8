import { useEffect, useRef } from 'react';
import { useFilms } from '../state/films.ts';
import { compareWith, rivalReel, useRival } from '../state/rival.ts';
import type { Film, View } from '../studio/index.ts';

/** What the film on the stage is compared with: its photo, or another film. */
export function RivalChoice({ film }: { film: Film }) {
  const entries = useFilms((films) => films.entries) ?? [];
  const rival = useRival((state) => state.film);
  const others = entries.filter(({ id, done }) => id !== film.id && done > 0);

  // Whoever looks at one film only needs no second one.
  useEffect(() => () => void compareWith(null), []);

  if (others.length === 0) return null;
  return (
    <select
      className="select rival"
      aria-label="Compare with"
      value={rival?.id ?? ''}
      onChange={(event) => void compareWith(event.target.value || null)}
    >
      <option value="">the photo</option>
      {others.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}

/** The other film at the same moment of its dance. */
export function RivalPicture({ film, view, seconds }: { film: Film; view: View; seconds: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { background, plainColour, visibleMark } = view;

  useEffect(() => {
    let late = false;
    const draw = async () => {
      const reel = rivalReel(film);
      const ready = reel?.ready() ?? [];
      const wanted = Math.round(seconds * film.motion.frameRate) % film.keys.length;
      const index = ready.findLast((there) => there <= wanted) ?? ready[0];
      if (!reel || index === undefined) return;
      const image = await reel.picture(index, { background, plainColour, visibleMark, layout: 'result' });
      const element = canvas.current;
      if (!element || late) return;
      if (element.width !== image.width) element.width = image.width;
      if (element.height !== image.height) element.height = image.height;
      const context = element.getContext('2d');
      context?.clearRect(0, 0, image.width, image.height);
      context?.drawImage(image, 0, 0);
    };
    // Let go while it was drawn.
    draw().catch(() => undefined);
    return () => {
      late = true;
    };
  }, [film, seconds, background, plainColour, visibleMark]);

  return <canvas ref={canvas} className="picture" role="img" aria-label="The other dance" />;
}
