/**
 * The table of rooms in docs/ARCHITECTURE.md, read as a rule. Its last column lists rooms by their folder's name;
 * `types of X` lets only types through, and `X/errors`, `X/api` or the like only that file or folder of the room.
 */
export interface Room {
  /** A folder, ending in a slash, or one file. */
  readonly path: string;
  readonly doors: readonly Door[];
}

export interface Door {
  readonly path: string;
  readonly onlyTypes: boolean;
}

export interface Imported {
  readonly file: string;
  readonly target: string;
  readonly isType: boolean;
}

export function roomsIn(document: string): readonly Room[] {
  const rows = [...document.matchAll(/^\| `((?:src|workers)[^`]*)` \|[^|]*\|([^|]*)\|$/gm)];
  if (rows.length === 0) throw new Error('There is no table of rooms.');
  return rows.map(([, path = '', doors = '']) => ({ path, doors: doorsIn(doors) }));
}

function doorsIn(column: string): Door[] {
  return column
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '-' && word !== '')
    .map((word) => {
      const [, types, name] = /^(types of )?`([^`]+)`$/.exec(word) ?? [];
      if (name === undefined) throw new Error(`"${word}" is no room.`);
      const isTopFolder = name === 'shaders' || name === 'workers';
      return { path: isTopFolder ? name : `src/${name}`, onlyTypes: types !== undefined };
    });
}

/** What is everybody's: the root of all errors. */
const HALL = 'src/errors.ts';
/** Entries stand outside of the rooms and put them together. */
const isEntry = (file: string) => /^src\/[^/]+\.tsx?$/.test(file) && file !== HALL;

/** A sentence for each import through a wall. */
export function faultsOf(rooms: readonly Room[], imports: readonly Imported[]): string[] {
  const roomOf = (path: string) =>
    rooms.find((room) => (room.path.endsWith('/') ? path.startsWith(room.path) : path === room.path));
  return imports.flatMap(({ file, target, isType }) => {
    if (isEntry(file)) return [];
    const from = roomOf(file);
    if (from === undefined) return [`${file}: its folder has no row in the table of rooms`];
    if (target === HALL || roomOf(target) === from) return [];
    const isOpen = from.doors.some(
      ({ path, onlyTypes }) =>
        (target === path || target.startsWith(`${path}/`) || target.startsWith(`${path}.`)) &&
        (isType || !onlyTypes),
    );
    return isOpen ? [] : [`${file} imports ${target}${isType ? ', its types only' : ''}`];
  });
}
