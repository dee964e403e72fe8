import { useEffect, useState } from 'react';
import { useDevice } from '../../state/device.ts';
import { useLive, view } from '../../state/live.ts';
import { TaskLine } from '../TaskLine.tsx';
import { clock } from '../words.ts';
import { LiveDock } from './LiveDock.tsx';
import { badgeWord, figuresWords, paceWords, statusOf } from './live-words.ts';

/** The picture, what there is to say of it above, and what to do with it below: nothing lies over the person. */
export function LivePicture() {
  const { phase, hasPicture, isPersonThere, countdown } = useLive();
  return (
    <div className="live-on">
      <LiveFacts />
      <div className="live-frame">
        <canvas
          ref={view.screenRef}
          className="live-screen"
          role="img"
          aria-label="The person in the photo, moved by you"
        />
        {countdown !== null && (
          <p className="countdown" role="status">
            {countdown}
          </p>
        )}
        {(phase === 'starting' || (!hasPicture && isPersonThere)) && <Preparing />}
      </div>
      <LiveDock />
    </div>
  );
}

function LiveFacts() {
  const live = useLive();
  const status = live.phase === 'live' ? statusOf(live) : null;
  return (
    <div className="live-facts">
      <p className={`live-badge ${live.recordingSince === null ? '' : 'recording'}`}>
        {live.recordingSince === null ? badgeWord(live) : <Elapsed since={live.recordingSince} />}
      </p>
      {live.figures && live.pace && (
        <p className="live-figures">
          <strong>{figuresWords(live.figures)}</strong>
          <span>{paceWords(live.pace, live.frameRate)}</span>
        </p>
      )}
      <div className="live-status" role="status">
        {status && (
          <p>
            {status.what} {status.remedy && <span>{status.remedy}</span>}
          </p>
        )}
      </div>
    </div>
  );
}

function Preparing() {
  const progress = useDevice((device) => device.progress);
  const task = progress
    ? {
        label: 'Getting the model',
        share: progress.totalBytes ? progress.loadedBytes / progress.totalBytes : null,
      }
    : { label: 'Getting ready', share: null };
  return <TaskLine task={task} />;
}

function Elapsed({ since }: { since: number }) {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 200);
    return () => clearInterval(timer);
  }, []);
  return <span className="live-clock">{clock(Math.max(0, now - since) / 1000)}</span>;
}
