import { changeSettings, useChoices } from '../state/choices.ts';
import { clearDance, finishTrim } from '../state/choose-clip.ts';
import { clearPhotos } from '../state/choose-photo.ts';
import { isBusy, isOutdated, pause, resume, start, stop, useJob } from '../state/job.ts';
import { secondsExpected } from '../state/pace.ts';
import { useMotion } from '../state/preview.ts';
import { redo, undo, useUndo } from '../state/undo.ts';
import { type Quality, stepsOf } from '../studio/settings.ts';
import { Action, Segmented } from './controls.tsx';
import { useShortcuts } from './shortcuts.ts';
import { duration, frames } from './words.ts';

const QUALITIES: readonly (readonly [Quality, string])[] = [
  ['draft', 'Draft'],
  ['good', 'Good'],
  ['best', 'Best'],
];

export function RenderBar({ onSettings }: { onSettings: () => void }) {
  const settings = useChoices((choices) => choices.settings);
  const hint = useHint();

  return (
    <section className="render-bar" aria-label="Rendering">
      <div className="render-choices">
        <Segmented
          label="Quality"
          value={settings.quality}
          options={QUALITIES}
          onChange={(quality) => changeSettings({ quality, steps: null })}
        />
        <Action icon="settings" label="Settings" className="quiet" onClick={onSettings} />
        <Steps />
      </div>
      <p className="render-hint">{hint}</p>
      <MainAction />
    </section>
  );
}

/** Back, forth, and from the beginning. */
function Steps() {
  const canUndo = useUndo(({ past }) => past.length > 0);
  const canRedo = useUndo(({ future }) => future.length > 0);
  const empty = useChoices(({ photos, clip, poses }) => photos.length === 0 && !clip && !poses);
  const back = () => {
    undo();
    void finishTrim();
  };
  const forth = () => {
    redo();
    void finishTrim();
  };
  useShortcuts({ 'mod+z': back, 'mod+shift+z': forth, 'mod+y': forth });
  return (
    <div className="render-steps">
      <Action icon="undo" label="Undo" iconOnly className="quiet" disabled={!canUndo} onClick={back} />
      <Action icon="redo" label="Redo" iconOnly className="quiet" disabled={!canRedo} onClick={forth} />
      <Action
        icon="close"
        label="Clear photo and dance"
        iconOnly
        className="quiet"
        disabled={empty}
        onClick={() => {
          clearPhotos();
          clearDance();
        }}
      />
    </div>
  );
}

function useHint(): string {
  const { photos, clip, clipTask, settings } = useChoices();
  const { motion, isPhotos } = useMotion();
  if (!photos[0] && !clip) return 'A photo, a dance, and off they go.';
  if (!photos[0]) return 'Now choose who dances.';
  if (isPhotos) return 'This photo cannot be used yet.';
  if (!clip) return 'Now choose a dance.';
  if (!motion) return clipTask ? 'Reading the dance…' : 'This dance cannot be used yet.';
  const { width, height } = motion.size;
  const each = secondsExpected({ width, height, steps: stepsOf(settings) });
  const time = each === null ? '' : `, about ${duration(each * motion.poses.length)} on this device`;
  // The size stays on one line.
  return `${frames(motion.poses.length)}, ${width}\u00a0×\u00a0${height}${time}`;
}

function MainAction() {
  const job = useJob();
  const choices = useChoices();
  const { motion } = useMotion();

  if (isBusy(job)) {
    return (
      <div className="main-action">
        {job.status === 'running' && <Action icon="pause" label="Pause" onClick={pause} />}
        {job.status === 'paused' && <Action icon="play" label="Go on" className="primary" onClick={resume} />}
        <Action icon="stop" label={job.ready.length > 0 ? 'Stop and keep' : 'Cancel'} onClick={stop} />
      </div>
    );
  }
  const { film, ready } = job;
  const unfinished = film !== null && ready.length > 0 && ready.length < film.keys.length;
  const label =
    film === null
      ? 'Make them dance'
      : isOutdated(film, choices)
        ? 'Dance again'
        : unfinished || job.status === 'failed'
          ? 'Go on'
          : 'Make them dance';
  const nothingToDo = film !== null && job.status === 'finished' && !isOutdated(film, choices);
  return (
    <div className="main-action">
      <Action
        icon="play"
        label={label}
        className={`large ${nothingToDo ? '' : 'primary'}`}
        disabled={!motion || nothingToDo}
        onClick={() => {
          // On a phone the stage is below: what was asked for should be seen.
          document.getElementById('result')?.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
          void start();
        }}
      />
    </div>
  );
}
