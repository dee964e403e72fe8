import { FRAME_RATES, setFrameRate, setFromLastFrame, setMicrophone, useLive } from '../../state/live.ts';
import { Segmented, Switch } from '../controls.tsx';

const RATES = FRAME_RATES.map((rate) => [String(rate), `${rate} a second`] as const);

/** How quick the frames are wanted, and what a recording holds besides them. */
export function LiveControls() {
  const { frameRate, fromLastFrame, microphone, recordingSince } = useLive();
  return (
    <section className="live-controls" aria-labelledby="live-pace">
      <h3 id="live-pace">Pace and sound</h3>
      <Segmented
        label="Frame rate"
        value={String(frameRate)}
        options={RATES}
        onChange={(rate) => setFrameRate(Number(rate))}
      />
      <p className="note">Steps and size follow by themselves: fewer frames are finer ones.</p>
      <Switch label="Start from the last frame" checked={fromLastFrame} onChange={setFromLastFrame} />
      <p className="note">
        {fromLastFrame
          ? 'Details of one frame live on in the next, and so do its faults.'
          : 'Every frame starts from the same noise: nothing drifts, and a new pose is right at once.'}
      </p>
      <Switch label="Record the microphone" checked={microphone} onChange={setMicrophone} />
      {recordingSince !== null && <p className="note">The microphone is chosen before a recording begins.</p>}
    </section>
  );
}
