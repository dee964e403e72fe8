import { takeUpdate, useUpdates } from '../state/updates.ts';

/** Quiet: whoever is in the middle of something goes on, and nothing of theirs changes until they say so. */
export function UpdateNotice() {
  const isWaiting = useUpdates((updates) => updates.isWaiting);
  return (
    <div className="update-notice" role="status">
      {isWaiting && (
        <>
          <span>A new version is here.</span>
          <button type="button" className="button quiet" onClick={takeUpdate}>
            Reload
          </button>
        </>
      )}
    </div>
  );
}
