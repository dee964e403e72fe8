import { useEffect, useState } from 'react';
import { builtInModelBytes } from '../state/first-load.ts';
import { Sheet } from './Sheet.tsx';
import { bytes } from './words.ts';

/** What it is, how it works, what it needs, and whose it is. */
export function AboutSheet({ open, onClose }: { open: boolean; onClose: () => void }) {
  const [model, setModel] = useState<number | null>(null);

  useEffect(() => {
    if (open) void builtInModelBytes().then(setModel);
  }, [open]);

  return (
    <Sheet title="About" open={open} onClose={onClose}>
      <section className="about">
        <h3>How it works</h3>
        <p>
          One network looks at the photo once and remembers what it saw. Then it paints every frame of the
          dance afresh, from noise, looking at that memory and at the dancer’s pose. The method is Spatially
          Conditioned Diffusion (Cao and others, 2024).
        </p>
        <h3>What is loaded</h3>
        <p>
          The first dance needs the built-in model{model !== null && ` (${bytes(model)})`}, what runs it (14
          to 27 MB, by the device) and what finds people (about 23 MB). They come from this page’s own server
          while you look around, unless your browser saves data, and stay on this device.
        </p>
        <h3>What it cannot do</h3>
        <p>
          The built-in model is small and was trained on rendered people only. It keeps pose, colours and
          place; faces and hands come out soft, and what the photo does not show is invented.
        </p>
        <h3>Be kind</h3>
        <p>
          Animate yourself, your own characters, or people who said yes. Every result is marked as made by AI
          in its file. Nothing you choose leaves this device.
        </p>
        <h3>Whose it is</h3>
        <p>
          The code is open source under Apache-2.0. The built-in model and the examples were made from CC0
          material and are CC0. Finding people is the work of MediaPipe (Apache-2.0); ONNX Runtime (MIT) runs
          the networks.
        </p>
      </section>
    </Sheet>
  );
}
