import { decodeText, encodeText } from './text.ts';

/** Just enough of protobuf's wire format to write and read an ONNX model. */

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

export class ProtoWriter {
  private readonly chunks: Uint8Array[] = [];

  int(field: number, value: number | bigint): this {
    this.tag(field, VARINT);
    return this.varint(BigInt.asUintN(64, BigInt(value)));
  }

  float(field: number, value: number): this {
    this.tag(field, FIXED32);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.chunks.push(bytes);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.tag(field, BYTES);
    this.varint(BigInt(value.length));
    this.chunks.push(value);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, encodeText(value));
  }

  message(field: number, write: (message: ProtoWriter) => void): this {
    const message = new ProtoWriter();
    write(message);
    return this.bytes(field, message.finish());
  }

  finish(): Uint8Array<ArrayBuffer> {
    return concat(this.chunks);
  }

  private tag(field: number, wireType: number): void {
    this.varint(BigInt((field << 3) | wireType));
  }

  private varint(value: bigint): this {
    const bytes: number[] = [];
    for (; value > 0x7fn; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80);
    bytes.push(Number(value));
    this.chunks.push(Uint8Array.from(bytes));
    return this;
  }
}

/** A field as it lies in a message; its reader says what it takes it for. */
export class ProtoField {
  constructor(
    readonly number: number,
    private readonly wireType: number,
    private readonly payload: Uint8Array,
    private readonly scalar: bigint,
  ) {}

  get int(): number {
    this.expect(VARINT);
    return Number(BigInt.asIntN(64, this.scalar));
  }

  get float(): number {
    this.expect(FIXED32);
    return view(this.payload).getFloat32(0, true);
  }

  get bytes(): Uint8Array {
    this.expect(BYTES);
    return this.payload;
  }

  get string(): string {
    return decodeText(this.bytes);
  }

  /** A repeated integer: protobuf lets a writer pack several into one field or give each its own. */
  get ints(): number[] {
    if (this.wireType !== BYTES) return [this.int];
    const values: number[] = [];
    for (let at = 0; at < this.payload.length; ) {
      const { value, next } = readVarint(this.payload, at);
      values.push(Number(BigInt.asIntN(64, value)));
      at = next;
    }
    return values;
  }

  private expect(wireType: number): void {
    if (this.wireType !== wireType) {
      throw new RangeError(`field ${this.number} has wire type ${this.wireType} in place of ${wireType}`);
    }
  }
}

/** Walks over a message's fields. Throws RangeError where the bytes are no message. */
export function* readFields(message: Uint8Array): Generator<ProtoField> {
  for (let at = 0; at < message.length; ) {
    const tag = readVarint(message, at);
    const number = Number(tag.value >> 3n);
    const wireType = Number(tag.value & 7n);
    let start = tag.next;
    let end: number;
    let scalar = 0n;
    if (wireType === VARINT) {
      ({ value: scalar, next: end } = readVarint(message, start));
    } else if (wireType === BYTES) {
      const length = readVarint(message, start);
      start = length.next;
      end = start + Number(length.value);
    } else if (wireType === FIXED32 || wireType === FIXED64) {
      end = start + (wireType === FIXED32 ? 4 : 8);
    } else {
      throw new RangeError(`unknown wire type ${wireType} at byte ${at}`);
    }
    if (number === 0 || end > message.length) throw new RangeError(`a field runs past the end at byte ${at}`);
    yield new ProtoField(number, wireType, message.subarray(start, end), scalar);
    at = end;
  }
}

function readVarint(bytes: Uint8Array, at: number): { value: bigint; next: number } {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = bytes[at++];
    if (byte === undefined) break;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return { value, next: at };
  }
  throw new RangeError('a number runs past the end');
}

export function concat(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
