import type { EncodedPacketSink } from 'mediabunny';

export interface FrameRate {
  readonly frameRate: number;
  readonly variableFrameRate: boolean;
}

/** Enough for ten seconds of film; more would make opening a long clip slow. */
const PACKETS_LOOKED_AT = 300;

const USUAL_RATES = [
  12,
  15,
  24_000 / 1001,
  24,
  25,
  30_000 / 1001,
  30,
  48,
  50,
  60_000 / 1001,
  60,
  90,
  120,
  240,
];

export async function measureRate(packets: EncodedPacketSink): Promise<FrameRate> {
  const times: number[] = [];
  for await (const packet of packets.packets(undefined, undefined, { metadataOnly: true })) {
    times.push(packet.timestamp);
    if (times.length === PACKETS_LOOKED_AT) break;
  }
  return rateOf(times);
}

/** From the frames' times, in any order: B-frames are stored out of order. */
export function rateOf(times: readonly number[]): FrameRate {
  const sorted = [...times].sort((a, b) => a - b);
  const intervals = sorted.slice(1).map((time, i) => time - (sorted[i] ?? 0));
  if (sorted[0] === sorted.at(-1)) {
    return { frameRate: 1, variableFrameRate: false };
  }
  // Not the first nor the last: B-frames cut off where we stopped reading, or where somebody cut the clip without
  // encoding it again, leave holes there.
  const inner = intervals.length > 16 ? intervals.slice(4, -4) : intervals;
  const mean = inner.reduce((sum, interval) => sum + interval, 0) / inner.length;
  const spread = inner.reduce((most, interval) => Math.max(most, Math.abs(interval - mean)), 0);
  return { frameRate: usualRate(1 / mean), variableFrameRate: spread > Math.max(0.0021, mean * 0.1) };
}

/** 29.98 measured on a few rounded times is 29.97 in truth. */
function usualRate(measured: number): number {
  const distance = (rate: number) => Math.abs(rate - measured) / rate;
  const nearest = USUAL_RATES.reduce((best, rate) => (distance(rate) < distance(best) ? rate : best));
  return distance(nearest) < 0.002 ? nearest : measured;
}
