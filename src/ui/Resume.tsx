import { goOn, letGo, useEarlier } from '../state/session.ts';
import { Action } from './controls.tsx';
import { frames } from './words.ts';

/** After a reload: the work that was there, offered and not forced. */
export function Resume() {
  const { offer, restoring } = useEarlier();
  if (!offer) return null;
  const finished = offer.done >= offer.total;
  return (
    <div className="resume" role="status">
      <p>
        {finished
          ? `Your last dance is still here: ${frames(offer.total)}.`
          : `Your last dance stopped after ${offer.done} of ${frames(offer.total)}.`}
      </p>
      <div className="resume-actions">
        <Action
          icon="play"
          label={restoring ? 'Getting it…' : finished ? 'Show it again' : 'Go on with it'}
          disabled={restoring}
          onClick={() => void goOn()}
        />
        <Action label="Let it go" className="quiet" onClick={() => void letGo()} />
      </div>
    </div>
  );
}
