/** The studio's live session: apart from the rest, since few start with it. */
import type { Reference } from '../engine/api.ts';
import { type LiveListener, type LiveOptions, type LiveParts, LiveSession } from '../live/index.ts';
import type { Studio } from './studio.ts';

export interface LiveWishes {
  readonly signal: AbortSignal;
  /** Frames are put together from the photo, where the pack can. */
  readonly layers: boolean;
  /** Who looks for the person: a detector for videos, of this session alone. */
  readonly follow: LiveParts['follow'];
  /** Reads the pack; false where the session was given another reference meanwhile. */
  prepare(): Promise<boolean>;
  onReady(): void;
}

let references = 0;

/** A session over the studio's engine, ready to run over a camera's frames. The references' images stay the caller's. */
export function liveSession(
  { door, grounds }: Studio,
  options: LiveOptions,
  { signal, layers, follow, prepare, onReady }: LiveWishes,
  listener: LiveListener,
): LiveSession {
  const hasMover = () => door.info?.manifest.mover !== undefined;
  // No look of a film: what the engine is given here is never what it had before.
  const give = ({ image, pose }: Reference) =>
    door.give(
      `live ${++references}`,
      async () => [
        {
          image: await createImageBitmap(image),
          pose,
          ...(hasMover() && (await grounds.outline(image, pose))),
        },
      ],
      signal,
    );
  const ready = async () => {
    if (await prepare()) await give(options.reference);
    signal.throwIfAborted();
    onReady();
  };
  const readied = ready();
  // A session that ends before it was ready asks no more.
  readied.catch(() => undefined);
  return new LiveSession(
    {
      ready: readied,
      follow,
      isLayered: () => layers && hasMover(),
      paint: (body, each) => door.engine.renderFrame(body, each),
      setReference: give,
    },
    options,
    listener,
  );
}
