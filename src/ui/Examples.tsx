import {
  chooseExampleClip,
  chooseExamplePhoto,
  type Example,
  exampleUrl,
  useExamples,
} from '../state/examples.ts';

export function ExamplePhotos() {
  const photos = useExamples((examples) => examples.photos);
  return <Choice label="Example people" kind="people" examples={photos} onChoose={chooseExamplePhoto} />;
}

export function ExampleClips() {
  const clips = useExamples((examples) => examples.clips);
  return <Choice label="Example dances" kind="dances" examples={clips} onChoose={chooseExampleClip} />;
}

/** Before anybody presses: what comes of a photo and a dance, made by the built-in model. */
export function ExampleLoops() {
  const { photos, loops } = useExamples();
  if (loops.length === 0) return <ExampleDuet />;
  const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  return (
    <ul className="loops" aria-label="What Pirouette makes of a photo and a dance">
      {loops.map(({ photo, file }) => {
        const source = photos.find(({ id }) => id === photo);
        const still = source && exampleUrl(source.file);
        return (
          <li key={file}>
            <video
              src={exampleUrl(file)}
              poster={still}
              width="256"
              height="256"
              muted
              loop
              playsInline
              autoPlay={!isCalm}
              controls={isCalm}
              aria-label={`${source?.title ?? photo}, dancing`}
            />
            {still && <img src={still} alt={`${source.title}, as they were`} width="56" height="56" />}
          </li>
        );
      })}
    </ul>
  );
}

/** A build without loops shows who dances what in the example. */
function ExampleDuet() {
  const photo = useExamples((examples) => examples.photos[0]);
  const clip = useExamples((examples) => examples.clips[0]);
  return (
    <div className="duet" aria-hidden="true">
      {photo && clip && (
        <>
          <img src={exampleUrl(photo.file)} alt="" width="120" height="160" />
          <span>+</span>
          <img src={exampleUrl(clip.poster ?? clip.file)} alt="" width="120" height="160" />
        </>
      )}
    </div>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly kind: 'people' | 'dances';
  readonly examples: readonly Example[];
  readonly onChoose: (example: Example) => Promise<boolean>;
}

function Choice({ label, kind, examples, onChoose }: ChoiceProps) {
  return (
    <ul className={`examples ${kind}`} aria-label={label}>
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
