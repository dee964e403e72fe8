import { parseBoundedJson } from '../onnx/text.ts';

/** SD-1.5's pack.json takes 60 KB, and the list of the largest models' shards 200 KB. */
export const LARGEST_JSON = 2 * 1024 * 1024;
const DEEPEST = 32;
const MOST_VALUES = 200_000;

/** A JSON file of somebody's. Throws RangeError where it is too large, too deep or has too much in it for what it should be. */
export function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length > LARGEST_JSON) throw new RangeError('it is too large');
  return parseBoundedJson(bytes, DEEPEST, MOST_VALUES);
}

export type Json = Record<string, unknown>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A path inside a folder, as it stands and as part of an address: nothing in it leads elsewhere or is read otherwise. */
export const isPlainPath = (path: string): boolean =>
  path.length <= 400 &&
  // biome-ignore lint/suspicious/noControlCharactersInRegex: an address loses line ends and tabs without a word.
  !/[\\:%?#\u0000-\u001f\u007f]/.test(path) &&
  path.split('/').every((step) => !['', '.', '..'].includes(step.trim()));
