/**
 * MediaPipe's tasks report their use to Google: every minute, and when they are closed. Nothing may leave the person's
 * machine, so the worker that runs them gets a `fetch` that knows its own origin only. A refused report makes MediaPipe
 * stop reporting.
 */
export function fetchFromOwnOriginOnly(scope: {
  fetch: typeof fetch;
  readonly location: { readonly origin: string };
}): void {
  const original = scope.fetch.bind(scope);
  scope.fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input, scope.location.origin);
    const local =
      url.origin === scope.location.origin || url.protocol === 'blob:' || url.protocol === 'data:';
    if (!local) throw new TypeError(`Refused a request to ${url.origin}.`);
    return original(input, init);
  };
}
