import {
  type AudioCodec,
  type AudioSample,
  AudioSampleSink,
  AudioSampleSource,
  type AudioSource,
  canEncodeAudio,
  EncodedAudioPacketSource,
  EncodedPacketSink,
  type InputAudioTrack,
  Quality,
} from 'mediabunny';
import type { Clip } from './clip.ts';
import { within } from './deadline.ts';
import type { Container } from './encoding.ts';

/** A part of a clip whose sound goes into a result; the result's time 0 is the part's start. */
export interface ClipSound {
  readonly clip: Clip;
  readonly start?: number;
  readonly end?: number;
}

/** Codecs whose packets a container takes as they are: no quality lost, and AAC can rarely be encoded by browsers. */
const COPIED: Readonly<Record<Container, readonly AudioCodec[]>> = {
  mp4: ['aac', 'opus', 'mp3'],
  webm: ['opus', 'vorbis'],
};

/** Feeds a result's sound in step with its frames, so that neither waits for long in memory. */
export interface SoundFeed {
  readonly source: AudioSource;
  /** Passes the sound on up to a time. */
  advance(until: number): Promise<void>;
  close(): Promise<void>;
}

/** Null when the clip has no sound, or none that this browser can carry over. */
export async function openSound(sound: ClipSound, container: Container): Promise<SoundFeed | null> {
  const track = sound.clip.soundTrack;
  const codec = await track?.getCodec();
  if (!track || !codec) return null;
  const start = sound.clip.origin + (sound.start ?? 0);
  const end = sound.clip.origin + Math.min(sound.end ?? Infinity, sound.clip.info.duration);
  if (COPIED[container].includes(codec)) return copyPackets(track, codec, container, start, end);
  return encodeAgain(track, container, start, end);
}

/** The times at which a step begins, in the result's own time. */
type Step = { readonly time: number; pass(): Promise<void>; drop(): void };

function feed(source: AudioSource, steps: AsyncGenerator<Step>): SoundFeed {
  let next: Step | null = null;
  let ended = false;
  return {
    source,
    async advance(until) {
      while (!ended) {
        if (next === null) {
          const { value, done } = await within('Reading the sound', steps.next());
          if (done) {
            ended = true;
            source.close();
            return;
          }
          next = value;
        }
        if (next.time > until) return;
        const step = next;
        next = null;
        await step.pass();
      }
    },
    async close() {
      ended = true;
      next?.drop();
      await steps.return(undefined);
    },
  };
}

function copyPackets(
  track: InputAudioTrack,
  codec: AudioCodec,
  container: Container,
  start: number,
  end: number,
): SoundFeed {
  const source = new EncodedAudioPacketSource(codec);
  async function* steps(): AsyncGenerator<Step> {
    const packets = new EncodedPacketSink(track);
    const decoderConfig = (await track.getDecoderConfig()) ?? undefined;
    // MP4 can say that its sound begins before time 0 is reached. So it begins one packet early: a decoder needs that
    // one for a clean first sample, and an edit list hides it.
    const lead = container === 'mp4' ? 1 : 0;
    const at = await packets.getPacket(start);
    const before = at && lead ? await packets.getPacket(at.timestamp - at.duration / 2) : at;
    const first = before ?? at ?? (await packets.getFirstPacket());
    if (first === null) return;
    for await (const packet of packets.packets(first)) {
      // Not past the end by more than half a packet: the sound must not outlast the picture.
      if (packet.timestamp + packet.duration / 2 > end) return;
      const time = packet.timestamp - start;
      if (container === 'webm' && time < 0) continue;
      const meta = decoderConfig && { decoderConfig };
      yield { time, pass: () => source.add(packet.clone({ timestamp: time }), meta), drop: () => {} };
    }
  }
  return feed(source, steps());
}

async function encodeAgain(
  track: InputAudioTrack,
  container: Container,
  start: number,
  end: number,
): Promise<SoundFeed | null> {
  if (!(await track.canDecode())) return null;
  const numberOfChannels = Math.min(2, await track.getNumberOfChannels());
  const candidates: AudioCodec[] = container === 'mp4' ? ['aac', 'opus'] : ['opus'];
  const quality = new Quality({ bitrate: 80_000 * numberOfChannels });
  for (const codec of candidates) {
    if (!(await canEncodeAudio(codec, { numberOfChannels, sampleRate: 48_000, quality }))) continue;
    const source = new AudioSampleSource({
      codec,
      quality,
      transform: { numberOfChannels, sampleRate: 48_000 },
    });
    return feed(source, encodeSteps(track, source, start, end));
  }
  return null;
}

async function* encodeSteps(
  track: InputAudioTrack,
  source: AudioSampleSource,
  start: number,
  end: number,
): AsyncGenerator<Step> {
  for await (const sample of new AudioSampleSink(track).samples(start, end)) {
    const part = trimmed(sample, start, end);
    if (part === null) continue;
    part.setTimestamp(part.timestamp - start);
    yield {
      time: part.timestamp,
      pass: async () => {
        await source.add(part);
        part.close();
      },
      drop: () => part.close(),
    };
  }
}

/** The piece of a sample that lies between start and end. The sample itself is closed. */
function trimmed(sample: AudioSample, start: number, end: number): AudioSample | null {
  const { timestamp, sampleRate, numberOfFrames } = sample;
  const frameAt = (time: number) =>
    Math.min(numberOfFrames, Math.max(0, Math.round((time - timestamp) * sampleRate)));
  const [from, to] = [frameAt(start), frameAt(end)];
  if (from === 0 && to === numberOfFrames) return sample;
  const part = to > from ? sample.trim(from, to) : null;
  sample.close();
  return part;
}
