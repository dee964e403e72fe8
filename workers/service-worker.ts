/**
 * Serves the page offline, and gives it the headers that its host cannot.
 *
 * A version is whole or it is not there: page, scripts, styles and examples of one build lie in one cache of their own,
 * and the page comes from it. A new version waits until every tab of the old one is closed, or until somebody takes it;
 * then it goes on serving the old one's files to the tabs that still need them. What is large and not always needed
 * (runtimes, pose models) is kept when it is first fetched. Packs keep themselves, file by file; only their small
 * pack.json is kept here.
 */
const worker = self as unknown as ServiceWorkerGlobalScope;

/** Both are filled in by the build: what is kept from the start, and what is kept once it was needed. */
const VERSION = '__VERSION__';
type Entry = readonly [path: string, revision: string];
const FILES: { readonly now: readonly Entry[]; readonly later: readonly Entry[] } = JSON.parse('__FILES__');

const PREFIX = 'pirouette-';
const CACHE = `${PREFIX}${VERSION}`;
const CONSENT = 'allowed-origins';
const scope = new URL(worker.registration.scope);

const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** Hosts that answer with `Vary: Origin` mean other origins; here there is but one. */
const ANY_ORIGIN = { ignoreVary: true };

const revisions = new Map([...FILES.now, ...FILES.later]);

/** Under which address a file of this version is kept: one that no other content of the same path has. */
function keyOf(path: string): URL {
  const key = new URL(path, scope);
  const revision = revisions.get(path);
  if (revision) key.search = `?revision=${revision}`;
  return key;
}

worker.addEventListener('install', (event) => {
  const fill = async () => {
    const cache = await caches.open(CACHE);
    await Promise.all(FILES.now.map((entry) => takeOver(cache, entry).catch(unlessExample(entry))));
    // What the version before has fetched by and by need not be fetched again.
    await Promise.all(FILES.later.map((entry) => copyOver(cache, entry)));
  };
  event.waitUntil(fill());
});

/** Without one of its own files the page would not start; an example that is missing is only missing. */
function unlessExample([path]: Entry): (reason: unknown) => void {
  return (reason) => {
    if (!path.startsWith('examples/')) throw reason;
  };
}

async function takeOver(cache: Cache, entry: Entry): Promise<void> {
  if (await copyOver(cache, entry)) return;
  const response = await fetch(new Request(new URL(entry[0], scope), { cache: 'no-cache' }));
  if (!response.ok) throw new Error(`${response.status} for ${entry[0]}`);
  await cache.put(keyOf(entry[0]), response);
}

/** Takes a file from whichever version has the same one. */
async function copyOver(cache: Cache, [path]: Entry): Promise<boolean> {
  const kept = await caches.match(keyOf(path), ANY_ORIGIN);
  if (kept) await cache.put(keyOf(path), kept);
  return kept !== undefined;
}

worker.addEventListener('activate', (event) => {
  const begin = async () => {
    await worker.clients.claim();
    await forgetOlder([]);
  };
  event.waitUntil(begin());
});

/** Older versions go when no tab is left that may need a file of theirs. */
async function forgetOlder(apart: readonly string[]): Promise<void> {
  const tabs = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (tabs.some(({ id }) => !apart.includes(id))) return;
  const older = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(older.map((name) => caches.delete(name)));
}

worker.addEventListener('message', (event) => {
  if (event.data === 'take over') void worker.skipWaiting();
  if (event.data === 'what is missing') {
    const all = [...revisions.keys()];
    event.waitUntil(missingOf(all).then((missing) => event.ports[0]?.postMessage({ all, missing })));
  }
});

/** Which of this version's files are not on the device. */
async function missingOf(paths: readonly string[]): Promise<string[]> {
  const cache = await caches.open(CACHE);
  const kept = await Promise.all(paths.map((path) => cache.match(keyOf(path), ANY_ORIGIN)));
  return paths.filter((_, i) => kept[i] === undefined);
}

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname))
    return;
  const path = url.pathname.slice(scope.pathname.length);
  if (request.mode === 'navigate') event.respondWith(navigation(event, path));
  else if (path.endsWith('pack.json')) event.respondWith(freshFirst(request));
  else if (/^(assets|pose|examples|icons)\/|^manifest/.test(path))
    event.respondWith(keptFirst(request, path));
});

async function navigation(event: FetchEvent, path: string): Promise<Response> {
  if (path !== '' && path !== 'index.html') return withHeaders(event.request, await fetch(event.request));
  event.waitUntil(forgetOlder([event.clientId, event.resultingClientId]));
  return keptFirst(event.request, '');
}

async function freshFirst(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok) await keep(cache, new URL(request.url), response.clone());
    return await withHeaders(request, response);
  } catch (error) {
    const kept = await cache.match(request, { ...ANY_ORIGIN, ignoreSearch: true });
    if (!kept) throw error;
    return withHeaders(request, kept);
  }
}

async function keptFirst(request: Request, path: string): Promise<Response> {
  const cache = await caches.open(CACHE);
  const key = keyOf(path);
  // Files of a version before this one have names of their own; its tabs may still ask for them.
  const kept = (await cache.match(key, ANY_ORIGIN)) ?? (await caches.match(key, ANY_ORIGIN));
  // A part of a file is asked for by media elements only; the whole of it answers as well.
  if (kept) return withHeaders(request, kept);
  const response = await fetch(request);
  if (response.status === 200 && revisions.has(path)) await keep(cache, key, response.clone());
  return withHeaders(request, response);
}

/** A full disk costs the offline visit, not this one. */
async function keep(cache: Cache, key: URL, response: Response): Promise<void> {
  await cache.put(key, response).catch(() => undefined);
}

async function withHeaders(request: Request, response: Response): Promise<Response> {
  // A redirected or opaque answer cannot be made anew.
  if (response.type === 'opaque' || response.type === 'opaqueredirect' || response.redirected)
    return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(ISOLATION)) headers.set(name, value);
  if (request.destination === 'worker') headers.set('Content-Security-Policy', await workerPolicy());
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

/** A page's own policy does not reach into its workers: theirs comes with their file. */
async function workerPolicy(): Promise<string> {
  const consent = await (await caches.open(CONSENT)).match(new URL('allowed-origins.json', scope));
  const allowed: string[] = (await consent?.json()) ?? [];
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval' blob:",
    "worker-src 'self' blob:",
    `connect-src 'self' blob: data: ${allowed.join(' ')}`,
  ].join('; ');
}
