import { decodeText } from '../../onnx/text.ts';
import { TorchFileError, UnsafePickleError } from '../errors.ts';

/**
 * Reads the pickle inside a PyTorch file as data. A pickle is a program; of its instructions this knows those that
 * build dicts, lists, numbers and strings, and of the functions it may name those four that rebuild a tensor from
 * bytes. Every other name ends the reading before anything was done with it, so that no file can make code run.
 */
export type Pickled =
  | null
  | boolean
  | number
  | string
  | Pickled[]
  | Tuple
  | Dict
  | StorageRef
  | TensorRef
  | GlobalName;

export type Dict = Map<Pickled, Pickled>;

class Tuple {
  constructor(readonly items: readonly Pickled[]) {}
}

/** Values that lie in an entry of the zip of their own; several tensors may share them. */
export class StorageRef {
  constructor(
    readonly key: string,
    readonly dtype: string,
    readonly elements: number,
  ) {}
}

/** Part of a storage, in elements. */
export class TensorRef {
  constructor(
    readonly storage: StorageRef,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

class GlobalName {
  constructor(readonly name: string) {}
}

/** A module of TorchScript: its fields by name. Its code lies elsewhere in the file and is never read. */
export class ScriptModule extends Map<Pickled, Pickled> {}

const SCRIPT_CLASS = '__torch__.';
/** What TorchScript writes typed lists with; the list is their only argument. */
const SCRIPT_LISTS = ['intlist', 'doublelist', 'boollist', 'tensorlist'].map(
  (kind) => `torch.jit._pickle.build_${kind}`,
);

const STORAGE_TYPES: ReadonlyMap<string, string> = new Map([
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.FloatStorage', 'F32'],
  ['torch.DoubleStorage', 'F64'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
]);

const ORDERED_DICT = 'collections.OrderedDict';
const REBUILD_TENSOR = 'torch._utils._rebuild_tensor_v2';
const REBUILD_OLD_TENSOR = 'torch._utils._rebuild_tensor';
const REBUILD_PARAMETER = 'torch._utils._rebuild_parameter';
/** Instructions whose few bytes make an object: marks, lists, tuples, dicts and calls. */
const MAKES_SOMETHING = new Set([0x28, 0x5d, 0x6c, 0x29, 0x85, 0x86, 0x87, 0x74, 0x52, 0x51]);
/** A dict takes as much as ten of these. */
const DICTS = new Set([0x7d, 0x64]);
const DICT_WORK = 10;
/** SD-1.5's 1,131 tensors take 10,000. */
const MOST_WORK = 400_000;
const MOST_DIMENSIONS = 16;

const FUNCTIONS = new Set([
  ORDERED_DICT,
  REBUILD_TENSOR,
  REBUILD_OLD_TENSOR,
  REBUILD_PARAMETER,
  ...SCRIPT_LISTS,
]);

export function readPickle(bytes: Uint8Array<ArrayBuffer>, file: string): Pickled {
  return new Machine(bytes, file).run();
}

export interface Pickles {
  readonly pickles: readonly Pickled[];
  /** Every storage that they name, by its key. */
  readonly storages: ReadonlyMap<string, StorageRef>;
  /** Where the last one ends. */
  readonly end: number;
}

/** Several pickles one after another. */
export function readPickles(bytes: Uint8Array<ArrayBuffer>, file: string, count: number): Pickles {
  const storages = new Map<string, StorageRef>();
  let end = 0;
  const pickles = Array.from({ length: count }, () => {
    const machine = new Machine(bytes.subarray(end), file, storages);
    const pickle = machine.run();
    end += machine.end;
    return pickle;
  });
  return { pickles, storages, end };
}

class Machine {
  private readonly view: DataView<ArrayBuffer>;
  private at = 0;
  private spent = 0;
  private stack: Pickled[] = [];
  private readonly below: Pickled[][] = [];
  private readonly memo = new Map<number, Pickled>();

  constructor(
    private readonly bytes: Uint8Array<ArrayBuffer>,
    private readonly file: string,
    private readonly storages = new Map<string, StorageRef>(),
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** How far it has read. */
  get end(): number {
    return this.at;
  }

  run(): Pickled {
    for (;;) {
      const code = this.view.getUint8(this.take(1));
      if (code === 0x2e) return this.pop();
      this.step(code);
    }
  }

  private step(code: number): void {
    const { view, stack } = this;
    if (MAKES_SOMETHING.has(code)) this.spend(1);
    else if (DICTS.has(code)) this.spend(DICT_WORK);
    switch (code) {
      case 0x80: // PROTO
        if (view.getUint8(this.take(1)) > 5) throw this.fault('its pickle is of a newer protocol than 5');
        return;
      case 0x95: // FRAME
        this.take(8);
        return;
      case 0x28: // MARK
        this.below.push(stack);
        this.stack = [];
        return;
      case 0x30: // POP
        this.pop();
        return;
      case 0x31: // POP_MARK
        this.popMark();
        return;
      case 0x4e: // NONE
        stack.push(null);
        return;
      case 0x88: // NEWTRUE
        stack.push(true);
        return;
      case 0x89: // NEWFALSE
        stack.push(false);
        return;
      case 0x4b: // BININT1
        stack.push(view.getUint8(this.take(1)));
        return;
      case 0x4d: // BININT2
        stack.push(view.getUint16(this.take(2), true));
        return;
      case 0x4a: // BININT
        stack.push(view.getInt32(this.take(4), true));
        return;
      case 0x8a: // LONG1
        stack.push(this.long(view.getUint8(this.take(1))));
        return;
      case 0x47: // BINFLOAT
        stack.push(view.getFloat64(this.take(8)));
        return;
      case 0x58: // BINUNICODE
        stack.push(this.text(view.getUint32(this.take(4), true)));
        return;
      case 0x54: // BINSTRING: how Python 2 wrote text
        stack.push(this.text(view.getUint32(this.take(4), true)));
        return;
      case 0x55: // SHORT_BINSTRING
      case 0x8c: // SHORT_BINUNICODE
        stack.push(this.text(view.getUint8(this.take(1))));
        return;
      case 0x7d: // EMPTY_DICT
        stack.push(new Map());
        return;
      case 0x5d: // EMPTY_LIST
        stack.push([]);
        return;
      case 0x29: // EMPTY_TUPLE
        stack.push(new Tuple([]));
        return;
      case 0x85: // TUPLE1
        stack.push(new Tuple([this.pop()]));
        return;
      case 0x86: // TUPLE2
      case 0x87: {
        // TUPLE3
        const items: Pickled[] = [];
        for (let i = code - 0x84; i > 0; i--) items.unshift(this.pop());
        stack.push(new Tuple(items));
        return;
      }
      case 0x74: {
        // TUPLE
        const items = this.popMark();
        this.stack.push(new Tuple(items));
        return;
      }
      case 0x6c: {
        // LIST
        const items = this.popMark();
        this.stack.push(items);
        return;
      }
      case 0x64: {
        // DICT
        const items = this.popMark();
        const dict: Dict = new Map();
        this.put(dict, items);
        this.stack.push(dict);
        return;
      }
      case 0x61: {
        // APPEND
        const item = this.pop();
        this.listOnTop().push(item);
        return;
      }
      case 0x65: {
        // APPENDS
        const items = this.popMark();
        const list = this.listOnTop();
        for (const item of items) list.push(item);
        return;
      }
      case 0x73: {
        // SETITEM
        const [value, key] = [this.pop(), this.pop()];
        this.put(this.dictOnTop(), [key, value]);
        return;
      }
      case 0x75: {
        // SETITEMS
        const items = this.popMark();
        this.put(this.dictOnTop(), items);
        return;
      }
      case 0x71: // BINPUT
        this.memo.set(view.getUint8(this.take(1)), this.top());
        return;
      case 0x72: // LONG_BINPUT
        this.memo.set(view.getUint32(this.take(4), true), this.top());
        return;
      case 0x94: // MEMOIZE
        this.memo.set(this.memo.size, this.top());
        return;
      case 0x68: // BINGET
        stack.push(this.recall(view.getUint8(this.take(1))));
        return;
      case 0x6a: // LONG_BINGET
        stack.push(this.recall(view.getUint32(this.take(4), true)));
        return;
      case 0x63: {
        // GLOBAL
        const [module, name] = [this.line(), this.line()];
        stack.push(this.global(module, name));
        return;
      }
      case 0x93: {
        // STACK_GLOBAL
        const [name, module] = [this.pop(), this.pop()];
        stack.push(this.global(module, name));
        return;
      }
      case 0x51: // BINPERSID
        stack.push(this.storage(this.pop()));
        return;
      case 0x52: {
        // REDUCE
        const [args, callee] = [this.pop(), this.pop()];
        if (!(callee instanceof GlobalName && args instanceof Tuple))
          throw this.fault('its pickle is damaged');
        stack.push(this.call(callee.name, args.items));
        return;
      }
      case 0x81: {
        // NEWOBJ
        const [args, made] = [this.pop(), this.pop()];
        const isModule = made instanceof GlobalName && made.name.startsWith(SCRIPT_CLASS);
        if (!isModule || !(args instanceof Tuple))
          throw this.fault('its pickle makes an object of no known kind');
        this.stack.push(new ScriptModule());
        return;
      }
      case 0x62: {
        // BUILD: a module's fields, or what state_dict() notes about its modules' versions
        const state = this.pop();
        const top = this.dictOnTop();
        if (!(top instanceof ScriptModule)) return;
        if (!(state instanceof Map))
          throw this.fault('its pickle sets the state of something that is no dict');
        for (const [name, value] of state) top.set(name, value);
        return;
      }
      default:
        throw this.fault(
          `its pickle has the instruction 0x${code.toString(16).padStart(2, '0')}, which tensors do not need`,
        );
    }
  }

  private global(module: Pickled, name: Pickled): GlobalName {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.fault('its pickle is damaged');
    const full = `${module}.${name}`;
    const isKnown = FUNCTIONS.has(full) || STORAGE_TYPES.has(full) || full.startsWith(SCRIPT_CLASS);
    if (!isKnown) throw new UnsafePickleError(this.file, full);
    return new GlobalName(full);
  }

  private call(name: string, args: readonly Pickled[]): Pickled {
    if (name === ORDERED_DICT) return this.orderedDict(args);
    if (SCRIPT_LISTS.includes(name) && Array.isArray(args[0])) return args[0];
    if (name === REBUILD_PARAMETER) {
      if (args[0] instanceof TensorRef) return args[0];
    } else if (name === REBUILD_TENSOR || name === REBUILD_OLD_TENSOR) {
      const [storage, offset, shape, strides] = args;
      if (
        storage instanceof StorageRef &&
        isCount(offset) &&
        isCounts(shape) &&
        isCounts(strides) &&
        shape.items.length === strides.items.length
      ) {
        return new TensorRef(storage, offset, shape.items, strides.items);
      }
    }
    throw this.fault('its pickle rebuilds a tensor in an impossible way');
  }

  private orderedDict(args: readonly Pickled[]): Dict {
    this.spend(DICT_WORK);
    const dict: Dict = new Map();
    const [pairs = []] = args;
    if (!Array.isArray(pairs)) throw this.fault('its pickle is damaged');
    for (const pair of pairs) {
      const items = pair instanceof Tuple ? pair.items : Array.isArray(pair) ? pair : [];
      if (items.length !== 2) throw this.fault('its pickle is damaged');
      this.put(dict, items);
    }
    return dict;
  }

  private storage(id: Pickled): StorageRef {
    const [kind, type, key, , elements, view = null] = id instanceof Tuple ? id.items : [];
    const dtype = type instanceof GlobalName ? STORAGE_TYPES.get(type.name) : undefined;
    if (kind !== 'storage' || dtype === undefined || typeof key !== 'string' || !isCount(elements)) {
      throw this.fault('its pickle names a storage in an impossible way');
    }
    if (view !== null) throw this.fault('its pickle names a part of a storage');
    const storage = new StorageRef(key, dtype, elements);
    this.storages.set(key, storage);
    return storage;
  }

  /** So that no few bytes can ask for much work or memory. */
  private spend(count: number): void {
    this.spent += count;
    if (this.spent > MOST_WORK) throw this.fault('its pickle asks for more than any weights need');
  }

  private put(dict: Dict, items: readonly Pickled[]): void {
    this.spend(items.length / 2);
    if (items.length % 2 !== 0) throw this.fault('its pickle is damaged');
    for (let i = 0; i < items.length; i += 2) dict.set(items[i] as Pickled, items[i + 1] as Pickled);
  }

  private top(): Pickled {
    const value = this.stack.at(-1);
    if (value === undefined) throw this.fault('its pickle is damaged');
    return value;
  }

  private pop(): Pickled {
    const value = this.top();
    this.stack.pop();
    return value;
  }

  private popMark(): Pickled[] {
    const items = this.stack;
    const before = this.below.pop();
    if (before === undefined) throw this.fault('its pickle is damaged');
    this.stack = before;
    return items;
  }

  private listOnTop(): Pickled[] {
    const list = this.top();
    if (!Array.isArray(list)) throw this.fault('its pickle is damaged');
    return list;
  }

  private dictOnTop(): Dict {
    const dict = this.top();
    if (!(dict instanceof Map)) throw this.fault('its pickle sets the state of something that is no dict');
    return dict;
  }

  private recall(index: number): Pickled {
    const value = this.memo.get(index);
    if (value === undefined) throw this.fault('its pickle is damaged');
    return value;
  }

  /** Where the next bytes begin, after they are known to be there. */
  private take(length: number): number {
    const start = this.at;
    if (start + length > this.bytes.length) throw this.fault('its pickle is cut short');
    this.at += length;
    return start;
  }

  private text(length: number): string {
    const start = this.take(length);
    return this.decode(this.bytes.subarray(start, start + length));
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw this.fault('its pickle is cut short');
    const text = this.decode(this.bytes.subarray(this.at, end));
    this.at = end + 1;
    return text;
  }

  private decode(bytes: Uint8Array): string {
    try {
      return decodeText(bytes);
    } catch {
      throw this.fault('its pickle has text that is not UTF-8');
    }
  }

  /** Two's complement, least byte first. What is too large for an exact number is no size and no place. */
  private long(length: number): number {
    const start = this.take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[start + i] as number);
    return Number(BigInt.asIntN(8 * length, value));
  }

  private fault(words: string): TorchFileError {
    return new TorchFileError(this.file, words);
  }
}

const isCount = (value: Pickled | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

const isCounts = (value: Pickled | undefined): value is Tuple & { readonly items: readonly number[] } =>
  value instanceof Tuple && value.items.length <= MOST_DIMENSIONS && value.items.every(isCount);
