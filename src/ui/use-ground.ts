import { useEffect, useState } from 'react';
import { type PhotoChoice, useChoices } from '../state/choices.ts';
import { reelOf } from '../state/job.ts';
import { studio } from '../state/studio.ts';
import type { Film, Motion } from '../studio/index.ts';

/** The photo in the result's frame and before its background; null until the first one is there. */
export function useGround(photo: PhotoChoice, { framing, size }: Motion): OffscreenCanvas | null {
  const background = useChoices((choices) => choices.settings.background);
  const plainColour = useChoices((choices) => choices.settings.plainColour);
  const [ground, setGround] = useState<OffscreenCanvas | null>(null);

  useEffect(() => {
    let late = false;
    const show = (fresh: OffscreenCanvas) => late || setGround(fresh);
    studio.grounds
      .ground(photo, framing, size, { background, plainColour })
      // A fault is said when the dance is made; until then the photo as it is shows the fit as well.
      .catch(() => studio.grounds.ground(photo, framing, size, { background: 'photo', plainColour }))
      .then(show, () => undefined);
    return () => {
      late = true;
    };
  }, [photo, framing, size, background, plainColour]);

  return ground;
}

/** The photo in the frame of the film on the stage; null until it is there. */
export function useReelGround(film: Film): OffscreenCanvas | null {
  const [ground, setGround] = useState<OffscreenCanvas | null>(null);

  useEffect(() => {
    let late = false;
    setGround(null);
    const show = (fresh?: OffscreenCanvas) => late || setGround(fresh ?? null);
    // A photo that has gone from the store leaves its place empty; the film itself is still there.
    reelOf(film)
      ?.ground()
      .then(show, () => undefined);
    return () => {
      late = true;
    };
  }, [film]);

  return ground;
}
