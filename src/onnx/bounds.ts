/** What a config may ask for: beyond it is damage or malice, and would only cost time and memory. */

/** Each level halves the picture. */
export const MOST_LEVELS = 8;
/** Of channels, layers, heads and the like. */
const MOST = 65_536;

export const isCount = (value: unknown, most = MOST): value is number =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;

/** One width a level. */
export const areWidths = (list: unknown): list is number[] =>
  Array.isArray(list) &&
  list.length >= 1 &&
  list.length <= MOST_LEVELS &&
  list.every((width) => isCount(width));
