import { describe, expect, it } from 'vitest';
import { within } from './deadline.ts';
import { MediaTimeoutError } from './errors.ts';

describe('waiting for a step', () => {
  it('ends with a named error when nothing happens', async () => {
    await expect(within('Waiting', new Promise(() => {}), 0.02)).rejects.toThrow(MediaTimeoutError);
  });

  it('hands on what the step gives, or its fault', async () => {
    await expect(within('Waiting', Promise.resolve(7))).resolves.toBe(7);
    await expect(within('Waiting', Promise.reject(new RangeError('own')))).rejects.toThrow(RangeError);
  });
});
