import { BlobSource } from 'mediabunny';
import { DamagedFileError } from './errors.ts';

type Read = (start: number, end: number, ...limits: number[]) => unknown;

/** No sound reader asks for the same bytes so often in a row. */
const MOST_REPEATS = 10_000;

/**
 * A file for mediabunny to read. In damaged WebM files, version 1.61.0 (`resync` in its ebml.ts) asks for the last
 * eight bytes for ever and never yields, so that no time-out could fire and the page would hang. Every read passes
 * through `_read`, which the library's types leave out; the guard there can go once a failing `resync` ends.
 */
export class GuardedSource extends BlobSource {
  #start = -1;
  #end = -1;
  #repeats = 0;

  _read: Read = (start, end, ...limits) => {
    this.#repeats = start === this.#start && end === this.#end ? this.#repeats + 1 : 0;
    this.#start = start;
    this.#end = end;
    if (this.#repeats > MOST_REPEATS) throw new DamagedFileError('video');
    const { _read: read } = BlobSource.prototype as unknown as { _read: Read };
    return read.call(this, start, end, ...limits);
  };
}
