/** `npm run check:doors`: every room imports only what the table of rooms in docs/ARCHITECTURE.md lets it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faultsOf, type Imported, roomsIn } from './doors.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const HOUSE = ['src', 'workers'];
/** Static and dynamic imports, re-exports, workers and shaders: whatever names a file of the house. */
const IMPORT =
  /^(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s+)?'(\.[^']+)'|\bimport\('(\.[^']+)'\)|new URL\('(\.[^']+)', import\.meta\.url\)/gm;

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    const path = posix.join(folder, entry.name);
    // What tests need is their own affair.
    if (entry.isDirectory()) {
      if (entry.name !== 'testing') yield* sources(path);
    } else if (/\.tsx?$/.test(path) && !/\.test\.tsx?$|\.d\.ts$/.test(path)) yield path;
  }
}

function importsOf(file: string): Imported[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(IMPORT)].map(([statement, isType, from, dynamic, url]) => ({
    file,
    target: posix.join(posix.dirname(file), (from ?? dynamic ?? url ?? '').replace(/\?.*$/, '')),
    isType: isType !== undefined || onlyTypes(statement),
  }));
}

/** `import { type A, type B } from ...` leaves nothing behind either. */
function onlyTypes(statement: string): boolean {
  const names = /\{([^}]*)\}/.exec(statement)?.[1];
  const parts = names?.split(',').filter((name) => name.trim() !== '') ?? [];
  return /^import\s+\{/.test(statement) && parts.length > 0 && parts.every((name) => /^\s*type\s/.test(name));
}

const rooms = roomsIn(readFileSync(join(ROOT, 'docs/ARCHITECTURE.md'), 'utf8'));
const files = HOUSE.flatMap((folder) => [...sources(folder)]);
const faults = faultsOf(rooms, files.flatMap(importsOf));
for (const fault of faults) console.error(fault);
if (faults.length > 0) {
  console.error(
    '\nThe table of rooms in docs/ARCHITECTURE.md says what may be imported: change the design first.',
  );
  process.exit(1);
}
