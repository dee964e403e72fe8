/** A short name for content: the first 16 hexadecimal digits of its SHA-256. */
export async function fingerprint(
  ...parts: readonly (string | Blob | ArrayBufferView<ArrayBuffer>)[]
): Promise<string> {
  const content = await new Blob(parts.flatMap((part) => [part, '\n'])).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  return Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Of a clip's size, beginning and end: the whole of a long one would take long to read. */
export const clipFingerprint = (file: Blob): Promise<string> =>
  fingerprint(`${file.size}`, file.slice(0, 2 ** 20), file.slice(-(2 ** 20)));
