import { useEffect } from 'react';
import { chosenFiles } from '../client/import.ts';
import { type Task, useChoices } from '../state/choices.ts';
import {
  cancelImport,
  chooseImported,
  dismissImport,
  forgetImported,
  lookForImported,
  startImport,
  storeInHalf,
  useImporting,
} from '../state/import-weights.ts';
import { Action, PickFile, Switch } from './controls.tsx';
import { Notice, ProblemMessage } from './Message.tsx';
import { bytes } from './words.ts';

const ENDINGS = '.safetensors,.ckpt,.pth,.pt,.bin,.json';

/** Weights as they are published become a model here: chosen, exported in a worker, kept, and used. */
export function ImportWeights() {
  const { task, problem, notes, kept, inHalf } = useImporting();

  useEffect(() => {
    void lookForImported();
  }, []);

  return (
    <section className="import-weights" aria-labelledby="import-title">
      <h3 id="import-title">Your own weights</h3>
      <p className="note">
        Of Stable Diffusion’s family, trained for Pirouette’s way of looking at the photo: a checkpoint with
        its pose encoder, or a folder of them. They are turned into a model on this device. Use them only as
        their licence allows.
      </p>
      {task ? (
        <div className="import-task">
          <ImportProgress task={task} />
          <Action icon="close" label="Cancel the import" onClick={cancelImport} />
        </div>
      ) : (
        <div className="import-ways">
          <PickFile
            label="Weights’ files"
            icon="upload"
            accept={ENDINGS}
            multiple
            onPick={(files) => void startImport(chosenFiles(files))}
          />
          <PickFile
            label="Weights’ folder"
            icon="folder"
            accept=""
            directory
            onPick={(files) => void startImport(chosenFiles(files))}
          />
          <Switch label="Half the size, slightly less exact" checked={inHalf} onChange={storeInHalf} />
        </div>
      )}
      {problem && <ProblemMessage problem={problem} onDismiss={dismissImport} />}
      {notes.length > 0 && (
        <Notice what="The model is made, and in use from now on." remedy={notes.join(' ')} />
      )}
      {kept && kept.length > 0 && <Kept />}
    </section>
  );
}

function ImportProgress({ task }: { task: Task }) {
  const percent = task.share === null ? null : Math.round(task.share * 100);
  return (
    <div className="import-progress" role="status">
      <span>
        {task.label}
        {percent !== null && `, ${percent}%`}
      </span>
      <div className={`bar ${percent === null ? 'unknown' : ''}`} aria-hidden="true">
        <i style={{ width: percent === null ? '35%' : `${percent}%` }} />
      </div>
    </div>
  );
}

function Kept() {
  const kept = useImporting((importing) => importing.kept ?? []);
  const source = useChoices((choices) => choices.pack.source);

  return (
    <ul className="kept-packs" aria-label="Models made from your weights">
      {kept.map((pack) => {
        const inUse = source.kind === 'imported' && source.id === pack.id;
        return (
          <li key={pack.id}>
            <span className="kept-name">
              {pack.name}
              <span className="note">
                {bytes(pack.bytes)}, licence {pack.licence}
              </span>
            </span>
            <Action label={inUse ? 'In use' : 'Use'} disabled={inUse} onClick={() => chooseImported(pack)} />
            <Action
              icon="trash"
              iconOnly
              className="quiet"
              label={`Remove ${pack.name}`}
              onClick={() => void forgetImported(pack)}
            />
          </li>
        );
      })}
    </ul>
  );
}
