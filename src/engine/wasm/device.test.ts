import { describe, expect, it } from 'vitest';
import { gaussianNoise } from '../../scd/noise.ts';
import { attentionGraph } from './attention.ts';
import { attendInSlices, HostPlace, WasmDevice } from './device.ts';
import { Session, startRuntime } from './runtime.ts';

const tokens = (batch: number, count: number, stream: number) =>
  new HostPlace([batch, count, 32], gaussianNoise(batch * count * 32, 1, stream));

describe('attention', () => {
  startRuntime(1);

  it('is the same in slices', async () => {
    const session = await Session.create('attention', attentionGraph(2, 16));
    const [query, key, value] = [tokens(1, 40, 0), tokens(1, 100, 1), tokens(1, 100, 2)];
    const [whole, sliced] = [new HostPlace([1, 40, 32]), new HostPlace([1, 40, 32])];
    const call = { query, key, value, first: 0, count: 1 };
    await attendInSlices(session, 2, { ...call, result: whole });
    // Room for the logits of 15 queries: three slices, the last one shorter.
    await attendInSlices(session, 2, { ...call, result: sliced }, 3000);
    expect(sliced.data).toEqual(whole.data);
    session.dispose();
  });

  it("is each member's own, with as many of the reference's tokens as it sees", async () => {
    const device = new WasmDevice();
    const kernel = await device.attention(2, 16);
    const [query, key, value] = [tokens(3, 6, 0), tokens(3, 6, 1), tokens(3, 6, 2)];
    const reference = { key: tokens(1, 9, 3), value: tokens(1, 9, 4) };
    const result = new HostPlace([3, 6, 32]);
    const together = { query, key, value, result };
    await device.attend([
      kernel.bind({ ...together, first: 0, count: 1, reference }),
      kernel.bind({ ...together, first: 1, count: 2 }),
    ]);
    for (const [member, sees] of [reference, undefined, undefined].entries()) {
      const own = ({ data }: HostPlace) =>
        new HostPlace([1, 6, 32], data.slice(member * 192, (member + 1) * 192));
      const alone = new HostPlace([1, 6, 32]);
      const call = { query: own(query), key: own(key), value: own(value), result: alone };
      await device.attend([kernel.bind({ ...call, first: 0, count: 1, reference: sees })]);
      expect(result.data.slice(member * 192, (member + 1) * 192)).toEqual(alone.data);
    }
    device.dispose();
  });
});
