import { PackFormatError, PackVersionError } from './errors.ts';
import { isObject, isPlainPath, type Json, parseJson } from './json.ts';
import { PACK_FORMAT, PACK_VERSION, type PackManifest } from './manifest.ts';
import { networkEntries } from './networks.ts';
import { partsOf } from './plan-networks.ts';
import { expectSizes } from './verify-part.ts';

/** Reads a pack.json. Its errors say what is wrong with it; the first fault is the one that is told. */
export function parseManifest(bytes: Uint8Array): PackManifest {
  const json = parsePackJson(bytes);
  const [fault] = manifestFaults(json);
  if (fault !== undefined) throw new PackFormatError(fault);
  const manifest = json as unknown as PackManifest;
  for (const part of partsOf(manifest)) expectSizes(manifest, part);
  return manifest;
}

/** What calls itself a pack, of a format that is known here; nothing more is sure. */
export function parsePackJson(bytes: Uint8Array): Json {
  let json: unknown;
  try {
    json = parseJson(bytes);
  } catch (error) {
    throw new PackFormatError(`pack.json is ${error instanceof RangeError ? 'too large' : 'not JSON'}`);
  }
  if (!isObject(json) || json.format !== PACK_FORMAT) {
    throw new PackFormatError(`pack.json does not call itself a ${PACK_FORMAT}`);
  }
  if (typeof json.version === 'number' && json.version > PACK_VERSION) {
    throw new PackVersionError(json.version, PACK_VERSION);
  }
  return json;
}

/** Everything that is wrong with a pack.json, each in a few words. */
export function manifestFaults(json: Json): string[] {
  const faults: string[] = [];
  const expect = (holds: boolean, fault: string): boolean => {
    if (!holds) faults.push(fault);
    return holds;
  };
  expect(json.version === PACK_VERSION, `version is ${JSON.stringify(json.version)}`);
  for (const key of ['name', 'licence', 'provenance'])
    expect(
      typeof json[key] === 'string' && json[key].length <= LONGEST_TEXT,
      `${key} is missing or too long`,
    );
  expect(
    json.precision === 'f16' || json.precision === 'f32',
    `precision is ${JSON.stringify(json.precision)}`,
  );
  expect(
    json.weights === undefined || (json.weights === 'int8' && json.precision === 'f16'),
    `weights is ${JSON.stringify(json.weights)}`,
  );

  const configs = isObject(json.configs) ? json.configs : {};
  const skeleton = isObject(json.skeleton) ? json.skeleton : {};
  for (const key of ['limbWidth', 'jointRadius'])
    expect(isPositive(skeleton[key], 1024), `skeleton.${key} is missing or out of bounds`);
  const defaults = isObject(json.defaults) ? json.defaults : {};
  for (const key of ['width', 'height']) {
    expect(
      isCount(defaults[key], 8192) && (defaults[key] as number) % 64 === 0,
      `defaults.${key} is no multiple of 64 up to 8192`,
    );
  }
  expect(isCount(defaults.steps, 1000), 'defaults.steps is not a count up to 1000');
  expect(
    isPositive(defaults.guidance, 1000) || defaults.guidance === 0,
    'defaults.guidance is not a number from 0 to 1000',
  );

  const files = isObject(json.files) ? json.files : {};
  expect(isObject(json.files), 'files is missing');
  for (const [path, entry] of Object.entries(files)) {
    expect(isPlainPath(path), `files names ${JSON.stringify(path)}, which leads out of the pack`);
    const { bytes, sha256 } = isObject(entry) ? entry : {};
    expect(Number.isSafeInteger(bytes) && (bytes as number) >= 0, `files has no size for ${path}`);
    expect(typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256), `files has no SHA-256 for ${path}`);
  }
  const expectPart = (part: unknown, name: string): void => {
    for (const key of ['graph', 'weights']) {
      const path = isObject(part) ? part[key] : undefined;
      if (expect(typeof path === 'string', `${name} has no ${key}`)) {
        expect(Object.hasOwn(files, path as string), `files does not list ${path}`);
      }
    }
  };
  for (const [key, network] of networkEntries()) {
    const names = Object.keys(network.parts);
    const isThere = [configs[key], ...names.map((name) => json[name])].some((each) => each !== undefined);
    if (!isThere && !network.isNeeded) continue;
    expect(isObject(configs[key]), `configs.${key} is missing`);
    for (const name of names) {
      const parts = json[name];
      if (!network.parts[name]?.isList) expectPart(parts, name);
      else if (expect(Array.isArray(parts) && parts.length > 0, `${name} lists no parts`))
        (parts as unknown[]).forEach((part, i) => void expectPart(part, `${name} part ${i}`));
    }
    faults.push(...(network.faults?.(json) ?? []));
  }
  return faults;
}

const isPositive = (value: unknown, most: number): boolean =>
  Number.isFinite(value) && (value as number) > 0 && (value as number) <= most;
const isCount = (value: unknown, most: number): boolean => Number.isInteger(value) && isPositive(value, most);

/** Characters of a name, a licence or an account of where the weights come from. */
const LONGEST_TEXT = 20_000;
