import { useEffect, useState } from 'react';
import { useChoices } from '../state/choices.ts';
import { useDevice } from '../state/device.ts';
import { useJob } from '../state/job.ts';
import { forgetEverything, storedBytes } from '../state/storage.ts';
import { missingOffline } from '../state/updates.ts';
import { Action } from './controls.tsx';
import { Notice } from './Message.tsx';
import { Sheet } from './Sheet.tsx';
import { bytes, secondsEach } from './words.ts';

export function DeviceSheet({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Sheet title="This device" open={open} onClose={onClose}>
      <DeviceFacts />
      <Stored />
    </Sheet>
  );
}

function DeviceFacts() {
  const { info, hasWebGpu, graphicsAreSoftware, isIsolated, cores, notices } = useDevice();
  const pack = useChoices((choices) => choices.pack);
  const seconds = useJob((job) => job.secondsPerFrame);
  const packBytes = info && Object.values(info.manifest.files).reduce((sum, file) => sum + file.bytes, 0);

  return (
    <>
      <dl className="facts">
        <dt>Painting runs on</dt>
        <dd>
          {info
            ? info.backend === 'webgpu'
              ? `WebGPU: ${info.device}`
              : 'The processor (WASM)'
            : hasWebGpu && !graphicsAreSoftware
              ? 'WebGPU, once a dance is painted'
              : 'The processor, once a dance is painted'}
        </dd>
        <dt>Precision</dt>
        <dd>
          {info
            ? info.precision === 'f16'
              ? 'Half (f16)'
              : 'Full (f32)'
            : 'Chosen when the model is loaded'}
        </dd>
        <dt>Threads</dt>
        <dd>{info ? info.threads : isIsolated ? `Up to ${cores}` : 'One'}</dd>
        <dt>Poses</dt>
        <dd>MediaPipe, on the processor, in a worker of its own</dd>
        <dt>Model</dt>
        <dd>
          {info ? info.manifest.name : pack.name}
          {packBytes !== null && `, ${bytes(packBytes)}`}
        </dd>
        {info && (
          <>
            <dt>Licence</dt>
            <dd>{info.manifest.licence}</dd>
            <dt>Made from</dt>
            <dd>{info.manifest.provenance}</dd>
          </>
        )}
        <MemoryFact />
        <dt>Speed</dt>
        <dd>{seconds === null ? 'Not measured yet' : secondsEach(seconds)}</dd>
      </dl>
      {graphicsAreSoftware && info?.backend !== 'webgpu' && (
        <Notice
          what="This browser’s WebGPU is computed by the processor, so the processor paints directly, which is faster."
          remedy="Turn hardware acceleration on in the browser’s settings, if this device has a graphics processor."
        />
      )}
      {hasWebGpu === false && !info && (
        <Notice
          what="This browser offers no WebGPU, so the processor paints: slower, with the same result."
          remedy="A current Chrome, Edge or Safari offers it, on most devices with a graphics processor."
        />
      )}
      {!isIsolated && (
        <Notice
          what="The page is not isolated, so the processor paints with one thread in place of several."
          remedy="Reload the page once: from the second visit on it isolates itself. In a private window it may not."
        />
      )}
      {[...new Set([...(info?.notices ?? []), ...notices])].map((notice) => (
        <Notice key={notice} what={notice} />
      ))}
    </>
  );
}

type Measure = () => Promise<{ readonly bytes: number }>;

/** What page and workers hold, where the browser tells: Chrome and Edge do, of isolated pages, after some seconds. */
function MemoryFact() {
  const [held, setHeld] = useState<number | null>(null);
  const { measureUserAgentSpecificMemory } = performance as { measureUserAgentSpecificMemory?: Measure };
  const measure = crossOriginIsolated ? measureUserAgentSpecificMemory : undefined;

  useEffect(() => {
    let gone = false;
    measure?.call(performance).then(
      (memory) => gone || setHeld(memory.bytes),
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, [measure]);

  if (!measure) return null;
  return (
    <>
      <dt>Memory</dt>
      <dd>{held === null ? 'Measuring…' : `${bytes(held)}, without that of the graphics processor`}</dd>
    </>
  );
}

function Stored() {
  const [size, setSize] = useState<number | null>(null);
  const [sure, setSure] = useState(false);
  const [missing, setMissing] = useState<readonly string[]>();

  useEffect(() => {
    void storedBytes().then(setSize);
    void missingOffline().then(setMissing);
  }, []);

  const forget = async () => {
    await forgetEverything();
    location.reload();
  };

  return (
    <section className="stored" aria-labelledby="stored-title">
      <h3 id="stored-title">Kept on this device</h3>
      <p className="note">
        The model, and your dances with their photos, clips and frames
        {size !== null && size > 0 && `: ${bytes(size)}`}. They make the next visit quick, let you go on where
        you stopped, and never leave this device.
      </p>
      {missing && (
        <p className="note">
          {missing.length === 0
            ? 'The page works without a network.'
            : `Without a network, this is still missing: ${missing.join(', ')}. It stays here once it was used.`}
        </p>
      )}
      {sure ? (
        <div className="sure">
          <p>Everything goes: the model, your photo and clip, every frame.</p>
          <Action
            icon="trash"
            label="Yes, forget everything"
            className="danger"
            onClick={() => void forget()}
          />
          <Action label="Keep it" onClick={() => setSure(false)} />
        </div>
      ) : (
        <Action icon="trash" label="Forget everything" onClick={() => setSure(true)} />
      )}
    </section>
  );
}
