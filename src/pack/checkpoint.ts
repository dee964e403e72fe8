import { TensorFileError, TensorTypeError, TensorUnexpectedError } from '../onnx/errors.ts';
import {
  type ByteSource,
  type FloatType,
  isFloat,
  readTensorIndex,
  type TensorEntry,
} from '../onnx/safetensors.ts';
import { decodeText } from '../onnx/text.ts';
import { ConfigFileError, WeightsNotFoundError } from './errors.ts';
import { type Folder, readAll } from './folder.ts';

/** A network's tensors, read one at a time from a file or from several. */
export interface Checkpoint {
  readonly tensors: ReadonlyMap<string, Pick<TensorEntry, 'shape' | 'dtype'>>;
  read(tensor: string): Promise<{ dtype: FloatType; bytes: Uint8Array<ArrayBuffer> }>;
}

/** Where a network's config and weights may lie: diffusers' folders, or one folder with everything side by side. */
export interface NetworkPlaces {
  readonly title: string;
  readonly folders: readonly string[];
  readonly prefixes: readonly string[];
}

export const PLACES = {
  unet: { title: 'U-Net', folders: ['unet'], prefixes: ['unet'] },
  poseEncoder: { title: 'pose encoder', folders: ['pose_encoder'], prefixes: ['pose_encoder'] },
  autoencoder: { title: 'autoencoder', folders: ['vae', 'autoencoder'], prefixes: ['vae', 'autoencoder'] },
  scheduler: { title: 'scheduler', folders: ['scheduler'], prefixes: ['scheduler'] },
} as const satisfies Record<string, NetworkPlaces>;

const WEIGHT_FILES = ['diffusion_pytorch_model', 'diffusion_pytorch_model.fp16', 'model'];

export interface Found<T> {
  readonly path: string;
  readonly config: T;
  /** Paths without their ending of what may hold its weights, likeliest first. */
  readonly stems: readonly string[];
}

export async function findConfig<T>(folder: Folder, places: NetworkPlaces): Promise<Found<T> | undefined> {
  for (const { path, stems } of configPlaces(places)) {
    const source = await folder.open(path);
    if (source) return { path, config: (await readJson(source, path)) as T, stems };
  }
  return undefined;
}

export async function needConfig<T>(folder: Folder, places: NetworkPlaces): Promise<Found<T>> {
  const found = await findConfig<T>(folder, places);
  if (found) return found;
  const looked = configPlaces(places).map(({ path }) => path);
  throw new WeightsNotFoundError(folder.name, `config of the ${places.title}`, looked);
}

function configPlaces({ folders, prefixes }: NetworkPlaces): { path: string; stems: string[] }[] {
  return [
    ...folders.flatMap((folder) =>
      ['config.json', 'scheduler_config.json'].map((file) => ({
        path: `${folder}/${file}`,
        stems: WEIGHT_FILES.map((stem) => `${folder}/${stem}`),
      })),
    ),
    ...prefixes.map((prefix) => ({ path: `${prefix}_config.json`, stems: [prefix] })),
  ];
}

export async function readJson(source: ByteSource, path: string): Promise<Record<string, unknown>> {
  if (source.size > 16 * 1024 * 1024) throw new ConfigFileError(path, 'it is too large for a config');
  let json: unknown;
  try {
    json = JSON.parse(decodeText(await readAll(source)));
  } catch {
    throw new ConfigFileError(path, 'it is not JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new ConfigFileError(path, 'it is not a JSON object');
  }
  return json as Record<string, unknown>;
}

/** `rename` gives a tensor's present name for one that older releases of diffusers used. */
export async function openCheckpoint(
  folder: Folder,
  title: string,
  stems: readonly string[],
  rename?: (name: string) => string,
): Promise<Checkpoint> {
  for (const stem of stems) {
    const whole = await folder.open(`${stem}.safetensors`);
    if (whole) return checkpointOf([await openFile(whole, `${stem}.safetensors`)], rename);
    const index = await folder.open(`${stem}.safetensors.index.json`);
    if (index) return checkpointOf(await openShards(folder, index, `${stem}.safetensors.index.json`), rename);
  }
  const looked = stems.map((stem) => `${stem}.safetensors`);
  throw new WeightsNotFoundError(folder.name, `weights of the ${title}`, looked);
}

/**
 * One file that holds every network's tensors, each under its network's name (`unet.conv_in.weight`). Undefined for a
 * file of another kind.
 */
export async function openWhole(
  folder: Folder,
  path: string,
): Promise<((places: NetworkPlaces, rename?: (name: string) => string) => Checkpoint) | undefined> {
  const source = await folder.open(path);
  if (source === undefined) throw new WeightsNotFoundError(folder.name, 'weights', [path]);
  const file = await openFile(source, path);
  const prefixes = Object.values(PLACES).flatMap((places: NetworkPlaces) => places.prefixes);
  const names = [...file.tensors.keys()];
  const isNamed = (name: string) => prefixes.some((prefix) => name.startsWith(`${prefix}.`));
  if (!names.some(isNamed)) return undefined;
  const strangers = names.filter((name) => !isNamed(name));
  if (strangers.length > 0) throw new TensorUnexpectedError('file', strangers);
  return (places, rename) => {
    const tensors = new Map<string, TensorEntry>();
    for (const [name, entry] of file.tensors) {
      const prefix = places.prefixes.find((each) => name.startsWith(`${each}.`));
      if (prefix !== undefined) tensors.set(name.slice(prefix.length + 1), entry);
    }
    return checkpointOf([{ ...file, tensors }], rename);
  };
}

interface TensorFile {
  readonly path: string;
  readonly source: ByteSource;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

const openFile = async (source: ByteSource, path: string): Promise<TensorFile> => ({
  path,
  source,
  tensors: await readTensorIndex(source, path),
});

async function openShards(folder: Folder, index: ByteSource, indexPath: string): Promise<TensorFile[]> {
  const { weight_map: map } = await readJson(index, indexPath);
  if (typeof map !== 'object' || map === null) throw new ConfigFileError(indexPath, 'it has no weight_map');
  const names = [...new Set(Object.values(map))];
  const base = indexPath.slice(0, indexPath.lastIndexOf('/') + 1);
  const files: TensorFile[] = [];
  for (const name of names) {
    if (typeof name !== 'string' || name.includes('/'))
      throw new ConfigFileError(indexPath, 'its weight_map is damaged');
    const source = await folder.open(base + name);
    if (!source) throw new WeightsNotFoundError(folder.name, 'shard of the weights', [base + name]);
    files.push(await openFile(source, base + name));
  }
  return files;
}

function checkpointOf(
  files: readonly TensorFile[],
  rename: (name: string) => string = (name) => name,
): Checkpoint {
  const places = new Map<string, { file: TensorFile; entry: TensorEntry }>();
  for (const file of files) {
    for (const [stored, entry] of file.tensors) {
      const name = rename(stored);
      if (places.has(name)) throw new TensorFileError(file.path, `${name} is there twice`);
      places.set(name, { file, entry });
    }
  }
  return {
    tensors: new Map([...places].map(([name, { entry }]) => [name, entry])),
    async read(name) {
      const place = places.get(name);
      if (place === undefined) throw new Error(`${name} is not in the checkpoint`);
      const { file, entry } = place;
      if (!isFloat(entry.dtype)) throw new TensorTypeError(name, entry.dtype);
      return { dtype: entry.dtype, bytes: await file.source.read(entry.offset, entry.bytes) };
    },
  };
}

/** The autoencoder's attention before diffusers 0.15. */
export function presentAutoencoderName(name: string): string {
  return name.replace(
    /(mid_block\.attentions\.\d+)\.(query|key|value|proj_attn)\./,
    (_, block: string, part: string) =>
      `${block}.${{ query: 'to_q', key: 'to_k', value: 'to_v', proj_attn: 'to_out.0' }[part]}.`,
  );
}
