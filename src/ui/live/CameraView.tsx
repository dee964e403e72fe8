import type { MouseEvent } from 'react';
import { chooseCamera, followPersonAt, measureAgain, setMirror, useLive, view } from '../../state/live.ts';
import { Action, Switch } from '../controls.tsx';
import { PickClip } from './PickClip.tsx';

/** What the camera sees, small, with the skeleton that was found in it. */
export function CameraView() {
  const { source, mirror, cameras, deviceId, people } = useLive();
  const point = (event: MouseEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    followPersonAt(view.pointAt({ x: event.clientX - box.left, y: event.clientY - box.top }, box));
  };
  const followOther = () => view.other && followPersonAt(view.other);
  return (
    <section className="live-camera" aria-labelledby="live-camera">
      <h3 id="live-camera">{source === 'camera' ? 'Your camera' : 'Your clip'}</h3>
      <canvas
        ref={view.cameraRef}
        className={people > 1 ? 'pointable' : ''}
        role="img"
        aria-label={source === 'camera' ? 'What the camera sees' : `The clip ${source.name}`}
        onClick={point}
      />
      <div className="live-row">
        <Switch label="Mirror" checked={mirror} onChange={setMirror} />
        <Action icon="person" label="Measure again" className="quiet" onClick={measureAgain} />
        {people > 1 && (
          <Action icon="person" label="Follow the other one" className="quiet" onClick={followOther} />
        )}
        <PickClip label={source === 'camera' ? 'Use a clip' : 'Another clip'} />
      </div>
      {source === 'camera' && cameras.length > 1 && (
        <label className="live-row">
          Camera
          <select value={deviceId ?? ''} onChange={({ target }) => chooseCamera(target.value)}>
            {cameras.map((camera, index) => (
              <option key={camera.deviceId} value={camera.deviceId}>
                {camera.label || `Camera ${index + 1}`}
              </option>
            ))}
          </select>
        </label>
      )}
    </section>
  );
}
