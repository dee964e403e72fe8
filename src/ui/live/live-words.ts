/** What the live screen says about itself, in sentences. */
import type { LiveFigures, Pace } from '../../live/index.ts';
import type { Live } from '../../state/live.ts';

export interface Status {
  readonly what: string;
  /** A way on, where there is something to do. */
  readonly remedy?: string;
}

type Seen = Pick<
  Live,
  | 'isHidden'
  | 'isPersonThere'
  | 'calibration'
  | 'people'
  | 'restarted'
  | 'hasPicture'
  | 'source'
  | 'isResting'
>;

/** In a word, what the session is doing. */
export function badgeWord(live: Seen & Pick<Live, 'phase'>): string {
  if (live.phase === 'starting') return 'Starting';
  if (live.isHidden) return 'Paused';
  if (!live.isPersonThere || !live.hasPicture) return 'Waiting';
  return live.isResting ? 'Holding still' : 'Live';
}

/** The one thing that matters most now; null when all is well and nothing needs to be said. */
export function statusOf(live: Seen): Status | null {
  const camera = live.source === 'camera';
  if (live.isHidden) return { what: 'Paused while the page is hidden.' };
  if (live.restarted === 'engine')
    return { what: 'The engine stopped and was started again. It goes on by itself.' };
  if (live.restarted === 'pose') return { what: 'The search for poses stopped and was started again.' };
  if (!live.isPersonThere) {
    return camera
      ? {
          what: 'Nobody is in view.',
          remedy: 'Step back until you are seen from head to knees, in good light.',
        }
      : {
          what: 'Nobody is seen in this part of the clip.',
          remedy: 'Wait a moment, or choose another clip.',
        };
  }
  if (live.calibration < 1) {
    return {
      what: camera ? 'Getting to know your proportions.' : 'Getting to know the dancer’s proportions.',
      ...(camera && { remedy: 'Stand upright for a second.' }),
    };
  }
  if (live.people > 1) {
    return {
      what: 'There are two people in view.',
      remedy:
        'The bright one is followed. Press on the other one in the small picture, or on the button under it.',
    };
  }
  if (live.hasPicture && live.isResting) return { what: 'This frame stands until you move.' };
  return null;
}

export function paceWords({ size, evaluations, holds }: Pace, frameRate: number): string {
  const work = `${size.width} × ${size.height}, ${evaluations} step${evaluations === 1 ? '' : 's'}`;
  return holds
    ? `${work}: as fine as ${frameRate} a second allow.`
    : `${work}: the least there is, and still too much here for ${frameRate} a second.`;
}

export function figuresWords({ framesPerSecond, latencyMs }: LiveFigures): string {
  const rate = framesPerSecond < 10 ? framesPerSecond.toFixed(1) : String(Math.round(framesPerSecond));
  const delay =
    latencyMs < 950 ? `${Math.round(latencyMs / 10) * 10} ms` : `${(latencyMs / 1000).toFixed(1)} s`;
  return `${rate} frames a second, ${delay} behind you`;
}
