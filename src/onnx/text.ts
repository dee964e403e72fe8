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

/**
 * JSON of somebody's file. Throws RangeError, before anything is made of it, where it is deeper or has more values than
 * what it should be.
 */
export function parseBoundedJson(bytes: Uint8Array, deepest: number, mostValues: number): unknown {
  const text = decodeText(bytes);
  let depth = 0;
  let values = 1;
  let isInside = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) isInside = !isInside;
    else if (isInside) i += code === 0x5c ? 1 : 0;
    else if (code === 0x2c) values++;
    else if (code === 0x5b || code === 0x7b) {
      values++;
      if (++depth > deepest) throw new RangeError('it is too deep');
    } else if (code === 0x5d || code === 0x7d) depth--;
    if (values > mostValues) throw new RangeError('it has too many values');
  }
  return JSON.parse(text);
}

/** What is quoted from somebody's file may be of any length. */
export const inBrief = (words: string): string =>
  words.length > LONGEST ? `${words.slice(0, LONGEST)} …` : words;

/** Characters of a sentence for people. */
const LONGEST = 1500;
