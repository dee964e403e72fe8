import { useRef } from 'react';
import { changeSettings, isEmptyStudio, useChoices } from '../state/choices.ts';
import { useDevice } from '../state/device.ts';
import { tryExample, useExamples } from '../state/examples.ts';
import { dismissJobProblem, isBusy, start, stop, useJob } from '../state/job.ts';
import type { Film } from '../studio/index.ts';
import { Action } from './controls.tsx';
import { ExampleLoops } from './Examples.tsx';
import { FilmStrip } from './FilmStrip.tsx';
import { Notice, ProblemMessage } from './Message.tsx';
import { Picture } from './Picture.tsx';
import { Player } from './Player.tsx';
import { Resume } from './Resume.tsx';
import { SaveBar } from './SaveBar.tsx';
import { useReelGround } from './use-ground.ts';
import { bytes, duration, frames, secondsEach } from './words.ts';

export function ResultPanel() {
  const job = useJob();
  const { film, ready, problem } = job;
  /** The frame on the screen: the one that is copied. It changes too often to be drawn anew with it. */
  const shown = useRef(0);

  return (
    <section className="panel result" id="result" aria-labelledby="result-title" tabIndex={-1}>
      <h2 id="result-title" className="hidden-visually">
        Result
      </h2>
      {film && ready.length > 0 ? (
        <Player film={film} ready={ready} complete={ready.length === film.keys.length} shown={shown} />
      ) : (
        <Curtain />
      )}
      <Progress />
      <SlowGraphics />
      {!isSecureContext && (
        <Notice
          what="This page came over plain http, where browsers lock what it needs to read clips and to paint."
          remedy="Open it over https, or on the machine that serves it as http://localhost."
        />
      )}
      {problem && <ProblemMessage problem={problem} onDismiss={dismissJobProblem} />}
      {film && ready.length > 0 && !isBusy(job) && <SaveBar film={film} shown={shown} />}
      <FilmStrip />
    </section>
  );
}

/** The stage before the first frame. */
function Curtain() {
  const { status, film } = useJob();
  const empty = useChoices(isEmptyStudio);
  const starting = useExamples((examples) => examples.starting);
  return (
    <div className="stage curtain">
      <div className="spot" aria-hidden="true" />
      {status === 'loading' || status === 'running' ? (
        <>
          {status === 'running' && film && <WaitingPicture film={film} />}
          <p className="curtain-line">
            {status === 'loading' ? 'Getting ready…' : `The first of ${frames(film?.keys.length ?? 0)}…`}
          </p>
        </>
      ) : empty || starting ? (
        <>
          <ExampleLoops />
          <p className="headline">Make a photo dance.</p>
          <p className="subline">
            Bring a photo of a person and a clip of somebody dancing. Pirouette paints the person in the photo
            into the dance, on your own device. Nothing is uploaded.
          </p>
          <Action
            icon="play"
            label={starting ? 'On its way…' : 'See an example'}
            className="primary large"
            disabled={starting}
            onClick={() => void tryExample()}
          />
          <Resume />
        </>
      ) : (
        <>
          <p className="curtain-line">The stage is yours.</p>
          <Resume />
        </>
      )}
    </div>
  );
}

function WaitingPicture({ film }: { film: Film }) {
  const ground = useReelGround(film);
  return <div className="waiting">{ground && <Picture image={ground} />}</div>;
}

/** The first frame waits for what is done once; without a word it would look like a standstill. */
function FirstFrame({ film }: { film: Film }) {
  const onGpu = useDevice(({ info }) => info?.backend === 'webgpu');
  const { width, height } = film.motion.size;
  return (
    <div className="progress" role="status">
      <div className="bar unknown">
        <i style={{ width: '35%' }} />
      </div>
      <p>
        {onGpu
          ? `WebGPU compiles the model for ${width} × ${height}, once for each size. Then the frames come quickly.`
          : 'The model looks at the photo, and paints the first frame. The others take less.'}
      </p>
    </div>
  );
}

/** WebGPU was asked for where the processor plays it: that works, and takes minutes. */
function SlowGraphics() {
  const busy = useJob(isBusy);
  const isSoftware = useDevice((device) => device.graphicsAreSoftware);
  const backend = useChoices((choices) => choices.settings.backend);
  if (!busy || !isSoftware || backend !== 'webgpu') return null;

  const paintOnProcessor = () => {
    stop();
    changeSettings({ backend: 'auto' });
    void start();
  };
  return (
    <Notice what="Here the processor plays WebGPU, which takes minutes for a frame or two. On its own it is many times faster.">
      <Action label="Let the processor paint" onClick={paintOnProcessor} />
    </Notice>
  );
}

function Progress() {
  const job = useJob();
  const progress = useDevice((device) => device.progress);
  const { status, film, ready, secondsPerFrame } = job;
  if (!isBusy(job)) return null;

  if (job.isElsewhere) {
    return (
      <div className="progress" role="status">
        <p>Another tab is painting this dance. What it leaves unpainted is painted here.</p>
      </div>
    );
  }
  if (status === 'loading') {
    const share = progress ? progress.loadedBytes / Math.max(1, progress.totalBytes) : null;
    return (
      <div className="progress" role="status">
        <div className={`bar ${share === null ? 'unknown' : ''}`}>
          <i style={{ width: `${share === null ? 35 : 100 * share}%` }} />
        </div>
        <p>
          {progress && share !== null && share < 1
            ? `Fetching the model: ${bytes(progress.loadedBytes)} of ${bytes(progress.totalBytes)}`
            : 'Warming up the model'}
        </p>
      </div>
    );
  }
  if (film && ready.length === 0) return <FirstFrame film={film} />;
  const total = film?.keys.length ?? 0;
  const left = total - ready.length;
  return (
    <div className="progress">
      <div
        className="bar"
        role="progressbar"
        aria-label="Frames done"
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={ready.length}
      >
        <i style={{ width: `${(100 * ready.length) / Math.max(1, total)}%` }} />
      </div>
      <p>
        <span>
          {ready.length} of {frames(total)}
        </span>
        {secondsPerFrame !== null && <span>{secondsEach(secondsPerFrame)}</span>}
        <span>
          {status === 'paused'
            ? 'paused'
            : secondsPerFrame !== null
              ? `about ${duration(left * secondsPerFrame)} left`
              : 'measuring…'}
        </span>
      </p>
    </div>
  );
}
