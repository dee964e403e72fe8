import { useState } from 'react';
import { useChoices } from '../state/choices.ts';
import { chooseClip, dismissClipProblem } from '../state/choose-clip.ts';
import { playPreview, useMotion, usePreview } from '../state/preview.ts';
import { ClipView, FitView, PosesAlone } from './ClipView.tsx';
import { Action, Segmented } from './controls.tsx';
import { ExampleClips } from './Examples.tsx';
import { FitOptions } from './FitOptions.tsx';
import { SourceFoot } from './SourceFoot.tsx';
import { TaskLine } from './TaskLine.tsx';

const ACCEPT = 'video/*,.mkv,.mov,.mp4,.m4v,.webm';

type View = 'clip' | 'fit';

export function ClipPanel() {
  const { clip, clipTask, clipProblem, photos, poses } = useChoices();
  const { motion, problem, isPhotos } = useMotion();
  const playing = usePreview((preview) => preview.playing);
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
      <SourceFoot
        kind="clip"
        pickLabel={clip ? 'Another clip' : 'Choose a clip'}
        accept={ACCEPT}
        onPick={(file) => void chooseClip(file, file.name)}
        problem={clipProblem ?? (isPhotos ? null : problem)}
        onDismiss={clipProblem ? dismissClipProblem : undefined}
        notes={[...(clip?.clip.info.notes ?? []), ...(motion?.warnings ?? [])]}
      />
      {poses && !clip && (
        <div className="panel-foot">
          <FitOptions />
        </div>
      )}
    </section>
  );
}
