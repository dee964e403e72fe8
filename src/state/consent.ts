/**
 * Consent to fetch a model from another server. The page's policy lets it talk to its own origin only; the service
 * worker keeps the list of servers that the person allowed, and widens the policy of the engine's worker by those.
 */
const CACHE = 'allowed-origins';
const KEY = 'allowed-origins.json';

export function originOf(address: string): string | null {
  try {
    const { protocol, origin } = new URL(address);
    return protocol === 'https:' || protocol === 'http:' ? origin : null;
  } catch {
    return null;
  }
}

export async function allowOrigin(origin: string): Promise<void> {
  if (origin === location.origin) return;
  const cache = await caches.open(CACHE);
  const key = new URL(KEY, document.baseURI);
  const before: string[] = (await (await cache.match(key))?.json()) ?? [];
  await cache.put(key, Response.json([...new Set([...before, origin])]));
}
