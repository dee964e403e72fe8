/**
 * Just enough FlatBuffers to put new tables in front of an existing file.
 *
 * Offsets in FlatBuffers point forward only. Parents are therefore written before their children, and `existing`
 * stands for something that already lies in the bytes that follow.
 */
export type Node =
  | { readonly kind: 'table'; readonly fields: readonly (Field | undefined)[] }
  | { readonly kind: 'vector'; readonly items: readonly Node[] }
  | { readonly kind: 'floats'; readonly values: readonly number[] }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'existing'; readonly at: number };

export type Field =
  | { readonly kind: 'byte' | 'uint'; readonly value: number }
  | { readonly kind: 'to'; readonly node: Node };

export const table = (...fields: (Field | undefined)[]): Node => ({ kind: 'table', fields });
export const vector = (...items: Node[]): Node => ({ kind: 'vector', items });
export const floats = (...values: number[]): Node => ({ kind: 'floats', values });
export const string = (text: string): Node => ({ kind: 'string', text });
export const bytes = (content: Uint8Array): Node => ({ kind: 'bytes', bytes: content });
export const existing = (at: number): Node => ({ kind: 'existing', at });
export const byte = (value: number): Field => ({ kind: 'byte', value });
export const uint = (value: number): Field => ({ kind: 'uint', value });
export const to = (node: Node): Field => ({ kind: 'to', node });

const SLOT = 4;
/** TFLite aligns tensor data to 16 bytes. */
const DATA_ALIGNMENT = 16;

const alignUp = (value: number, alignment: number) => Math.ceil(value / alignment) * alignment;

interface Pointer {
  readonly slot: number;
  readonly node: Node;
}

/**
 * Writes `root` with its children, then `tail` (whose own offsets are relative and so survive the move).
 * `tailAlignment` keeps whatever alignment the data in the tail had.
 */
export function writeFlatbuffer(
  root: Node,
  identifier: string,
  tail: Uint8Array = new Uint8Array(0),
  tailAlignment = DATA_ALIGNMENT,
): Uint8Array {
  const writer = new Writer();
  writer.seek(4);
  writer.raw(new TextEncoder().encode(identifier));
  const toTail: Pointer[] = [];
  const pending: Pointer[] = [{ slot: 0, node: root }];
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    if (next.node.kind === 'existing') {
      toTail.push(next);
      continue;
    }
    const { at, pointers } = writeNode(writer, next.node);
    writer.setUint32(next.slot, at - next.slot);
    pending.push(...pointers);
  }
  const tailAt = alignUp(writer.length, tailAlignment);
  for (const { slot, node } of toTail) {
    if (node.kind === 'existing') writer.setUint32(slot, tailAt + node.at - slot);
  }
  const out = new Uint8Array(tailAt + tail.length);
  out.set(writer.content());
  out.set(tail, tailAt);
  return out;
}

function writeNode(
  writer: Writer,
  node: Exclude<Node, { kind: 'existing' }>,
): { at: number; pointers: Pointer[] } {
  switch (node.kind) {
    case 'table':
      return writeTable(writer, node.fields);
    case 'vector': {
      const at = writer.align(4);
      writer.uint32(node.items.length);
      const pointers = node.items.map((item) => ({ slot: writer.uint32(0), node: item }));
      return { at, pointers };
    }
    case 'floats': {
      const at = writer.align(4);
      writer.uint32(node.values.length);
      for (const value of node.values) writer.float32(value);
      return { at, pointers: [] };
    }
    case 'string': {
      const text = new TextEncoder().encode(node.text);
      const at = writer.align(4);
      writer.uint32(text.length);
      writer.raw(text);
      writer.raw(Uint8Array.of(0));
      return { at, pointers: [] };
    }
    case 'bytes': {
      const at = alignUp(writer.length + 4, DATA_ALIGNMENT) - 4;
      writer.seek(at);
      writer.uint32(node.bytes.length);
      writer.raw(node.bytes);
      return { at, pointers: [] };
    }
  }
}

/** A field of any type gets a four-byte slot: the vtable allows it, and it keeps everything aligned. */
function writeTable(
  writer: Writer,
  fields: readonly (Field | undefined)[],
): { at: number; pointers: Pointer[] } {
  const vtableLength = 4 + 2 * fields.length;
  const at = alignUp(writer.length + vtableLength, 4);
  const vtable = at - vtableLength;
  writer.seek(vtable);
  writer.uint16(vtableLength);
  writer.uint16(SLOT * (1 + fields.filter(Boolean).length));
  let offset = SLOT;
  for (const field of fields) {
    writer.uint16(field ? offset : 0);
    if (field) offset += SLOT;
  }
  writer.uint32(at - vtable);
  const pointers: Pointer[] = [];
  for (const field of fields) {
    if (field === undefined) continue;
    const slot = writer.uint32(field.kind === 'to' ? 0 : field.value);
    if (field.kind === 'to') pointers.push({ slot, node: field.node });
  }
  return { at, pointers };
}

class Writer {
  private buffer = new Uint8Array(1024);
  private view = new DataView(this.buffer.buffer);
  length = 0;

  /** Moves on to `at`, leaving zeros behind. */
  seek(at: number): void {
    if (at > this.buffer.length) {
      const grown = new Uint8Array(Math.max(at, 2 * this.buffer.length));
      grown.set(this.buffer);
      this.buffer = grown;
      this.view = new DataView(grown.buffer);
    }
    this.length = at;
  }

  align(alignment: number): number {
    this.seek(alignUp(this.length, alignment));
    return this.length;
  }

  private take(size: number): number {
    const at = this.length;
    this.seek(at + size);
    return at;
  }

  uint16(value: number): void {
    const at = this.take(2);
    this.view.setUint16(at, value, true);
  }

  uint32(value: number): number {
    const at = this.take(4);
    this.view.setUint32(at, value, true);
    return at;
  }

  float32(value: number): void {
    const at = this.take(4);
    this.view.setFloat32(at, value, true);
  }

  raw(content: Uint8Array): void {
    const at = this.take(content.length);
    this.buffer.set(content, at);
  }

  setUint32(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  content(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }
}

/** Reads what is needed to refer into an existing file. */
export class Reader {
  private readonly view: DataView;

  constructor(readonly content: Uint8Array) {
    this.view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  }

  get root(): number {
    return this.follow(0);
  }

  get identifier(): string {
    return new TextDecoder().decode(this.content.subarray(4, 8));
  }

  follow(slot: number): number {
    return slot + this.view.getUint32(slot, true);
  }

  /** The position of a table's field, or undefined where the table leaves it out. */
  field(at: number, index: number): number | undefined {
    const vtable = at - this.view.getInt32(at, true);
    const entry = 4 + 2 * index;
    if (entry >= this.view.getUint16(vtable, true)) return undefined;
    const offset = this.view.getUint16(vtable + entry, true);
    return offset === 0 ? undefined : at + offset;
  }

  /** What a field of tables, vectors or strings points to. */
  child(at: number, index: number): number | undefined {
    const slot = this.field(at, index);
    return slot === undefined ? undefined : this.follow(slot);
  }

  items(vectorAt: number): number[] {
    return Array.from({ length: this.length(vectorAt) }, (_, i) => this.follow(vectorAt + 4 + 4 * i));
  }

  length(vectorAt: number): number {
    return this.view.getUint32(vectorAt, true);
  }

  string(at: number): string {
    return new TextDecoder().decode(this.bytes(at));
  }

  bytes(vectorAt: number): Uint8Array {
    return this.content.subarray(vectorAt + 4, vectorAt + 4 + this.length(vectorAt));
  }

  uint32(at: number): number {
    return this.view.getUint32(at, true);
  }

  uint8(at: number): number {
    return this.view.getUint8(at);
  }

  floats(vectorAt: number): number[] {
    return Array.from({ length: this.length(vectorAt) }, (_, i) =>
      this.view.getFloat32(vectorAt + 4 + 4 * i, true),
    );
  }
}
