import { forgetFilm, saveLiveFilm, useLive } from '../../state/live.ts';
import { Action } from '../controls.tsx';
import { Sheet } from '../Sheet.tsx';
import { bytes, clock } from '../words.ts';

/** The recording just made: look at it, save it, or let it go. */
export function LiveFilmSheet() {
  const film = useLive((live) => live.film);
  return (
    <Sheet title="Your recording" open={film !== null} onClose={forgetFilm} wide>
      {film && (
        <div className="live-film">
          <video src={film.url} controls playsInline loop aria-label="The recording" />
          <div className="live-row">
            <Action
              icon="download"
              label="Save"
              className="primary"
              onClick={() => void saveLiveFilm(film)}
            />
            <Action icon="trash" label="Throw away" onClick={forgetFilm} />
            <span className="note">
              {clock(film.seconds)}, {bytes(film.file.size)}. It says in its data that it is AI-generated.
            </span>
          </div>
        </div>
      )}
    </Sheet>
  );
}
