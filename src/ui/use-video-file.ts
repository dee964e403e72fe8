import { type RefObject, useEffect } from 'react';

/** Shows a file in a video element for as long as the element stands. */
export function useVideoFile(video: RefObject<HTMLVideoElement | null>, file: Blob): void {
  useEffect(() => {
    const element = video.current;
    if (!element) return;
    const url = URL.createObjectURL(file);
    element.src = url;
    return () => {
      // An address that is taken back while the element still reads from it is a failed request.
      element.removeAttribute('src');
      element.load();
      URL.revokeObjectURL(url);
    };
  }, [video, file]);
}
