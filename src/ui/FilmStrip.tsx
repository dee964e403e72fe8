import { useEffect, useState } from 'react';
import { useChoices } from '../state/choices.ts';
import {
  forgetRemoved,
  goOnWith,
  openFilm,
  removeFilm,
  renameFilm,
  takeBack,
  takeChoices,
  useFilms,
} from '../state/films.ts';
import { isBusy, isOutdated, useJob } from '../state/job.ts';
import type { Entry } from '../studio/index.ts';
import { Action } from './controls.tsx';
import { Notice } from './Message.tsx';
import { bytes, clock, frames, whenMade } from './words.ts';

/** From here on the oldest film is offered for deletion. */
const NEARLY_FULL = 0.8;

/** Every film that was made here, until the person lets it go: looked at again, gone on with, renamed, deleted. */
export function FilmStrip() {
  const entries = useFilms((films) => films.entries);
  const removed = useFilms((films) => films.removed);
  const film = useJob((job) => job.film);
  const ready = useJob((job) => job.ready.length);
  const busy = useJob(isBusy);
  const shown = entries?.find(({ id }) => id === film?.id) ?? null;
  if (!entries || (entries.length === 0 && !removed)) return null;

  return (
    <section className="films" aria-labelledby="films-title">
      <header className="films-head">
        <h3 id="films-title">Your dances</h3>
        {shown && <FilmTools key={shown.id} entry={shown} busy={busy} />}
      </header>
      <ul className="film-list" aria-labelledby="films-title">
        {entries
          // Of the one that is being painted, the stage knows more than the list.
          .map((entry) => (entry.id === film?.id ? { ...entry, done: ready } : entry))
          .map((entry) => (
            <li key={entry.id}>
              <button
                type="button"
                className="film"
                aria-current={entry.id === film?.id}
                disabled={busy && entry.id !== film?.id}
                title={
                  busy
                    ? 'The dance that is being made stays on the stage until it is done or stopped.'
                    : entry.name
                }
                onClick={() => entry.id !== film?.id && void openFilm(entry.id)}
              >
                <FilmPicture entry={entry} />
                <span className="film-name">{entry.name}</span>
                <span className="film-line">
                  {entry.done < entry.total
                    ? `${entry.done} of ${frames(entry.total)}`
                    : `${clock(entry.seconds)}, ${whenMade(entry.made)}`}
                </span>
              </button>
            </li>
          ))}
      </ul>
      {removed && (
        <Notice what={`“${removed.name}” is deleted.`}>
          <Action icon="repeat" label="Take it back" onClick={() => void takeBack()} />
          <Action label="All right" className="quiet" onClick={() => void forgetRemoved()} />
        </Notice>
      )}
      <Room oldest={entries.findLast(({ id }) => id !== film?.id) ?? null} />
    </section>
  );
}

function FilmPicture({ entry: { picture, size } }: { entry: Entry }) {
  const [url, setUrl] = useState<string | null>(null);

  useEffect(() => {
    if (!picture) return;
    const fresh = URL.createObjectURL(picture);
    setUrl(fresh);
    return () => URL.revokeObjectURL(fresh);
  }, [picture]);

  return (
    <span className="film-picture">
      {url && <img src={url} alt="" width={size.width} height={size.height} />}
    </span>
  );
}

/** What can be done with the film on the stage. */
function FilmTools({ entry, busy }: { entry: Entry; busy: boolean }) {
  const [naming, setNaming] = useState(false);
  const film = useJob((job) => job.film);
  const outdated = useChoices((choices) => film !== null && isOutdated(film, choices));
  if (naming) return <NameField entry={entry} onDone={() => setNaming(false)} />;
  return (
    <div className="film-tools">
      {outdated && !busy && film && (
        <>
          {entry.done < entry.total && (
            <Action icon="play" label="Go on with this one" onClick={() => void goOnWith(entry.id)} />
          )}
          <Action
            icon="repeat"
            label="Use its photo and dance"
            className="quiet"
            onClick={() => void takeChoices(film)}
          />
        </>
      )}
      <Action icon="pen" label="Rename it" iconOnly className="quiet" onClick={() => setNaming(true)} />
      <Action
        icon="trash"
        label="Delete it"
        iconOnly
        className="quiet"
        disabled={busy}
        onClick={() => void removeFilm(entry.id)}
      />
    </div>
  );
}

function NameField({ entry, onDone }: { entry: Entry; onDone: () => void }) {
  const [name, setName] = useState(entry.name);
  return (
    <form
      className="film-tools"
      onSubmit={(event) => {
        event.preventDefault();
        void renameFilm(entry.id, name);
        onDone();
      }}
    >
      <input
        className="input"
        aria-label="Name of the dance"
        value={name}
        // The person has just asked for it.
        // biome-ignore lint/a11y/noAutofocus: focus would otherwise be lost with the button that was pressed
        autoFocus
        onChange={(event) => setName(event.target.value)}
        onKeyDown={(event) => event.key === 'Escape' && onDone()}
      />
      <button type="submit" className="button">
        Save
      </button>
    </form>
  );
}

function Room({ oldest }: { oldest: Entry | null }) {
  const room = useFilms((films) => films.room);
  const unkept = useJob((job) => job.unkept);
  const isFull = room !== null && room.used > NEARLY_FULL * room.quota;
  if (!isFull && unkept === 0) return null;
  const what =
    unkept > 0
      ? `There is no more room on this device: ${frames(unkept)} will be gone when the page is left.`
      : `${bytes(room?.used ?? 0)} of the ${bytes(room?.quota ?? 0)} that this page may keep are used.`;
  return (
    <Notice what={what} remedy="Save what you want to keep, and delete what you do not need.">
      {oldest && (
        <Action
          icon="trash"
          label={`Delete the oldest, “${oldest.name}”`}
          onClick={() => void removeFilm(oldest.id)}
        />
      )}
    </Notice>
  );
}
