/**
 * Standard Gaussian noise that depends on the seed, the stream and the frame alone: the same values on every backend,
 * and whatever was drawn before.
 *
 * Philox4x32-10 (Salmon et al., 2011), counter-based, turns (block, frame, stream) under the seed into four 32-bit
 * words; Box-Muller in float64 turns two words into two normal values, rounded to f32 at the end.
 */
export function gaussianNoise(
  count: number,
  seed: number,
  stream = 0,
  /** Of a clip whose frames each have a noise of their own; elsewhere all frames share the first one's. */
  frame = 0,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count);
  const key = seedKey(seed);
  for (let start = 0; start < count; start += 4) {
    const words = philox4x32([start / 4, frame, stream, 0], key);
    for (let pair = 0; pair < 4; pair += 2) {
      const radius = Math.sqrt(-2 * Math.log(unitInterval(words[pair])));
      const angle = 2 * Math.PI * unitInterval(words[pair + 1]);
      // Writes past the end of a typed array are dropped.
      values[start + pair] = radius * Math.cos(angle);
      values[start + pair + 1] = radius * Math.sin(angle);
    }
  }
  return values;
}

type Four = readonly [number, number, number, number];

/** Ten rounds of Philox on a counter of four words, under a key of two. */
export function philox4x32(counter: Four, key: readonly [number, number]): Uint32Array {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0];
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  return Uint32Array.of(c0, c1, c2, c3);
}

/** The upper 32 bits of the 64-bit product of two unsigned words. */
function multiplyHigh(x: number, y: number): number {
  const [xHigh, xLow, yHigh, yLow] = [x >>> 16, x & 0xffff, y >>> 16, y & 0xffff];
  const middle = xHigh * yLow + ((xLow * yLow) >>> 16);
  const carried = xLow * yHigh + (middle % 0x10000);
  return xHigh * yHigh + Math.floor(middle / 0x10000) + Math.floor(carried / 0x10000);
}

/** Strictly between 0 and 1, so that the logarithm is finite. */
function unitInterval(word = 0): number {
  return (word + 0.5) / 2 ** 32;
}

/** Any safe integer is a seed of its own. */
function seedKey(seed: number): [number, number] {
  return [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
}
