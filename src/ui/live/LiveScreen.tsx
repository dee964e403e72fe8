import './live.css';
import { useLayoutEffect } from 'react';
import { goLive, leaveLive, useLive } from '../../state/live.ts';
import { Action } from '../controls.tsx';
import { ProblemMessage } from '../Message.tsx';
import { CameraView } from './CameraView.tsx';
import { LiveControls } from './LiveControls.tsx';
import { LiveFilmSheet } from './LiveFilmSheet.tsx';
import { LivePhotos } from './LivePhotos.tsx';
import { LivePicture } from './LivePicture.tsx';
import { PickClip } from './PickClip.tsx';

/** The camera moves the person in the photo, as it happens. */
export default function LiveScreen() {
  const phase = useLive((live) => live.phase);

  // Before the canvases go: a recording under way ends with what they show.
  useLayoutEffect(() => () => void leaveLive(), []);

  const isOn = phase === 'live' || phase === 'starting';
  return (
    <main className="live" aria-labelledby="live-title">
      <h2 id="live-title" className="hidden-visually">
        Live
      </h2>
      <section id="live-stage" className="live-stage" aria-label="Live picture">
        <div className="spot" />
        {isOn ? <LivePicture /> : <Invitation />}
      </section>
      <aside className="live-side">
        {isOn && <CameraView />}
        <LivePhotos />
        {isOn && <LiveControls />}
      </aside>
      <LiveFilmSheet />
    </main>
  );
}

function Invitation() {
  const { problem, source } = useLive();
  const [again, camera] = problem ? ['Try again', source === 'camera'] : ['Start the camera', true];
  return (
    <div className="live-invitation">
      <p className="headline">Move, and they move</p>
      {problem ? (
        <ProblemMessage problem={problem} />
      ) : (
        <p className="subline">
          Stand before the camera, seen from head to feet if you can. What it sees stays on this device.
        </p>
      )}
      <div className="live-ways">
        {camera && (
          <Action
            icon="camera"
            label={again}
            className="primary large"
            onClick={() => void goLive('camera')}
          />
        )}
        <PickClip label="Use a clip instead" />
        {!camera && <Action icon="camera" label="Use the camera" onClick={() => void goLive('camera')} />}
      </div>
    </div>
  );
}
