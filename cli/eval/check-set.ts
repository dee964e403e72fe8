import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const JOINTS = 18;

/** What keeps a folder from being a set of pairs (and clips), a sentence each. */
export function faultsOfSet(folder: string): string[] {
  const pairs = readEntries(folder, 'pairs.json');
  if (typeof pairs === 'string') return [pairs];
  if (pairs.length === 0) return [`${join(folder, 'pairs.json')} has no pairs.`];
  const clips = existsSync(join(folder, 'clips.json')) ? readEntries(folder, 'clips.json') : [];
  if (typeof clips === 'string') return [clips];
  return [
    ...pairs.flatMap((pair, index) => {
      const of = new Entry(folder, `Pair ${index + 1}`, pair);
      return [
        of.picture('reference'),
        of.joints('referenceJoints'),
        of.picture('target'),
        of.joints('targetJoints'),
        pair.mask === undefined ? [] : of.picture('mask'),
      ].flat();
    }),
    ...clips.flatMap((clip, index) => {
      const of = new Entry(folder, `Clip ${index + 1}`, clip);
      return [
        of.picture('reference'),
        of.joints('referenceJoints'),
        of.frames('joints'),
        of.picture('still'),
      ].flat();
    }),
  ];
}

type Fields = Readonly<Record<string, unknown>>;

function readEntries(folder: string, file: string): readonly Fields[] | string {
  const path = join(folder, file);
  if (!existsSync(path)) return `${folder} has no ${file}.`;
  try {
    const read: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const isList = Array.isArray(read) && read.every((entry) => typeof entry === 'object' && entry !== null);
    return isList ? read : `${path} is not a list of entries.`;
  } catch {
    return `${path} is not JSON.`;
  }
}

class Entry {
  readonly #folder: string;
  readonly #name: string;
  readonly #fields: Fields;

  constructor(folder: string, name: string, fields: Fields) {
    this.#folder = folder;
    this.#name = name;
    this.#fields = fields;
  }

  picture(field: string): string[] {
    const file = this.#fields[field];
    if (typeof file !== 'string') return [`${this.#name} has no ${field}.`];
    return existsSync(join(this.#folder, file)) ? [] : [`${this.#name}: ${file} is not there.`];
  }

  joints(field: string): string[] {
    return isPose(this.#fields[field])
      ? []
      : [`${this.#name}: ${field} must be ${JOINTS} joints, each [x, y, seen], [x, y] or null.`];
  }

  frames(field: string): string[] {
    const poses = this.#fields[field];
    return Array.isArray(poses) && poses.length > 0 && poses.every(isPose)
      ? []
      : [`${this.#name}: ${field} must be a list of poses, each of ${JOINTS} joints.`];
  }
}

function isPose(joints: unknown): boolean {
  return Array.isArray(joints) && joints.length === JOINTS && joints.every(isJoint);
}

function isJoint(joint: unknown): boolean {
  if (joint === null) return true;
  return Array.isArray(joint) && (joint.length === 2 || joint.length === 3) && joint.every(Number.isFinite);
}
