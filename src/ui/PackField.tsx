import { useState } from 'react';
import { choosePack, DEFAULT_PACK, useChoices } from '../state/choices.ts';
import { allowOrigin, originOf } from '../state/consent.ts';
import { useImporting } from '../state/import-weights.ts';
import { Action, Field, PickFile } from './controls.tsx';
import { ImportWeights } from './ImportWeights.tsx';

/**
 * The model: the built-in one, or one from a folder, a zip, or, with the person's consent, another server; or one made
 * here from the person's own weights.
 */
export function PackField() {
  const pack = useChoices((choices) => choices.pack);
  const isImporting = useImporting(({ task, isDropped }) => task !== null || isDropped);
  const [asking, setAsking] = useState(isImporting);
  const isDefault = pack.name === DEFAULT_PACK.name;

  const takeFiles = (files: File[]) => {
    const [first] = files;
    if (!first) return;
    const zip = files.length === 1 && first.name.toLowerCase().endsWith('.zip');
    const name = zip ? first.name : (first.webkitRelativePath.split('/')[0] ?? first.name);
    choosePack({
      ...DEFAULT_PACK,
      name,
      source: zip ? { kind: 'zip', file: first } : { kind: 'files', files },
    });
  };

  return (
    <>
      <Field label="Model" hint={isDefault ? 'The built-in one.' : `Now: ${pack.name}`}>
        {!isDefault && <Action label="Built-in" onClick={() => choosePack(DEFAULT_PACK)} />}
        <Action label="Another…" onClick={() => setAsking(!asking)} />
      </Field>
      {asking && (
        <div className="pack-choice">
          <PickFile label="From a folder" icon="folder" accept="" directory onPick={takeFiles} />
          <PickFile label="From a zip" icon="folder" accept=".zip" onPick={takeFiles} />
          <PackAddress />
          <ImportWeights />
        </div>
      )}
    </>
  );
}

function PackAddress() {
  const [address, setAddress] = useState('');
  const origin = originOf(address);

  const use = async () => {
    if (origin === null) return;
    await allowOrigin(origin);
    choosePack({ ...DEFAULT_PACK, name: address, source: { kind: 'url', url: address } });
  };

  return (
    <div className="pack-address">
      <input
        type="url"
        className="input"
        aria-label="Address of a model pack"
        placeholder="https://example.org/pack/"
        value={address}
        onChange={(event) => setAddress(event.target.value)}
      />
      {origin !== null && (
        <>
          <p className="note">
            The model would be fetched from {origin}, which then learns this device’s address. Your photo,
            clip and result stay here.
          </p>
          <Action label={`Allow ${origin} and use it`} onClick={() => void use()} />
        </>
      )}
    </div>
  );
}
