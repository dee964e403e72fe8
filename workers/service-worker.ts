/**
 * Serves the page offline, and gives it the headers that its host cannot.
 *
 * The build's own files are hashed by name, so they are taken from the cache and never asked for again; the page itself
 * is asked for first, so that a new version shows at the next visit. What is large and not always needed (ONNX
 * Runtime, pose models, examples) is kept when it is first fetched. Packs keep themselves, file by file; only their
 * small pack.json is kept here.
 */
const worker = self as unknown as ServiceWorkerGlobalScope;

/** Both are filled in by the build. */
const VERSION = '__VERSION__';
const PRECACHED: readonly string[] = JSON.parse('__PRECACHED__');

const CACHE = `pirouette-${VERSION}`;
const CONSENT = 'allowed-origins';
const scope = new URL(worker.registration.scope);

const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** Hosts that answer with `Vary: Origin` mean other origins; here there is but one. */
const ANY_ORIGIN = { ignoreVary: true };

worker.addEventListener('install', (event) => {
  const fill = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll(PRECACHED.map((path) => new Request(new URL(path, scope), { cache: 'no-cache' })));
    await worker.skipWaiting();
  };
  event.waitUntil(fill());
});

worker.addEventListener('activate', (event) => {
  const takeOver = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith('pirouette-') && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await worker.clients.claim();
  };
  event.waitUntil(takeOver());
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname))
    return;
  const path = url.pathname.slice(scope.pathname.length);
  if (request.mode === 'navigate') event.respondWith(freshFirst(request));
  else if (path.endsWith('pack.json') || path.endsWith('examples.json'))
    event.respondWith(freshFirst(request));
  else if (/^(assets|pose|examples|icons)\/|^manifest/.test(path)) event.respondWith(keptFirst(request));
});

async function freshFirst(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok) await keep(cache, request, response.clone());
    return await withHeaders(request, response);
  } catch (error) {
    const kept =
      (await cache.match(request, { ...ANY_ORIGIN, ignoreSearch: true })) ?? (await homePage(cache, request));
    if (!kept) throw error;
    return withHeaders(request, kept);
  }
}

async function keptFirst(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, ANY_ORIGIN);
  // A part of a file is asked for by media elements only; the whole of it answers as well.
  if (kept) return withHeaders(request, kept);
  const response = await fetch(request);
  if (response.status === 200) await keep(cache, request, response.clone());
  return withHeaders(request, response);
}

/** A full disk costs the offline visit, not this one. */
async function keep(cache: Cache, request: Request, response: Response): Promise<void> {
  await cache.put(request, response).catch(() => undefined);
}

async function homePage(cache: Cache, request: Request): Promise<Response | undefined> {
  return request.mode === 'navigate' ? cache.match(scope, ANY_ORIGIN) : undefined;
}

async function withHeaders(request: Request, response: Response): Promise<Response> {
  // A redirected or opaque answer cannot be made anew.
  if (response.type === 'opaque' || response.redirected) return response;
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
