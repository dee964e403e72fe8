import { useRef } from 'react';
import { forgetFilm, openLiveFilm, saveLiveFilm, useLive } from '../../state/live.ts';
import { Action } from '../controls.tsx';
import { Sheet } from '../Sheet.tsx';
import { useVideoFile } from '../use-video-file.ts';
import { bytes, clock } from '../words.ts';

/** The recording just made: look at it, save it, or throw it away. Closing the sheet does none of that. */
export function LiveFilmSheet() {
  const film = useLive((live) => live.film);
  const isOpen = useLive((live) => live.isFilmOpen);
  return (
    <Sheet title="Your recording" open={isOpen && film !== null} onClose={() => openLiveFilm(false)} wide>
      {film && (
        <div className="live-film">
          <FilmPlayer file={film.file} />
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

function FilmPlayer({ file }: { file: Blob }) {
  const video = useRef<HTMLVideoElement>(null);
  useVideoFile(video, file);
  return <video ref={video} controls playsInline loop aria-label="The recording" />;
}
