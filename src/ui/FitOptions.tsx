import { changeSettings, useChoices } from '../state/choices.ts';
import { forgetPoses, savePoses } from '../state/choose-clip.ts';
import { Action, Segmented } from './controls.tsx';

/** How the clip's motion is put on the photo's person. */
export function FitOptions() {
  const { fit, mirror } = useChoices((choices) => choices.settings);
  const poses = useChoices((choices) => choices.poses);
  return (
    <>
      {poses ? (
        <Action
          icon="close"
          label={`Poses of ${poses.name}`}
          className="quiet"
          onClick={() => void forgetPoses()}
        />
      ) : (
        <Action
          icon="download"
          label="Save the poses as JSON"
          iconOnly
          className="quiet"
          onClick={() => void savePoses()}
        />
      )}
      <Action
        icon="mirror"
        label="Mirror"
        iconOnly
        className="quiet"
        pressed={mirror}
        onClick={() => changeSettings({ mirror: !mirror })}
      />
      <Segmented
        label="How the dance is placed"
        value={fit}
        options={[
          ['fitted', 'Fitted'],
          ['asFilmed', 'As filmed'],
        ]}
        onChange={(chosen) => changeSettings({ fit: chosen })}
      />
    </>
  );
}
