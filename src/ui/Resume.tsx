import { goOnWith, openFilm, removeFilm, useFilms } from '../state/films.ts';
import { Action } from './controls.tsx';
import { frames } from './words.ts';

/** After a reload: the work that was there, offered and not forced. */
export function Resume() {
  const last = useFilms(({ entries }) => entries?.[0]);
  const opening = useFilms((films) => films.opening);
  if (!last || last.done === 0) return null;
  const finished = last.done >= last.total;
  return (
    <div className="resume" role="status">
      <p>
        {finished
          ? `Your last dance is still here: ${frames(last.total)}.`
          : `Your last dance stopped after ${last.done} of ${frames(last.total)}.`}
      </p>
      <div className="resume-actions">
        <Action
          icon="play"
          label={opening ? 'Getting it…' : finished ? 'Show it again' : 'Go on with it'}
          disabled={opening !== null}
          onClick={() => void (finished ? openFilm(last.id) : goOnWith(last.id))}
        />
        <Action label="Delete it" className="quiet" onClick={() => void removeFilm(last.id)} />
      </div>
    </div>
  );
}
