import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JOINT_COUNT } from '../../src/pose/body.ts';

type Fields = Readonly<Record<string, unknown>>;
/** What is wrong with a field's value, if anything. */
type Check = (value: unknown, field: string, folder: string) => string | null;

const PAIR: Readonly<Record<string, Check>> = {
  reference: picture,
  referenceJoints: pose,
  target: picture,
  targetJoints: pose,
  mask: (value, field, folder) => (value === undefined ? null : picture(value, field, folder)),
};
const CLIP: Readonly<Record<string, Check>> = {
  reference: picture,
  referenceJoints: pose,
  joints: poses,
  still: picture,
};

/** What keeps a folder from being a set of pairs (and clips), a sentence each. */
export function faultsOfSet(folder: string): string[] {
  const pairs = readEntries(folder, 'pairs.json');
  if (typeof pairs === 'string') return [pairs];
  if (pairs.length === 0) return [`${join(folder, 'pairs.json')} has no pairs.`];
  const clips = existsSync(join(folder, 'clips.json')) ? readEntries(folder, 'clips.json') : [];
  if (typeof clips === 'string') return [clips];
  return [...faultsOf(folder, 'Pair', pairs, PAIR), ...faultsOf(folder, 'Clip', clips, CLIP)];
}

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

function faultsOf(
  folder: string,
  name: string,
  entries: readonly Fields[],
  checks: Readonly<Record<string, Check>>,
): string[] {
  return entries.flatMap((entry, index) =>
    Object.entries(checks)
      .map(([field, check]) => check(entry[field], field, folder))
      .filter((fault) => fault !== null)
      .map((fault) => `${name} ${index + 1}: ${fault}`),
  );
}

function picture(file: unknown, field: string, folder: string): string | null {
  if (typeof file !== 'string') return `there is no ${field}.`;
  return existsSync(join(folder, file)) ? null : `${file} is not there.`;
}

function pose(joints: unknown, field: string): string | null {
  return isPose(joints) ? null : `${field} must be ${JOINT_COUNT} joints, each [x, y, seen], [x, y] or null.`;
}

function poses(frames: unknown, field: string): string | null {
  return Array.isArray(frames) && frames.length > 0 && frames.every(isPose)
    ? null
    : `${field} must be a list of poses, each of ${JOINT_COUNT} joints.`;
}

function isPose(joints: unknown): boolean {
  return Array.isArray(joints) && joints.length === JOINT_COUNT && joints.every(isJoint);
}

function isJoint(joint: unknown): boolean {
  if (joint === null) return true;
  return Array.isArray(joint) && (joint.length === 2 || joint.length === 3) && joint.every(Number.isFinite);
}
