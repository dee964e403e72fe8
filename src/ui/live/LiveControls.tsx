import { useEffect, useState } from 'react';
import {
  cancelCountdown,
  dismissAside,
  FRAME_RATES,
  leaveLive,
  setFrameRate,
  setMicrophone,
  startRecording,
  stopRecording,
  takeSnapshot,
  useLive,
} from '../../state/live.ts';
import { Action, Segmented, Switch } from '../controls.tsx';
import { ProblemMessage } from '../Message.tsx';
import { clock } from '../words.ts';

const RATES = FRAME_RATES.map((rate) => [String(rate), `${rate} a second`] as const);

export function LiveControls() {
  const { frameRate, microphone, hasPicture, countdown, recordingSince, aside } = useLive();
  return (
    <section className="live-controls" aria-label="Recording">
      <div className="live-row">
        <RecordButton />
        <Action icon="image" label="Snapshot" disabled={!hasPicture} onClick={() => void takeSnapshot()} />
        <Action icon="stop" label="End" className="quiet" onClick={() => void leaveLive()} />
      </div>
      <Switch label="Record the microphone" checked={microphone} onChange={setMicrophone} />
      <Segmented
        label="Frame rate"
        value={String(frameRate)}
        options={RATES}
        onChange={(rate) => setFrameRate(Number(rate))}
      />
      <p className="note">Steps and size follow by themselves: fewer frames are finer ones.</p>
      {aside && <ProblemMessage problem={aside} onDismiss={dismissAside} />}
      <p className="hidden-visually" role="status">
        {recordingSince !== null && 'Recording'}
        {countdown !== null && `Recording starts in ${countdown}`}
      </p>
    </section>
  );
}

function RecordButton() {
  const { hasPicture, countdown, recordingSince } = useLive();
  if (countdown !== null) return <Action icon="close" label="Don’t record" onClick={cancelCountdown} />;
  if (recordingSince === null) {
    return (
      <Action
        icon="record"
        label="Record"
        className="primary"
        disabled={!hasPicture}
        onClick={() => void startRecording()}
      />
    );
  }
  return (
    <>
      <Action icon="stop" label="Stop recording" className="primary" onClick={() => void stopRecording()} />
      <Elapsed since={recordingSince} />
    </>
  );
}

function Elapsed({ since }: { since: number }) {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 200);
    return () => clearInterval(timer);
  }, []);
  return <span className="live-clock">{clock(Math.max(0, now - since) / 1000)}</span>;
}
