import { MicrophoneError } from '../errors.ts';

/** Asks for the microphone alone; whoever asks stops the track. */
export async function openMicrophone(): Promise<MediaStreamAudioTrack> {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    return stream.getAudioTracks()[0] as MediaStreamAudioTrack;
  } catch (error) {
    throw new MicrophoneError({ cause: error });
  }
}
