/**
 * The buffers of one device that are ours: ONNX Runtime keeps its own books.
 *
 * Tensors come and go with every step, mostly in the same few sizes, so their buffers are kept for the next one. That
 * is safe without waiting: the queue finishes the work that reads a buffer before it starts the work that writes it anew.
 */
export class Buffers {
  readonly #gpu: GPUDevice;
  readonly #all = new Set<GPUBuffer>();
  readonly #idle = new Map<number, GPUBuffer[]>();

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /** Buffers that somebody still holds. */
  get held(): number {
    let idle = 0;
    for (const list of this.#idle.values()) idle += list.length;
    return this.#all.size - idle;
  }

  /** For values that shaders read and write; its contents are whatever was there before. */
  take(bytes: number): GPUBuffer {
    // Bindings are counted in words of four bytes.
    const size = Math.ceil(bytes / 4) * 4;
    return this.#idle.get(size)?.pop() ?? this.#create(size);
  }

  give(buffer: GPUBuffer): void {
    if (!this.#all.has(buffer)) return;
    const list = this.#idle.get(buffer.size) ?? [];
    list.push(buffer);
    this.#idle.set(buffer.size, list);
  }

  /** Frees what nobody holds. */
  trim(): void {
    for (const list of this.#idle.values()) {
      for (const buffer of list) {
        this.#all.delete(buffer);
        buffer.destroy();
      }
    }
    this.#idle.clear();
  }

  #create(size: number): GPUBuffer {
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const buffer = this.#gpu.createBuffer({ label: 'tensor', size, usage: STORAGE | COPY_SRC | COPY_DST });
    this.#all.add(buffer);
    return buffer;
  }
}
