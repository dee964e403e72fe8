import { type ReactNode, useState } from 'react';
import type { Problem } from '../state/problem.ts';
import { CameraSheet } from './CameraSheet.tsx';
import { Action, PickFile } from './controls.tsx';
import { ProblemMessage } from './Message.tsx';

interface SourceFootProps {
  readonly kind: 'photo' | 'clip';
  readonly pickLabel: string;
  readonly accept: string;
  readonly onPick: (file: File) => void;
  readonly problem: Problem | null;
  /** Missing where the problem goes with its cause only. */
  readonly onDismiss: (() => void) | undefined;
  readonly notes: readonly string[];
  /** A way out of the problem. */
  readonly mend?: ReactNode;
  /** Further ways to bring something. */
  readonly children?: ReactNode;
}

/** Below the photo and below the clip: what is wrong, what should be known, and where another one comes from. */
export function SourceFoot({
  kind,
  pickLabel,
  accept,
  onPick,
  problem,
  onDismiss,
  notes,
  mend,
  children,
}: SourceFootProps) {
  const [camera, setCamera] = useState(false);
  return (
    <>
      {problem && (
        <ProblemMessage problem={problem} {...(onDismiss && { onDismiss })}>
          {mend}
        </ProblemMessage>
      )}
      {notes.map((note) => (
        <p className="note" key={note}>
          {note}
        </p>
      ))}
      <div className="panel-foot">
        <PickFile
          label={pickLabel}
          icon={kind === 'photo' ? 'image' : 'folder'}
          accept={accept}
          onPick={([file]) => file && onPick(file)}
        />
        <Action
          icon={kind === 'photo' ? 'camera' : 'record'}
          label={kind === 'photo' ? 'Camera' : 'Record'}
          onClick={() => setCamera(true)}
        />
        {children}
      </div>
      <CameraSheet kind={kind} open={camera} onClose={() => setCamera(false)} />
    </>
  );
}
