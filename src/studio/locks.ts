/** Who may do what among several tabs of one browser. */
export interface Locks {
  /** Waits for its turn, and gives a function that lets go again. */
  hold(name: string, mode?: 'shared' | 'exclusive', signal?: AbortSignal): Promise<() => void>;
  /** The same without waiting: null where somebody else has it. */
  tryHold(name: string, mode?: 'shared' | 'exclusive'): Promise<(() => void) | null>;
}

/** The browser's own; a tab that dies lets go of all that it held. */
export const tabLocks = (locks: LockManager): Locks => ({
  hold: (name, mode = 'exclusive', signal) =>
    request(locks, name, { mode, ...(signal && { signal }) }) as Promise<() => void>,
  tryHold: (name, mode = 'exclusive') => request(locks, name, { mode, ifAvailable: true }),
});

function request(locks: LockManager, name: string, options: LockOptions): Promise<(() => void) | null> {
  return new Promise((granted, refused) => {
    locks
      .request(name, options, (lock) => {
        if (!lock) return granted(null);
        return new Promise<void>((letGo) => granted(letGo));
      })
      .catch(refused);
  });
}

/** Among those who share this object, where the browser has none. */
export class OwnLocks implements Locks {
  readonly #held = new Map<string, { mode: 'shared' | 'exclusive'; holders: number }>();
  #waiting: (() => boolean)[] = [];

  async tryHold(name: string, mode: 'shared' | 'exclusive' = 'exclusive'): Promise<(() => void) | null> {
    const held = this.#held.get(name);
    if (held && (held.mode === 'exclusive' || mode === 'exclusive')) return null;
    const mine = held ?? { mode, holders: 0 };
    mine.holders++;
    this.#held.set(name, mine);
    let isMine = true;
    return () => {
      if (!isMine) return;
      isMine = false;
      if (--mine.holders === 0) this.#held.delete(name);
      this.#waiting = this.#waiting.filter((isServed) => !isServed());
    };
  }

  hold(name: string, mode: 'shared' | 'exclusive' = 'exclusive', signal?: AbortSignal): Promise<() => void> {
    return new Promise((granted, refused) => {
      if (signal?.aborted) return refused(signal.reason);
      const serve = () => {
        if (signal?.aborted) return true;
        const held = this.#held.get(name);
        if (held && (held.mode === 'exclusive' || mode === 'exclusive')) return false;
        void this.tryHold(name, mode).then((letGo) => letGo && granted(letGo));
        return true;
      };
      signal?.addEventListener('abort', () => refused(signal.reason), { once: true });
      if (!serve()) this.#waiting.push(serve);
    });
  }
}
