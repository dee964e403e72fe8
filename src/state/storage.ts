/** The page's own folder in the origin's private file system; packs are cached beside it by the pack room. */
const ROOT = 'studio';

export async function folder(...path: string[]): Promise<FileSystemDirectoryHandle> {
  let directory = await navigator.storage.getDirectory();
  for (const name of [ROOT, ...path]) directory = await directory.getDirectoryHandle(name, { create: true });
  return directory;
}

export async function writeFile(directory: FileSystemDirectoryHandle, name: string, content: Blob | string) {
  const handle = await directory.getFileHandle(name, { create: true });
  const stream = await handle.createWritable();
  try {
    await stream.write(content);
    await stream.close();
  } catch (error) {
    await stream.abort().catch(() => undefined);
    throw error;
  }
}

export async function readFile(directory: FileSystemDirectoryHandle, name: string): Promise<File | null> {
  try {
    return await (await directory.getFileHandle(name)).getFile();
  } catch {
    return null;
  }
}

export async function removeQuietly(directory: FileSystemDirectoryHandle, name: string): Promise<void> {
  // What is not there need not be removed; what is in use goes at the next start.
  await directory.removeEntry(name, { recursive: true }).catch(() => undefined);
}

export async function storedBytes(): Promise<number> {
  return (await navigator.storage?.estimate?.())?.usage ?? 0;
}

/** Everything this page has ever stored: files, caches, settings, and the service worker that serves it offline. */
export async function forgetEverything(): Promise<void> {
  const root = await navigator.storage.getDirectory().catch(() => null);
  if (root) {
    const names: string[] = [];
    for await (const name of root.keys()) names.push(name);
    for (const name of names) await removeQuietly(root, name);
  }
  for (const name of await caches.keys()) await caches.delete(name);
  for (const database of (await indexedDB.databases?.()) ?? []) {
    if (database.name) indexedDB.deleteDatabase(database.name);
  }
  localStorage.clear();
  sessionStorage.clear();
  for (const registration of (await navigator.serviceWorker?.getRegistrations()) ?? []) {
    await registration.unregister();
  }
}
