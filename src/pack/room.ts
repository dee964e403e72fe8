import { NoRoomError } from './errors.ts';

/** Bytes that the browser would keep for this page beside what it keeps already; undefined where it does not tell. */
export async function roomLeft(): Promise<number | undefined> {
  const { quota, usage } = (await globalThis.navigator?.storage?.estimate?.()) ?? {};
  return quota === undefined || usage === undefined ? undefined : Math.max(0, quota - usage);
}

/** Before the first of these bytes is written. */
export async function expectRoom(what: string, bytes: number): Promise<void> {
  const left = await roomLeft();
  if (left !== undefined && left < bytes) throw new NoRoomError(what, bytes, left);
}
