import {
  cancelCountdown,
  dismissAside,
  leaveLive,
  openLiveFilm,
  startRecording,
  stopRecording,
  takeSnapshot,
  useLive,
} from '../../state/live.ts';
import { Action } from '../controls.tsx';
import { ProblemMessage } from '../Message.tsx';

/** What is done with the picture while it moves. */
export function LiveDock() {
  const { hasPicture, countdown, recordingSince, aside, film } = useLive();
  return (
    <section className="live-dock" aria-label="Recording">
      {aside && <ProblemMessage problem={aside} onDismiss={dismissAside} />}
      <div className="live-row">
        <Action icon="image" label="Snapshot" disabled={!hasPicture} onClick={() => void takeSnapshot()} />
        <RecordButton />
        {film && <Action icon="play" label="Last recording" onClick={() => openLiveFilm(true)} />}
        <Action icon="stop" label="End" onClick={() => void leaveLive()} />
      </div>
      <p className="hidden-visually" role="status">
        {recordingSince !== null && 'Recording'}
        {countdown !== null && `Recording starts in ${countdown}`}
      </p>
    </section>
  );
}

function RecordButton() {
  const { hasPicture, countdown, recordingSince } = useLive();
  if (countdown !== null) {
    return <Action icon="close" label="Don’t record" className="large" onClick={cancelCountdown} />;
  }
  if (recordingSince !== null) {
    return (
      <Action
        icon="stop"
        label="Stop recording"
        className="primary large"
        onClick={() => void stopRecording()}
      />
    );
  }
  return (
    <Action
      icon="record"
      label="Record"
      className="primary large"
      disabled={!hasPicture}
      onClick={() => void startRecording()}
    />
  );
}
