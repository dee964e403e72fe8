import { useEffect, useState } from 'react';
import { frameGround } from '../state/background.ts';
import { type PhotoChoice, useChoices } from '../state/choices.ts';
import type { Motion } from '../state/plan.ts';

/** The photo in the result's frame and before its background; null until the first one is there. */
export function useGround(photo: PhotoChoice, { framing, size }: Motion): OffscreenCanvas | null {
  const background = useChoices((choices) => choices.settings.background);
  const plainColour = useChoices((choices) => choices.settings.plainColour);
  const [ground, setGround] = useState<OffscreenCanvas | null>(null);

  useEffect(() => {
    let late = false;
    const show = (fresh: OffscreenCanvas) => late || setGround(fresh);
    frameGround(photo, framing, size, { background, plainColour })
      // A fault is said when the dance is made; until then the photo as it is shows the fit as well.
      .catch(() => frameGround(photo, framing, size, { background: 'photo', plainColour }))
      .then(show, () => undefined);
    return () => {
      late = true;
    };
  }, [photo, framing, size, background, plainColour]);

  return ground;
}
