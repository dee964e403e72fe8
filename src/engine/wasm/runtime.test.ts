import { describe, expect, it } from 'vitest';
import { NetworkError, OutOfMemoryError } from '../errors.ts';
import type { HostValues } from '../operations.ts';
import { attentionGraph } from './attention.ts';
import { Session, startRuntime } from './runtime.ts';

const WIDTH = 32;

function tokens(count: number): HostValues {
  return { data: new Float32Array(count * WIDTH).fill(1), shape: [1, count, WIDTH] };
}

describe('a session', () => {
  startRuntime(1);

  it('says that memory ran out when a picture has too many tokens, and goes on with a smaller one', async () => {
    const session = await Session.create('attention', attentionGraph(1, WIDTH));
    const run = (count: number) => session.run({ q: tokens(count), k: tokens(count), v: tokens(count) });
    // Logits of 17 GB.
    await expect(run(65_536)).rejects.toBeInstanceOf(OutOfMemoryError);
    await expect(run(16)).resolves.toHaveProperty('attention');
    session.dispose();
  });

  it('names the input that it lacks', async () => {
    const session = await Session.create('attention', attentionGraph(1, WIDTH));
    await expect(session.run({ q: tokens(4), k: tokens(4) })).rejects.toThrow(/attention.*input v/);
    session.dispose();
  });

  it('does not take a damaged graph', async () => {
    const graph = attentionGraph(1, WIDTH).slice(0, 200);
    await expect(Session.create('half a graph', graph)).rejects.toBeInstanceOf(NetworkError);
  });
});
