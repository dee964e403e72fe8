import { useEffect, useRef } from 'react';

/** A picture on the page; without a label it is decoration. */
export function Picture({ image, label }: { image: ImageBitmap | OffscreenCanvas; label?: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);

  useEffect(() => {
    const element = canvas.current;
    if (!element || image.width === 0) return;
    element.width = image.width;
    element.height = image.height;
    element.getContext('2d')?.drawImage(image, 0, 0);
  }, [image]);

  const role = label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label };
  return <canvas ref={canvas} className="picture" {...role} />;
}
