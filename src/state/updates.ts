/** The page's side of its service worker: a new version that waits to be taken, and what is there without a network. */
import { create } from 'zustand';

interface Updates {
  /** A new version is on the device, and comes with the next reload. */
  readonly isWaiting: boolean;
}

export const useUpdates = create<Updates>(() => ({ isWaiting: false }));

/** A tab that stays open for days asks now and then. */
const ASK_AGAIN_MS = 60 * 60 * 1000;

let registration: ServiceWorkerRegistration | undefined;

/** The service worker that serves the page offline and isolates it; a development server has none. */
export function serveOffline(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  navigator.serviceWorker
    .register(new URL('service-worker.js', document.baseURI))
    .then(watch)
    // Without it (a private window, an insecure host) the page works online, as before.
    .catch(() => undefined);
}

function watch(registered: ServiceWorkerRegistration): void {
  registration = registered;
  const look = () => useUpdates.setState({ isWaiting: registered.waiting !== null && isServed() });
  look();
  registered.addEventListener('updatefound', () => {
    registered.installing?.addEventListener('statechange', look);
  });
  // Taken in another tab: here it comes with the next reload, too.
  let askedAt = performance.now();
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || performance.now() - askedAt < ASK_AGAIN_MS) return;
    askedAt = performance.now();
    registered.update().catch(() => undefined);
  });
}

/** On the very first visit the worker that waits is no new version. */
const isServed = () => navigator.serviceWorker.controller !== null;

/** Has this tab begin anew with the version that waits; the others go on with theirs. */
export function takeUpdate(): void {
  const waiting = registration?.waiting;
  if (!waiting) {
    location.reload();
    return;
  }
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting.postMessage('take over');
}

/** Paths of this version's files, and of those that are not on the device. */
interface Kept {
  readonly all: readonly string[];
  readonly missing: readonly string[];
}

/** What this version has not on the device yet; undefined where no service worker keeps anything. */
export async function missingOffline(): Promise<readonly string[] | undefined> {
  const controller = navigator.serviceWorker?.controller;
  if (!controller) return undefined;
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise<Kept | undefined>((resolve) => {
    port1.onmessage = ({ data }) => resolve(data);
    setTimeout(() => resolve(undefined), 5000);
  });
  controller.postMessage('what is missing', [port2]);
  const kept = await answer;
  port1.close();
  return kept && inWords(kept);
}

/** In words for people: the files of one kind are one thing to them. */
export function inWords({ all, missing }: Kept): readonly string[] {
  const has = (pattern: RegExp) => missing.some((path) => pattern.test(path));
  // Each device needs one of them.
  const isRuntime = (path: string) => /^assets\/ort-.*\.wasm$/.test(path);
  const runtimes = all.filter(isRuntime);
  return [
    ...(has(/^examples\//) ? ['some of the examples'] : []),
    ...(has(/^pose\/(wasm\/|.*_full)/) ? ['finding people in photos and clips'] : []),
    ...(has(/^pose\/.*_lite/) ? ['finding people before the camera'] : []),
    ...(runtimes.every((path) => missing.includes(path)) ? ['what runs the model'] : []),
  ];
}
