import { forgetTemporaryFiles } from '../media/byte-sink.ts';
import { studio } from './studio.ts';

export async function storedBytes(): Promise<number> {
  return (await navigator.storage?.estimate?.())?.usage ?? 0;
}

/** Held by every open tab: only where no other one is, nobody still shows what is cleared away. */
const TAB = 'pirouette-tab';

/** Clears away large results that were never saved, and what older versions of the app kept and this one cannot read. */
export async function tidyUp(): Promise<void> {
  const { locks } = studio.store;
  const alone = await locks.tryHold(TAB);
  if (alone) {
    await forgetTemporaryFiles().catch(() => undefined);
    const directory = await navigator.storage?.getDirectory?.().catch(() => undefined);
    const before = await directory?.getDirectoryHandle('studio').catch(() => undefined);
    for (const name of ['frames', 'session'])
      await before?.removeEntry(name, { recursive: true }).catch(() => undefined);
    alone();
  }
  await locks.hold(TAB, 'shared');
}

/** Everything this page has ever stored: files, caches, settings, and the service worker that serves it offline. */
export async function forgetEverything(): Promise<void> {
  const root = await navigator.storage?.getDirectory?.().catch(() => null);
  if (root) {
    const names: string[] = [];
    for await (const name of root.keys()) names.push(name);
    // What is in use goes at another time.
    for (const name of names) await root.removeEntry(name, { recursive: true }).catch(() => undefined);
  }
  // On plain http there are no caches.
  for (const name of (await globalThis.caches?.keys()) ?? []) await caches.delete(name);
  for (const database of (await indexedDB.databases?.()) ?? []) {
    if (database.name) indexedDB.deleteDatabase(database.name);
  }
  localStorage.clear();
  sessionStorage.clear();
  for (const registration of (await navigator.serviceWorker?.getRegistrations()) ?? []) {
    await registration.unregister();
  }
}
