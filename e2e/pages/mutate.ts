/** Damages files in the ways of the world, always the same for the same seed. */
export const MUTATIONS = ['cut', 'flip', 'huge', 'erase', 'repeat', 'junk', 'empty'] as const;
export type Mutation = (typeof MUTATIONS)[number];

/** mulberry32: small, and the same everywhere. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function mutate(original: Uint8Array, mutation: Mutation, seed: number): Uint8Array<ArrayBuffer> {
  const next = random(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  const bytes = Uint8Array.from(original);
  // Headers lie at either end of a file: most damage goes there.
  const somewhere = () => {
    const near = Math.min(bytes.length, 1500);
    const side = next();
    if (side < 0.4) return below(near);
    return side < 0.8 ? bytes.length - 1 - below(near) : below(bytes.length);
  };
  switch (mutation) {
    case 'cut':
      return bytes.slice(0, below(bytes.length));
    case 'flip':
      for (let flips = 1 + below(40); flips > 0; flips--) {
        const at = somewhere();
        bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
      }
      return bytes;
    case 'huge':
      for (let fields = 1 + below(6); fields > 0; fields--) {
        const value = [0xffffffff, 0x7fffffff, 0x00ffffff, 0x0fffffff][below(4)] ?? 0;
        new DataView(bytes.buffer).setUint32(Math.min(somewhere(), bytes.length - 4), value);
      }
      return bytes;
    case 'erase': {
      const at = somewhere();
      return bytes.fill(0, at, at + 1 + below(2000));
    }
    case 'repeat': {
      const at = somewhere();
      bytes.copyWithin(somewhere(), at, at + 1 + below(500));
      return bytes;
    }
    case 'junk': {
      const junk = Uint8Array.from({ length: 1 + below(300) }, () => below(256));
      return new Uint8Array([...junk, ...bytes]);
    }
    case 'empty':
      return new Uint8Array(0);
  }
}
