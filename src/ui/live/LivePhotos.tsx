import { useChoices } from '../../state/choices.ts';
import { choosePhoto, dismissPhotoProblem } from '../../state/choose-photo.ts';
import { PickFile } from '../controls.tsx';
import { ExamplePhotos } from '../Examples.tsx';
import { ProblemMessage } from '../Message.tsx';
import { Picture } from '../Picture.tsx';

/** Who is moved; another one can be chosen at any time. */
export function LivePhotos() {
  const { photos, photoTask, photoProblem } = useChoices();
  const [photo] = photos;
  return (
    <section className="live-photos" aria-label="Photo">
      <h3>Who moves</h3>
      <div className="live-row">
        {photo && (
          <div className="live-photo">
            <Picture image={photo.image} label={`The photo ${photo.name}`} />
          </div>
        )}
        <ExamplePhotos />
      </div>
      <div className="live-row">
        <PickFile
          label="Another photo"
          icon="image"
          accept="image/png,image/jpeg,image/webp,image/avif,image/gif,image/bmp"
          onPick={([file]) => file && void choosePhoto(file, file.name)}
        />
        {photoTask && (
          <p className="note" role="status">
            {photoTask.label}
          </p>
        )}
      </div>
      {photoProblem && <ProblemMessage problem={photoProblem} onDismiss={dismissPhotoProblem} />}
    </section>
  );
}
