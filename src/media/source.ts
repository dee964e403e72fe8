import { BlobSource } from 'mediabunny';
import { DamagedFileError } from './errors.ts';

type Read = (start: number, end: number, ...limits: number[]) => unknown;

/** No sound reader comes back to one place so often before it lets the page breathe. */
const MOST_VISITS = 10_000;

/**
 * A file for mediabunny to read. In damaged WebM files, version 1.61.0 looks for the next element (`resync` in its
 * ebml.ts) at the same place for ever, without a pause in which a time-out could fire: the page would hang. Every read
 * passes through `_read`, which the library's types leave out, so that such a search is ended there. The guard can go
 * once `resync` always moves on or gives up.
 */
export class GuardedSource extends BlobSource {
  /** How often each place was read since the page last had its turn. */
  readonly #visits = new Map<number, number>();

  _read: Read = (start, end, ...limits) => {
    if (this.#visits.size === 0) setTimeout(() => this.#visits.clear());
    const visits = (this.#visits.get(start) ?? 0) + 1;
    this.#visits.set(start, visits);
    if (visits > MOST_VISITS) throw new DamagedFileError('video');
    const { _read: read } = BlobSource.prototype as unknown as { _read: Read };
    return read.call(this, start, end, ...limits);
  };
}
