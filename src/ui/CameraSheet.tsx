import { type RefObject, useEffect, useRef, useState } from 'react';
import type { Camera, Recording } from '../media/page/index.ts';
import { chooseClip } from '../state/choose-clip.ts';
import { choosePhoto } from '../state/choose-photo.ts';
import { pageMedia } from '../state/media.ts';
import { type Problem, problemOf } from '../state/problem.ts';
import { Action } from './controls.tsx';
import { ProblemMessage } from './Message.tsx';
import { Sheet } from './Sheet.tsx';

interface CameraSheetProps {
  readonly kind: 'photo' | 'clip';
  readonly open: boolean;
  readonly onClose: () => void;
}

/** Takes a photo, or records a clip, with the device's own camera. */
export function CameraSheet({ kind, open, onClose }: CameraSheetProps) {
  const [attempt, setAttempt] = useState(0);
  /** While something is recorded, closing the sheet ends the recording and keeps it. */
  const keep = useRef<(() => void) | null>(null);
  const close = () => (keep.current ? keep.current() : onClose());
  return (
    <Sheet title={kind === 'photo' ? 'Take a photo' : 'Record a dance'} open={open} onClose={close} wide>
      <CameraView
        key={attempt}
        kind={kind}
        keep={keep}
        onDone={onClose}
        onRetry={() => setAttempt(attempt + 1)}
      />
    </Sheet>
  );
}

interface CameraViewProps {
  readonly kind: 'photo' | 'clip';
  readonly keep: RefObject<(() => void) | null>;
  readonly onDone: () => void;
  readonly onRetry: () => void;
}

const COUNTDOWN_SECONDS = 3;

function CameraView({ kind, keep, onDone, onRetry }: CameraViewProps) {
  const video = useRef<HTMLVideoElement>(null);
  const [camera, setCamera] = useState<Camera | null>(null);
  const [recording, setRecording] = useState<Recording | null>(null);
  const [count, setCount] = useState<number | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);

  useEffect(() => {
    let gone = false;
    let opened: Camera | null = null;
    const opening = pageMedia().then(({ openCamera }) =>
      openCamera({ width: 1280, height: 720, microphone: kind === 'clip' }),
    );
    opening.then(
      (fresh) => {
        if (gone) return fresh.close();
        opened = fresh;
        setCamera(fresh);
        if (video.current) video.current.srcObject = fresh.stream;
        void fresh.lost.then((fault) => {
          if (gone) return;
          // A stream that has ended gives no picture any more: another try opens it anew.
          setCamera(null);
          setProblem(problemOf(fault));
        });
      },
      (error) => !gone && setProblem(problemOf(error)),
    );
    return () => {
      gone = true;
      opened?.close();
    };
  }, [kind]);

  useEffect(() => {
    if (count === null || !camera) return;
    const timer = setTimeout(() => {
      if (count > 1) return setCount(count - 1);
      setCount(null);
      if (kind === 'photo') void snap();
      else void camera.record().then(setRecording, (error) => setProblem(problemOf(error)));
    }, 1000);
    return () => clearTimeout(timer);
  });

  const snap = async () => {
    const element = video.current;
    if (!element) return;
    const canvas = new OffscreenCanvas(element.videoWidth, element.videoHeight);
    canvas.getContext('2d')?.drawImage(element, 0, 0);
    const photo = await canvas.convertToBlob({ type: 'image/png' });
    onDone();
    await choosePhoto(photo, 'Photo from the camera');
  };

  const finish = async () => {
    if (!recording) return;
    try {
      const file = await recording.stop();
      onDone();
      await chooseClip(file, 'Recorded dance');
    } catch (error) {
      setProblem(problemOf(error));
    }
  };

  keep.current = recording ? () => void finish() : null;
  useEffect(
    () => () => {
      keep.current = null;
    },
    [keep],
  );

  return (
    <div className="camera">
      <div className="camera-view">
        <video ref={video} autoPlay muted playsInline aria-label="What the camera sees" />
        {count !== null && (
          <p className="countdown" role="status">
            {count}
          </p>
        )}
      </div>
      {problem && <ProblemMessage problem={problem} />}
      <div className="camera-actions">
        {problem && !camera && <Action icon="repeat" label="Try again" onClick={onRetry} />}
        {recording ? (
          <Action
            icon="stop"
            label="Stop recording"
            className="primary large"
            onClick={() => void finish()}
          />
        ) : (
          <Action
            icon={kind === 'photo' ? 'camera' : 'record'}
            label={kind === 'photo' ? 'Take the photo' : 'Start recording'}
            className="primary large"
            disabled={!camera || count !== null}
            onClick={() => setCount(COUNTDOWN_SECONDS)}
          />
        )}
      </div>
      <p className="note">
        {kind === 'photo' ? 'Step back until you are seen' : 'Stand so that you are seen'} from head to feet.
        A countdown of {COUNTDOWN_SECONDS} seconds gives you time. The picture stays on this device.
      </p>
    </div>
  );
}
