import { type RefObject, useEffect, useState } from 'react';
import { useChoices } from '../state/choices.ts';
import { useJob } from '../state/job.ts';
import { useRival } from '../state/rival.ts';
import { type Film, viewOf } from '../studio/index.ts';
import { Action } from './controls.tsx';
import { Picture } from './Picture.tsx';
import { RivalChoice, RivalPicture } from './Rival.tsx';
import { useShortcuts } from './shortcuts.ts';
import { useReelGround } from './use-ground.ts';
import { usePlayback } from './use-playback.ts';
import { clock } from './words.ts';

type Look = 'result' | 'compare' | 'beside';

interface PlayerProps {
  readonly film: Film;
  readonly ready: readonly number[];
  readonly complete: boolean;
  /** Kept at the index of the frame on the screen. */
  readonly shown: RefObject<number>;
}

export function Player({ film, ready, complete, shown }: PlayerProps) {
  const [look, setLook] = useState<Look>('result');
  const settings = useChoices((choices) => choices.settings);
  const view = viewOf(settings, look === 'beside' ? 'beside' : 'result');
  const playback = usePlayback(film, ready, view, complete);
  const ground = useReelGround(film);
  const rival = useRival((state) => state.film);
  const [split, setSplit] = useState(50);
  const status = useJob((job) => job.status);
  const { width, height } = film.motion.size;
  const index = ready[playback.place] ?? 0;

  useEffect(() => {
    shown.current = index;
  }, [shown, index]);

  const step = (by: number) => () => {
    playback.setPlaying(false);
    playback.seek((playback.place + by + ready.length) % ready.length);
  };
  useShortcuts({
    ' ': () => playback.setPlaying(!playback.playing),
    ArrowLeft: step(-1),
    ArrowRight: step(1),
  });

  const toggle = (wanted: Look) => setLook(look === wanted ? 'result' : wanted);

  return (
    <div className="player">
      <div className={`stage ${look}`}>
        <div className="spot" aria-hidden="true" />
        <div
          className="screen"
          style={
            {
              aspectRatio: look === 'beside' ? `${3 * width} / ${height}` : `${width} / ${height}`,
              '--split': `${split}%`,
            } as React.CSSProperties
          }
        >
          {look === 'compare' && rival && (
            <RivalPicture film={rival} view={view} seconds={index / film.motion.frameRate} />
          )}
          {look === 'compare' && !rival && ground && <Picture image={ground} label="The photo" />}
          <canvas
            ref={playback.canvas}
            className={`picture ${settings.background === 'none' ? 'see-through' : ''}`}
            role="img"
            aria-label={`${look === 'beside' ? 'Photo, pose and result' : 'The result'}, frame ${playback.place + 1} of ${ready.length}`}
            style={look === 'compare' ? { clipPath: `inset(0 0 0 ${split}%)` } : undefined}
          />
          {look === 'compare' && (
            <input
              type="range"
              className="splitter"
              aria-label={rival ? 'How much of the other dance is shown' : 'How much of the photo is shown'}
              min={0}
              max={100}
              value={split}
              onChange={(event) => setSplit(Number(event.target.value))}
            />
          )}
        </div>
        {status === 'stopped' && !complete && <p className="stage-note">Stopped. What is done is kept.</p>}
      </div>
      <div className="player-controls">
        <Action
          icon={playback.playing ? 'pause' : 'play'}
          label={playback.playing ? 'Pause the result' : 'Play the result'}
          iconOnly
          className="quiet"
          onClick={() => playback.setPlaying(!playback.playing)}
        />
        <input
          type="range"
          className="scrubber"
          aria-label="Place in the result"
          aria-valuetext={`Frame ${playback.place + 1} of ${ready.length}`}
          min={0}
          max={Math.max(0, ready.length - 1)}
          value={playback.place}
          onChange={(event) => {
            playback.setPlaying(false);
            playback.seek(Number(event.target.value));
          }}
        />
        <span className="player-clock">{clock((index + 1) / film.motion.frameRate)}</span>
        {film.dance.clip?.hasSound && complete && (
          <Action
            icon={playback.sound ? 'sound' : 'muted'}
            label={playback.sound ? 'Sound off' : 'Sound on'}
            iconOnly
            className="quiet"
            pressed={playback.sound}
            onClick={() => playback.setSound(!playback.sound)}
          />
        )}
        {look === 'compare' && <RivalChoice film={film} />}
        <Action
          icon="compare"
          label="Compare"
          iconOnly
          className="quiet"
          pressed={look === 'compare'}
          onClick={() => toggle('compare')}
        />
        <Action
          icon="skeleton"
          label="Photo, pose and result side by side"
          iconOnly
          className="quiet"
          pressed={look === 'beside'}
          onClick={() => toggle('beside')}
        />
      </div>
    </div>
  );
}
