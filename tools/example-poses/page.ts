/** Looks for the people of the built-in examples, as the app does with any photo and clip. */
import { useChoices } from '../../src/state/choices.ts';
import { chooseClip, setFirstTrim } from '../../src/state/choose-clip.ts';
import { choosePhoto } from '../../src/state/choose-photo.ts';
import type { ExamplePoses } from '../../src/state/examples.ts';
import { type StoredPose, storePose, storeSighting } from '../../src/state/stored-poses.ts';

/** A tenth of a pixel, and a hundredth of a score, are finer than what is found. */
const rounded = ({ joints, ...size }: StoredPose): StoredPose => ({
  ...size,
  joints: joints.map((value, i) =>
    i % 3 === 2 ? Math.round(value * 100) / 100 : Math.round(value * 10) / 10,
  ),
});

export const finder = {
  async photo(url: string): Promise<ExamplePoses> {
    const found = await choosePhoto(await fetchBlob(url), url);
    const { photos, photoProblem } = useChoices.getState();
    if (!found || !photos[0]) throw new Error(photoProblem?.message);
    return { of: photos[0].id, people: photos[0].people.map(storePose).map(rounded) };
  },

  async clip(url: string): Promise<ExamplePoses> {
    setFirstTrim({ start: 0, end: Number.POSITIVE_INFINITY });
    const found = await chooseClip(await fetchBlob(url), url);
    const { clip, clipProblem } = useChoices.getState();
    if (!found || !clip) throw new Error(clipProblem?.message);
    const sightings = clip.sightings.map(storeSighting).map(({ time, people }) => ({
      time: Math.round(time * 1e6) / 1e6,
      people: people.map(rounded),
    }));
    return { of: clip.id, sightings };
  },
};

const fetchBlob = async (url: string) => (await fetch(url)).blob();

declare global {
  interface Window {
    finder: typeof finder;
  }
}
window.finder = finder;
