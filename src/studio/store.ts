/**
 * Where films live. Everything is written once and whole, under a name that follows its content, so that two tabs that
 * write the same thing do each other no harm:
 *
 *   films/ID/record      the film, as it was begun
 *   films/ID/keys        its frames' names, to count those that are done without reading the record
 *   films/ID/card.json   its name and what the list shows; the only file that changes
 *   films/ID/picture     a frame of it, for the list
 *   raw/LOOK/KEY.png     frames as the model made them
 *   files/ID             photos and clips
 *
 * Nothing goes without being asked for: `remove` marks a film, and `sweep` deletes what was marked, and of frames and
 * files what no other film needs.
 */
import type { Film } from './film.ts';
import type { Folder } from './folder.ts';
import { FrameStore } from './frames.ts';
import type { Locks } from './locks.ts';
import { readRecord, writeRecord } from './record.ts';
import type { Size } from './settings.ts';

/** A film as the list shows it. */
export interface Card {
  readonly id: string;
  readonly look: string;
  readonly name: string;
  /** When it was begun, in milliseconds since 1970. */
  readonly made: number;
  readonly total: number;
  readonly size: Size;
  readonly seconds: number;
  /** When the person let it go; it is still there, until it is swept away. */
  readonly removed?: number;
}

export interface Entry extends Card {
  readonly done: number;
  readonly picture: Blob | null;
}

/** Held by whoever shows or paints a film: what is in use is not swept away. */
export const inUse = (id: string): string => `film-in-use-${id}`;
/** Held for a moment by whoever writes films or sweeps: a file that a film counts on must not go between two looks. */
const WRITING = 'films-writing';

export class Store {
  readonly #root: Folder | Promise<Folder>;
  readonly locks: Locks;

  constructor(root: Folder | Promise<Folder>, locks: Locks) {
    this.#root = root;
    this.locks = locks;
  }

  /** Writes a film down, once; one that is there already only comes back into the list. */
  async keep(film: Film, name: string, files: ReadonlyMap<string, Blob>): Promise<void> {
    await this.#writing(async () => {
      const kept = await (await this.#root).folder('files');
      for (const [id, file] of files) if (!(await kept.read(id))) await kept.write(id, file);
      const folder = await this.#film(film.id);
      const before = await readCard(folder);
      if (before && (await folder.read('record'))) {
        const { removed: _, ...card } = before;
        return folder.write('card.json', JSON.stringify(card));
      }
      await folder.write('record', writeRecord(film));
      await folder.write('keys', film.keys.join('\n'));
      const { size, frameRate } = film.motion;
      const total = film.keys.length;
      const card: Card = {
        ...{ id: film.id, look: film.look, name, made: Date.now() },
        ...{ total, size, seconds: total / frameRate },
      };
      // Last: a film without a card is none, and nobody sees half of one.
      await folder.write('card.json', JSON.stringify(card));
    });
  }

  /** All films, the newest first; those that were let go as well. */
  async list(): Promise<Entry[]> {
    const films = await (await this.#root).folder('films');
    const looks = new Map<string, Promise<ReadonlySet<string>>>();
    const entries = await Promise.all(
      (await films.names()).map(async (id) => {
        const folder = await films.folder(id);
        const card = await readCard(folder);
        if (!card) return [];
        const frames = looks.get(card.look) ?? this.#frameNames(card.look);
        looks.set(card.look, frames);
        const there = await frames;
        const done = (await readKeys(folder)).filter((key) => there.has(key)).length;
        return [{ ...card, done, picture: await folder.read('picture') }];
      }),
    );
    return entries.flat().sort((a, b) => b.made - a.made);
  }

  async film(id: string): Promise<Film | null> {
    const record = await (await this.#film(id)).read('record');
    const film = record && (await readRecord<Film>(record));
    return film?.version === 1 ? film : null;
  }

  /** A photo's or a clip's file. */
  async file(id: string): Promise<Blob | null> {
    return (await (await this.#root).folder('files')).read(id);
  }

  async frames(look: string): Promise<FrameStore> {
    return FrameStore.open(await (await (await this.#root).folder('raw')).folder(look));
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#changeCard(id, (card) => ({ ...card, name }));
  }

  async picture(id: string, picture: Blob): Promise<void> {
    const folder = await this.#film(id);
    if (await readCard(folder)) await folder.write('picture', picture);
  }

  async remove(id: string): Promise<void> {
    await this.#changeCard(id, (card) => ({ ...card, removed: Date.now() }));
  }

  async restore(id: string): Promise<void> {
    await this.#changeCard(id, ({ removed: _, ...card }) => card);
  }

  /** Deletes the films that were let go before this time, but for those that some tab still shows. */
  async sweep(before = Date.now()): Promise<void> {
    for (const { id, removed } of await this.list()) {
      if (removed === undefined || removed > before) continue;
      const letGo = await this.locks.tryHold(inUse(id));
      if (!letGo) continue;
      try {
        await this.#writing(() => this.#delete(id));
      } finally {
        letGo();
      }
    }
  }

  async #delete(id: string): Promise<void> {
    const films = await (await this.#root).folder('films');
    const film = await this.film(id);
    const card = await readCard(await films.folder(id));
    // Another tab may have brought it back meanwhile.
    if (card?.removed === undefined) return;
    await films.remove(id);
    if (!film) return;
    const others = (await Promise.all((await films.names()).map((name) => this.film(name)))).filter(
      (other) => other !== null,
    );
    const files = await (await this.#root).folder('files');
    const needed = new Set(others.flatMap(filesOf));
    for (const file of filesOf(film)) if (!needed.has(file)) await files.remove(file);

    const raw = await (await this.#root).folder('raw');
    const sharing = others.filter(({ look }) => look === film.look);
    if (sharing.length === 0) return raw.remove(film.look);
    const shown = new Set(sharing.flatMap(({ keys }) => keys));
    const frames = await FrameStore.open(await raw.folder(film.look));
    for (const key of new Set(film.keys)) if (!shown.has(key)) await frames.remove(key);
  }

  async #frameNames(look: string): Promise<ReadonlySet<string>> {
    return FrameStore.names(await (await (await this.#root).folder('raw')).folder(look));
  }

  async #changeCard(id: string, change: (card: Card) => Card): Promise<void> {
    await this.#writing(async () => {
      const folder = await this.#film(id);
      const card = await readCard(folder);
      if (card) await folder.write('card.json', JSON.stringify(change(card)));
    });
  }

  async #writing(work: () => Promise<void>): Promise<void> {
    const letGo = await this.locks.hold(WRITING);
    try {
      await work();
    } finally {
      letGo();
    }
  }

  async #film(id: string): Promise<Folder> {
    return (await (await this.#root).folder('films')).folder(id);
  }
}

/** The names under which a film's photos and clip are kept. */
const filesOf = ({ photos, dance }: Film): string[] => [
  ...photos.map(({ id }) => id),
  ...(dance.clip ? [dance.clip.id] : []),
];

async function readCard(folder: Folder): Promise<Card | null> {
  try {
    return JSON.parse((await (await folder.read('card.json'))?.text()) ?? 'null');
  } catch {
    return null;
  }
}

const readKeys = async (folder: Folder): Promise<string[]> =>
  ((await (await folder.read('keys'))?.text()) ?? '').split('\n').filter(Boolean);
