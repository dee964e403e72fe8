import { useState } from 'react';
import { type PhotoChoice, useChoices } from '../state/choices.ts';
import {
  choosePhoto,
  choosePhotoPerson,
  correctPose,
  dismissPhotoProblem,
  placeByHand,
  removePhoto,
  resetJoints,
  withJoint,
} from '../state/choose-photo.ts';
import { useDraft, useMotion } from '../state/preview.ts';
import { Action, PickFile } from './controls.tsx';
import { ExamplePhotos } from './Examples.tsx';
import { JointEditor } from './JointEditor.tsx';
import { Picture } from './Picture.tsx';
import { Overlay, SkeletonLines } from './Skeleton.tsx';
import { SourceFoot } from './SourceFoot.tsx';
import { TaskLine } from './TaskLine.tsx';

const ACCEPT = 'image/png,image/jpeg,image/webp,image/avif,image/gif,image/bmp';

const EDITING_NOTE = 'Drag each joint to its place. One that the photo does not show is dragged out of it.';

export function PhotoPanel() {
  const { photos, photoTask, photoProblem, unseenPhoto } = useChoices();
  const { problem, isPhotos } = useMotion();
  /** The photo whose joints are corrected: another one begins uncorrected. */
  const [edited, setEdited] = useState<string | null>(null);
  const [photo, ...more] = photos;
  const editing = photo !== undefined && edited === photo.id;

  return (
    <section className="panel photo" aria-labelledby="photo-title">
      <header className="panel-head">
        <h2 id="photo-title">Photo</h2>
        {photo && (
          <div className="panel-tools">
            <Action
              icon="skeleton"
              label={editing ? 'Done correcting joints' : 'Correct the joints'}
              iconOnly
              className="quiet"
              pressed={editing}
              onClick={() => setEdited(editing ? null : photo.id)}
            />
            {photo.corrected && (
              <Action
                icon="reset"
                label="Joints as found"
                iconOnly
                className="quiet"
                onClick={() => resetJoints(photo.id)}
              />
            )}
          </div>
        )}
      </header>
      <div className="view">
        {photo ? (
          <PhotoView photo={photo} editing={editing} />
        ) : (
          <div className="empty">
            <p className="lead">Who dances?</p>
            <p>Drop or paste a photo of one person, or take someone from here:</p>
            <ExamplePhotos />
            <p className="note">Yourself, your own characters, or somebody who said yes.</p>
          </div>
        )}
        {photoTask && <TaskLine task={photoTask} />}
      </div>
      <SourceFoot
        kind="photo"
        pickLabel={photo ? 'Another photo' : 'Choose a photo'}
        accept={ACCEPT}
        onPick={(file) => void choosePhoto(file, file.name)}
        problem={photoProblem ?? (isPhotos ? problem : null)}
        onDismiss={photoProblem ? dismissPhotoProblem : undefined}
        mend={
          unseenPhoto && (
            <Action
              icon="skeleton"
              label="Place the joints by hand"
              onClick={() => {
                placeByHand();
                setEdited(unseenPhoto.photo.id);
              }}
            />
          )
        }
        notes={[...(editing ? [EDITING_NOTE] : []), ...(photo?.notes ?? [])]}
      >
        {photo && (
          <PickFile
            label="Add a second photo of the same person"
            icon="plus"
            accept={ACCEPT}
            iconOnly
            onPick={(files) => files[0] && void choosePhoto(files[0], files[0].name, 'more')}
          />
        )}
      </SourceFoot>
      {more.length > 0 && (
        <ul className="more-photos" aria-label="More photos of the same person">
          {more.map((other) => (
            <li key={other.id}>
              <Picture image={other.image} label={other.name} />
              <Action
                icon="close"
                label={`Remove ${other.name}`}
                iconOnly
                className="quiet"
                onClick={() => removePhoto(other.id)}
              />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function PhotoView({ photo, editing }: { photo: PhotoChoice; editing: boolean }) {
  const draft = useDraft((state) => state.draft);
  const pose = draft?.photo === photo.id ? draft.pose : photo.pose;
  return (
    <>
      <Picture image={photo.image} label={`The photo ${photo.name}`} />
      <Overlay width={pose.width} height={pose.height}>
        {photo.people.map(
          (person, index) => index !== photo.person && <SkeletonLines key={index} pose={person} faint />,
        )}
        <SkeletonLines pose={pose} />
      </Overlay>
      {editing && (
        <JointEditor
          pose={pose}
          onMove={(joint, x, y) =>
            useDraft.setState({ draft: { photo: photo.id, pose: withJoint(pose, joint, x, y) } })
          }
          onRest={() => {
            const { draft: moved } = useDraft.getState();
            useDraft.setState({ draft: null });
            if (moved?.photo === photo.id) correctPose(photo.id, moved.pose);
          }}
        />
      )}
      {photo.people.length > 1 && (
        <div className="view-note">
          <span>{photo.people.length} people</span>
          <Action
            label="The next one"
            className="quiet"
            onClick={() => choosePhotoPerson(photo.id, (photo.person + 1) % photo.people.length)}
          />
        </div>
      )}
    </>
  );
}
