/** UTF-8 by the language's own means: TextEncoder belongs to browsers and Node, not to the language. */

export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  const escaped = encodeURIComponent(text);
  const bytes = new Uint8Array(escaped.length);
  let length = 0;
  for (let i = 0; i < escaped.length; i++) {
    const character = escaped.charCodeAt(i);
    if (character === 0x25) {
      bytes[length++] = Number.parseInt(escaped.slice(i + 1, i + 3), 16);
      i += 2;
    } else {
      bytes[length++] = character;
    }
  }
  return bytes.slice(0, length);
}

/** Throws URIError where the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  const CHUNK = 8192;
  let text = '';
  for (let start = 0; start < bytes.length; start += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
  }
  if (bytes.every((byte) => byte < 0x80)) return text;
  return decodeURIComponent(
    text.replace(/[%\x80-\xff]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`),
  );
}
