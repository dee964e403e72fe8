import { type RefObject, useEffect, useRef, useState } from 'react';
import { changeSettings, useChoices } from '../state/choices.ts';
import { reelOf } from '../state/job.ts';
import { media, pageMedia } from '../state/media.ts';
import { type Problem, problemOf } from '../state/problem.ts';
import { type Film, type Format, fileName, type Layout, viewOf } from '../studio/index.ts';
import { Action, Segmented, Switch } from './controls.tsx';
import { Icon } from './Icon.tsx';
import { ProblemMessage } from './Message.tsx';
import { Sheet } from './Sheet.tsx';
import { bytes } from './words.ts';

const FORMATS: readonly (readonly [Format, string, string])[] = [
  ['mp4', 'MP4 video', 'Plays everywhere, with the clip’s sound'],
  ['webm', 'WebM video', 'Smaller, for the web, with sound'],
  ['gif', 'GIF', 'Loops anywhere, few colours, no sound'],
  ['webp', 'Animated WebP', 'Loops in browsers, full colour, no sound'],
  ['png', 'PNG frames', 'Every frame untouched, in a zip'],
];

type Save = { readonly format: Format; readonly share: number } | { readonly saved: string } | null;

interface SaveBarProps {
  readonly film: Film;
  /** The frame on the screen. */
  readonly shown: RefObject<number>;
}

export function SaveBar({ film, shown }: SaveBarProps) {
  const [open, setOpen] = useState(false);
  const [copied, setCopied] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const settings = useChoices((choices) => choices.settings);

  const copy = async () => {
    try {
      setProblem(null);
      const reel = reelOf(film);
      if (!reel) return;
      const { copyStill } = await pageMedia();
      await copyStill(await reel.still(shown.current, viewOf(settings)));
      setCopied(true);
    } catch (error) {
      setProblem(problemOf(error));
    }
  };

  return (
    <div className="save-bar">
      <Action icon="download" label="Save the dance" className="primary" onClick={() => setOpen(true)} />
      <Action
        icon={copied ? 'check' : 'copy'}
        label={copied ? 'Copied' : 'Copy this frame'}
        onClick={() => void copy()}
      />
      <span className="made-with">Seed {film.settings.seed}</span>
      {problem && <ProblemMessage problem={problem} onDismiss={() => setProblem(null)} />}
      <Sheet title="Save the dance" open={open} onClose={() => setOpen(false)}>
        <SaveChoices film={film} />
      </Sheet>
    </div>
  );
}

function SaveChoices({ film }: { film: Film }) {
  const settings = useChoices((choices) => choices.settings);
  const [layout, setLayout] = useState<Layout>('result');
  const [sound, setSound] = useState(true);
  const [support, setSupport] = useState<{ mp4: boolean; webm: boolean } | null>(null);
  const [save, setSave] = useState<Save>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const writing = useRef<AbortController>(undefined);

  useEffect(() => {
    void media().then(async ({ videoSupport }) => setSupport(await videoSupport()));
    return () => writing.current?.abort();
  }, []);

  const write = async (format: Format) => {
    writing.current = new AbortController();
    setProblem(null);
    setSave({ format, share: 0 });
    try {
      const reel = reelOf(film);
      if (!reel) return setSave(null);
      const { blob, notes } = await reel.save(
        { format, view: viewOf(settings, layout), sound },
        { signal: writing.current.signal, onProgress: (share) => setSave({ format, share }) },
      );
      const name = fileName(film, format);
      const { download } = await pageMedia();
      download(blob, name);
      setSave({ saved: [`${name}, ${bytes(blob.size)}, is in your downloads.`, ...notes].join(' ') });
    } catch (error) {
      setProblem(problemOf(error));
      setSave(null);
    }
  };

  const busy = save !== null && 'format' in save;
  return (
    <>
      <div className="save-options">
        <Segmented<Layout>
          label="Layout"
          value={layout}
          options={[
            ['result', 'The dance'],
            ['beside', 'Photo, pose and dance'],
          ]}
          onChange={setLayout}
        />
        {film.dance.clip?.hasSound && <Switch label="With sound" checked={sound} onChange={setSound} />}
        <Switch
          label="Write “AI-generated” on it"
          checked={settings.visibleMark}
          onChange={(checked) => changeSettings({ visibleMark: checked })}
        />
      </div>
      <ul className="formats">
        {FORMATS.map(([format, name, line]) => {
          const unsupported = support !== null && (format === 'mp4' || format === 'webm') && !support[format];
          return (
            <li key={format}>
              <button
                type="button"
                className="format"
                disabled={busy || unsupported}
                onClick={() => void write(format)}
              >
                <Icon name="download" />
                <span className="format-name">{name}</span>
                <span className="format-line">{unsupported ? 'This browser cannot write it' : line}</span>
                {save && 'format' in save && save.format === format && (
                  <span className="bar">
                    <i style={{ width: `${save.share * 100}%` }} />
                  </span>
                )}
              </button>
            </li>
          );
        })}
      </ul>
      <div role="status" className="save-status">
        {save && 'saved' in save && <p>{save.saved}</p>}
        {busy && <Action icon="close" label="Cancel saving" onClick={() => writing.current?.abort()} />}
      </div>
      {problem && <ProblemMessage problem={problem} />}
      <p className="note">
        Every file says in its metadata that it is AI-generated, and keeps its settings and seed, so that it
        can be made again.
      </p>
    </>
  );
}
