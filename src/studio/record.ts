/**
 * Plain data with many poses as one file: JSON, and behind it the numbers of all joints as they are. As text they would
 * be four times as large, and slow to write and to read.
 */

/** In place of an array of numbers: where it begins among all numbers, and how many there are. */
interface Place {
  readonly floats: readonly [number, number];
}

export function writeRecord(data: object): Blob {
  const arrays: Float32Array<ArrayBuffer>[] = [];
  let count = 0;
  const json = JSON.stringify(data, (_, value: unknown) => {
    if (!(value instanceof Float32Array)) return value;
    arrays.push(value as Float32Array<ArrayBuffer>);
    count += value.length;
    return { floats: [count - value.length, value.length] } satisfies Place;
  });
  const text = new TextEncoder().encode(json);
  return new Blob([Uint32Array.of(text.length), text, ...arrays]);
}

/** Null where the file is none of these, or not whole. */
export async function readRecord<T extends object>(file: Blob): Promise<T | null> {
  try {
    const bytes = await file.arrayBuffer();
    const length = new DataView(bytes).getUint32(0, true);
    const text = new TextDecoder().decode(new Uint8Array(bytes, 4, length));
    // A copy begins where the machine may read numbers from.
    const floats = new Float32Array(bytes.slice(4 + length));
    return JSON.parse(text, (_, value: unknown) => {
      if (!isPlace(value)) return value;
      const [start, count] = value.floats;
      if (start + count > floats.length) throw new Error('cut off');
      return floats.slice(start, start + count);
    });
  } catch {
    return null;
  }
}

const isPlace = (value: unknown): value is Place =>
  typeof value === 'object' && value !== null && 'floats' in value && Array.isArray(value.floats);
