import { goLive } from '../../state/live.ts';
import { PickFile } from '../controls.tsx';

/** A clip in the camera's place. */
export function PickClip({ label }: { label: string }) {
  return (
    <PickFile
      label={label}
      icon="play"
      accept="video/*,.mkv"
      onPick={([file]) => file && void goLive({ file, name: file.name })}
    />
  );
}
