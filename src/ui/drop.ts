import { useEffect, useState } from 'react';
import { chooseClip, choosePoses } from '../state/choose-clip.ts';
import { choosePhoto } from '../state/choose-photo.ts';
import { media } from '../state/media.ts';
import { takeWeights } from './dropped-weights.ts';

const saysItIsAClip = ({ type, name }: File) =>
  type.startsWith('video/') || /\.(mp4|m4v|mov|webm|mkv|avi)$/i.test(name);

/** By its content, which names and types may misstate; by those where the content is neither. */
async function isClip(file: File): Promise<boolean> {
  const { kindOf } = await media();
  // What cannot be read is named by whoever opens it.
  const kind = await kindOf(file).catch(() => 'other');
  return kind === 'other' ? saysItIsAClip(file) : kind === 'video';
}

/** A file goes where its kind belongs, wherever on the page it was dropped. */
async function takeFile(file: File): Promise<void> {
  if (/\.json$/i.test(file.name)) await choosePoses(file, file.name);
  else if (await isClip(file)) await chooseClip(file, file.name);
  else await choosePhoto(file, file.name);
}

/** Takes files dropped on the page or pasted into it; true while something is held over the page. */
export function useDropAndPaste(): boolean {
  const [over, setOver] = useState(false);

  useEffect(() => {
    let depth = 0;
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const listeners = {
      dragenter: (event: DragEvent) => {
        if (holdsFiles(event)) setOver(++depth > 0);
      },
      dragleave: (event: DragEvent) => {
        if (holdsFiles(event)) setOver(--depth > 0);
      },
      dragover: (event: DragEvent) => {
        if (holdsFiles(event)) event.preventDefault();
      },
      drop: (event: DragEvent) => {
        event.preventDefault();
        depth = 0;
        setOver(false);
        if (event.dataTransfer && takeWeights(event.dataTransfer)) return;
        for (const file of event.dataTransfer?.files ?? []) void takeFile(file);
      },
      paste: (event: ClipboardEvent) => {
        for (const file of event.clipboardData?.files ?? []) void takeFile(file);
      },
    };
    for (const [name, listener] of Object.entries(listeners)) {
      window.addEventListener(name, listener as EventListener);
    }
    return () => {
      for (const [name, listener] of Object.entries(listeners)) {
        window.removeEventListener(name, listener as EventListener);
      }
    };
  }, []);

  return over;
}
