import {
  chooseExampleClip,
  chooseExamplePhoto,
  type Example,
  exampleUrl,
  useExamples,
} from '../state/examples.ts';

export function ExamplePhotos() {
  const photos = useExamples((examples) => examples.photos);
  return <Choice label="Example people" examples={photos} onChoose={chooseExamplePhoto} />;
}

export function ExampleClips() {
  const clips = useExamples((examples) => examples.clips);
  return <Choice label="Example dances" examples={clips} onChoose={chooseExampleClip} />;
}

interface ChoiceProps {
  readonly label: string;
  readonly examples: readonly Example[];
  readonly onChoose: (example: Example) => Promise<boolean>;
}

function Choice({ label, examples, onChoose }: ChoiceProps) {
  return (
    <ul className="examples" aria-label={label}>
      {examples.map((example) => (
        <li key={example.file}>
          <button type="button" className="example" onClick={() => void onChoose(example)}>
            <img src={exampleUrl(example.poster ?? example.file)} alt="" width="88" height="88" />
            <span>{example.title}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
