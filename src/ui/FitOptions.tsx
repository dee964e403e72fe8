import { changeSettings, useChoices } from '../state/choices.ts';
import { Action, Segmented } from './controls.tsx';

/** How the clip's motion is put on the photo's person. */
export function FitOptions() {
  const { fit, mirror } = useChoices((choices) => choices.settings);
  return (
    <>
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
