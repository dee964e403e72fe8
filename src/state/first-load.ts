import { DEFAULT_PACK } from './choices.ts';

/** How many bytes the built-in model's files have, by its own list; null where the list cannot be had. */
export async function builtInModelBytes(): Promise<number | null> {
  const { source } = DEFAULT_PACK;
  if (source.kind !== 'url') return null;
  try {
    const { files } = await (await fetch(new URL('pack.json', source.url))).json();
    const sizes = Object.values(files as Record<string, { bytes: number }>).map(({ bytes }) => bytes);
    return sizes.reduce((sum, bytes) => sum + bytes, 0);
  } catch {
    return null;
  }
}
