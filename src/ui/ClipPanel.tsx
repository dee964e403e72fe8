import { useState } from 'react';
import { useChoices } from '../state/choices.ts';
import { chooseClip, dismissClipProblem } from '../state/choose-clip.ts';
import { playPreview, useMotion, usePreview } from '../state/preview.ts';
import { CameraSheet } from './CameraSheet.tsx';
import { ClipView, FitView, PosesAlone } from './ClipView.tsx';
import { Action, PickFile, Segmented } from './controls.tsx';
import { ExampleClips } from './Examples.tsx';
import { FitOptions } from './FitOptions.tsx';
import { ProblemMessage } from './Message.tsx';
import { TaskLine } from './TaskLine.tsx';

const ACCEPT = 'video/*,.mkv,.mov,.mp4,.m4v,.webm';

type View = 'clip' | 'fit';

export function ClipPanel() {
  const { clip, clipTask, clipProblem, photos, poses } = useChoices();
  const { motion, problem } = useMotion();
  const playing = usePreview((preview) => preview.playing);
  const [camera, setCamera] = useState(false);
  const [view, setView] = useState<View>('clip');
  const showsFit = view === 'fit' && motion !== null && photos[0] !== undefined;

  return (
    <section className="panel clip" aria-labelledby="clip-title">
      <header className="panel-head">
        <h2 id="clip-title">Dance</h2>
        {clip && (
          <div className="panel-tools">
            {motion && (
              <Segmented<View>
                label="What to look at"
                value={view}
                options={[
                  ['clip', 'Clip'],
                  ['fit', 'On the photo'],
                ]}
                onChange={setView}
              />
            )}
            <Action
              icon={playing ? 'pause' : 'play'}
              label={playing ? 'Pause the clip' : 'Play the clip'}
              iconOnly
              className="quiet"
              onClick={() => playPreview(!playing)}
            />
          </div>
        )}
      </header>
      <div className="view">
        {clip ? (
          <>
            <ClipView key={clip.id} clip={clip} hidden={showsFit} />
            {showsFit && photos[0] && <FitView photo={photos[0]} motion={motion} />}
          </>
        ) : poses && photos[0] && motion ? (
          <PosesAlone photo={photos[0]} motion={motion} />
        ) : poses ? (
          <div className="empty">
            <p className="lead">Poses of {poses.name}</p>
            <p>Choose who dances, and see them on the photo. A clip would bring its sound.</p>
          </div>
        ) : (
          <div className="empty">
            <p className="lead">Which dance?</p>
            <p>Drop a clip of one person moving, or take one of these:</p>
            <ExampleClips />
          </div>
        )}
        {clipTask && <TaskLine task={clipTask} />}
      </div>
      {clipProblem && <ProblemMessage problem={clipProblem} onDismiss={dismissClipProblem} />}
      {!clipProblem && problem && <ProblemMessage problem={problem} />}
      {[...(clip?.clip.info.notes ?? []), ...(motion?.warnings ?? [])].map((note) => (
        <p className="note" key={note}>
          {note}
        </p>
      ))}
      <div className="panel-foot">
        <PickFile
          label={clip ? 'Another clip' : 'Choose a clip'}
          icon="folder"
          accept={ACCEPT}
          onPick={(files) => files[0] && void chooseClip(files[0], files[0].name)}
        />
        <Action icon="record" label="Record" onClick={() => setCamera(true)} />
      </div>
      {poses && !clip && (
        <div className="panel-foot">
          <FitOptions />
        </div>
      )}
      <CameraSheet kind="clip" open={camera} onClose={() => setCamera(false)} />
    </section>
  );
}
