import { TensorFileError, TensorTypeError, TensorUnexpectedError } from '../onnx/errors.ts';
import { narrowDoubles } from '../onnx/float.ts';
import { type ByteSource, type FloatType, isFloat } from '../onnx/safetensors.ts';
import { ConfigFileError, WeightsNotFoundError } from './errors.ts';
import { type Folder, readAll } from './folder.ts';
import { isObject, isPlainPath, LARGEST_JSON, parseJson } from './json.ts';
import { type AnyNetwork, networkEntries } from './networks.ts';
import { refuseOthers } from './recognize.ts';
import { openTensorFile, type TensorFile, type TensorInfo, WEIGHT_ENDINGS } from './tensor-file.ts';

/** A network's tensors, read one at a time from a file or from several. */
export interface Checkpoint {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** What was left out of its files, in sentences. */
  readonly notes?: readonly string[];
  read(tensor: string): Promise<{ dtype: FloatType; bytes: Uint8Array<ArrayBuffer> }>;
}

type Places = Pick<AnyNetwork, 'title' | 'places'>;

const WEIGHT_FILES = ['diffusion_pytorch_model', 'diffusion_pytorch_model.fp16', 'model', 'pytorch_model'];

export interface Found<T> {
  readonly path: string;
  readonly config: T;
  /** Paths without their ending of what may hold its weights, likeliest first. */
  readonly stems: readonly string[];
}

export async function findConfig<T>(folder: Folder, network: Places): Promise<Found<T> | undefined> {
  for (const { path, stems } of configPlaces(network)) {
    const source = await folder.open(path);
    if (source) return { path, config: (await readJson(source, path)) as T, stems };
  }
  return undefined;
}

export async function needConfig<T>(folder: Folder, network: Places): Promise<Found<T>> {
  const found = await findConfig<T>(folder, network);
  if (found) return found;
  const looked = configPlaces(network).map(({ path }) => path);
  throw new WeightsNotFoundError(folder.name, `config of the ${network.title}`, looked);
}

function configPlaces({ places }: Places): { path: string; stems: string[] }[] {
  return [
    ...places.flatMap((folder) =>
      ['config.json', 'scheduler_config.json'].map((file) => ({
        path: `${folder}/${file}`,
        stems: WEIGHT_FILES.map((stem) => `${folder}/${stem}`),
      })),
    ),
    ...places.map((stem) => ({ path: `${stem}_config.json`, stems: [stem] })),
  ];
}

export async function readJson(source: ByteSource, path: string): Promise<Record<string, unknown>> {
  if (source.size > LARGEST_JSON) throw new ConfigFileError(path, 'it is too large for a config');
  let json: unknown;
  try {
    json = parseJson(await readAll(source));
  } catch (error) {
    const isTooMuch = error instanceof RangeError;
    throw new ConfigFileError(path, isTooMuch ? 'it is too large for a config' : 'it is not JSON');
  }
  if (!isObject(json)) throw new ConfigFileError(path, 'it is not a JSON object');
  return json;
}

/** Where weights may lie that came without a config. */
export const configlessStems = (network: Places): string[] =>
  configPlaces(network).flatMap(({ stems }) => stems);

export async function openCheckpoint(
  folder: Folder,
  { title, rename }: AnyNetwork,
  stems: readonly string[],
): Promise<Checkpoint> {
  const files = await findWeights(folder, stems);
  if (files) return checkpointOf(files, rename);
  const looked = stems.map((stem) => `${stem}.safetensors (or .bin, .pth)`);
  throw new WeightsNotFoundError(folder.name, `weights of the ${title}`, looked);
}

/** The file that holds a network's weights, or its shards. */
export async function findWeights(
  folder: Folder,
  stems: readonly string[],
): Promise<readonly TensorFile[] | undefined> {
  for (const ending of WEIGHT_ENDINGS) {
    for (const stem of stems) {
      const path = stem + ending;
      const whole = await folder.open(path);
      if (whole) return [await openWeights(whole, path)];
      const index = await folder.open(`${path}.index.json`);
      if (index) return openShards(folder, index, `${path}.index.json`);
    }
  }
  return undefined;
}

async function openWeights(source: ByteSource, path: string): Promise<TensorFile> {
  const file = await openTensorFile(source, path);
  refuseOthers(file);
  return file;
}

/**
 * A file that holds every network's tensors, each under its network's name (`unet.conv_in.weight`). Undefined for a
 * file of another kind.
 */
export function splitByNetwork(file: TensorFile): ((network: AnyNetwork) => Checkpoint) | undefined {
  const prefixes = networkEntries().flatMap(([, { places }]) => places);
  const names = [...file.tensors.keys()];
  const isNamed = (name: string) => prefixes.some((prefix) => name.startsWith(`${prefix}.`));
  if (!names.some(isNamed)) return undefined;
  const strangers = names.filter((name) => !isNamed(name));
  if (strangers.length > 0) throw new TensorUnexpectedError('file', strangers);
  return ({ places, rename = (name) => name }) =>
    checkpointOf([file], (name) => {
      const prefix = places.find((each) => name.startsWith(`${each}.`));
      return prefix === undefined ? undefined : rename(name.slice(prefix.length + 1));
    });
}

/** The largest models come in some dozens. */
const MOST_SHARDS = 512;

async function openShards(folder: Folder, index: ByteSource, indexPath: string): Promise<TensorFile[]> {
  const { weight_map: map } = await readJson(index, indexPath);
  if (!isObject(map)) throw new ConfigFileError(indexPath, 'it has no weight_map');
  const names = [...new Set(Object.values(map))];
  if (names.length > MOST_SHARDS) throw new ConfigFileError(indexPath, `it lists ${names.length} files`);
  const base = indexPath.slice(0, indexPath.lastIndexOf('/') + 1);
  const files: TensorFile[] = [];
  for (const name of names) {
    if (typeof name !== 'string' || name.includes('/') || !isPlainPath(name))
      throw new ConfigFileError(indexPath, 'its weight_map is damaged');
    const source = await folder.open(base + name);
    if (!source) throw new WeightsNotFoundError(folder.name, 'shard of the weights', [base + name]);
    files.push(await openTensorFile(source, base + name));
  }
  return files;
}

/** `rename` gives the name that the network knows a tensor by, or undefined for one of another network. */
export function checkpointOf(
  files: readonly TensorFile[],
  rename: (name: string) => string | undefined = (name) => name,
): Checkpoint {
  const places = new Map<string, { file: TensorFile; stored: string; info: TensorInfo }>();
  for (const file of files) {
    for (const [stored, info] of file.tensors) {
      const name = rename(stored);
      if (name === undefined) continue;
      if (places.has(name)) throw new TensorFileError(file.path, `${name} is there twice`);
      places.set(name, { file, stored, info });
    }
  }
  return {
    tensors: new Map([...places].map(([name, { info }]) => [name, info])),
    notes: files.flatMap(({ notes = [] }) => notes),
    async read(name) {
      const place = places.get(name);
      if (place === undefined) throw new Error(`${name} is not in the checkpoint`);
      const { dtype } = place.info;
      if (!isWeight(dtype)) throw new TensorTypeError(name, dtype);
      const bytes = await place.file.read(place.stored);
      return dtype === 'F64' ? { dtype: 'F32', bytes: narrowDoubles(bytes, name) } : { dtype, bytes };
    },
  };
}

/** Doubles are no weights' own type, but some tools save them. */
export const isWeight = (dtype: string): dtype is FloatType | 'F64' => isFloat(dtype) || dtype === 'F64';
