/** Bitmaps kept for playing; the rest is made again when its turn comes. */
const KEPT_BYTES = 192 * 2 ** 20;

/** Pictures by name, each made once however many ask for it; those asked for longest ago make room. */
export class Pictures {
  readonly #pictures = new Map<string, Promise<ImageBitmap>>();
  readonly #sizes = new Map<string, number>();
  readonly #room: number;
  #bytes = 0;

  constructor(room = KEPT_BYTES) {
    this.#room = room;
  }

  get count(): number {
    return this.#pictures.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The picture stays this store's: it may be closed once others have been asked for. */
  get(name: string, make: () => Promise<ImageBitmap>): Promise<ImageBitmap> {
    const kept = this.#pictures.get(name);
    if (kept) {
      this.#pictures.delete(name);
      this.#pictures.set(name, kept);
      return kept;
    }
    const making = make();
    this.#pictures.set(name, making);
    making.then(
      (image) => this.#count(name, making, image),
      () => this.#pictures.get(name) === making && this.#pictures.delete(name),
    );
    return making;
  }

  #count(name: string, making: Promise<ImageBitmap>, image: ImageBitmap): void {
    if (this.#pictures.get(name) !== making) {
      // It was cleared away while it was made.
      image.close();
      return;
    }
    const bytes = image.width * image.height * 4;
    this.#sizes.set(name, bytes);
    this.#bytes += bytes;
    for (const [oldest, size] of this.#oldestFirst()) {
      if (this.#bytes <= this.#room || this.#sizes.size <= 2) return;
      this.#drop(oldest, size);
    }
  }

  *#oldestFirst(): Generator<[string, number]> {
    for (const name of [...this.#pictures.keys()]) {
      const size = this.#sizes.get(name);
      if (size !== undefined) yield [name, size];
    }
  }

  #drop(name: string, size: number): void {
    const picture = this.#pictures.get(name);
    this.#pictures.delete(name);
    this.#sizes.delete(name);
    this.#bytes -= size;
    void picture?.then((image) => image.close());
  }

  clear(): void {
    for (const [name, size] of [...this.#sizes]) this.#drop(name, size);
    // What is still being made closes itself when it comes.
    this.#pictures.clear();
  }
}
