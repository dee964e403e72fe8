import { CopyRefusedError, FileAccessError } from '../errors.ts';

type SavePicker = (options: {
  suggestedName: string;
  types: { accept: Record<string, string[]> }[];
}) => Promise<FileSystemFileHandle>;

function savePicker(): SavePicker | null {
  return 'showSaveFilePicker' in window ? (window.showSaveFilePicker as SavePicker) : null;
}

/** Whether a result can be written straight to a place of the person's choice while it is made. */
export function canPickSaveFile(): boolean {
  return savePicker() !== null;
}

/** Asks where to save; null when the person closes the question. Needs a click or key just before. */
export async function pickSaveFile(name: string, type: string): Promise<FileSystemFileHandle | null> {
  const extension = name.slice(name.lastIndexOf('.'));
  try {
    const pick = savePicker();
    return pick && (await pick({ suggestedName: name, types: [{ accept: { [type]: [extension] } }] }));
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return null;
    throw new FileAccessError({ cause: error });
  }
}

/** Hands a finished file to the browser's downloads. */
export function download(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser reads the file after the click; a minute is ample for it to begin.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A PNG to the clipboard. */
export async function copyStill(png: Blob): Promise<void> {
  try {
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })]);
  } catch (error) {
    throw new CopyRefusedError({ cause: error });
  }
}
