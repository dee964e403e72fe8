import { useState } from 'react';
import { changeSettings, useChoices } from '../state/choices.ts';
import { media } from '../state/media.ts';
import { type Problem, problemOf } from '../state/problem.ts';
import {
  type Aspect,
  DEFAULT_SETTINGS,
  knownSettings,
  type Settings,
  type SizeChoice,
  stepsOf,
} from '../state/settings.ts';
import { Action, Field, PickFile, Segmented, Switch } from './controls.tsx';
import { ProblemMessage } from './Message.tsx';
import { PackField } from './PackField.tsx';
import { Sheet } from './Sheet.tsx';

const ASPECTS: readonly (readonly [Aspect, string])[] = [
  ['photo', 'As the photo'],
  ['1:1', 'Square, 1:1'],
  ['3:4', 'Portrait, 3:4'],
  ['9:16', 'Phone, 9:16'],
  ['4:3', 'Landscape, 4:3'],
  ['16:9', 'Wide, 16:9'],
];

export function SettingsSheet({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Sheet title="Settings" open={open} onClose={onClose}>
      <SettingsForm />
    </Sheet>
  );
}

function SettingsForm() {
  const settings = useChoices((choices) => choices.settings);
  const clipRate = useChoices((choices) => choices.clip?.clip.info.frameRate ?? null);

  return (
    <>
      <Field label="Shape" hint="The photo’s own shape keeps the most of it.">
        <select
          className="select"
          aria-label="Shape"
          value={settings.aspect}
          onChange={(event) => changeSettings({ aspect: event.target.value as Aspect })}
        >
          {ASPECTS.map(([aspect, name]) => (
            <option key={aspect} value={aspect}>
              {name}
            </option>
          ))}
        </select>
      </Field>
      <Field
        label="Size"
        hint="The model knows its standard size best; large takes more than twice the time."
      >
        <Segmented<SizeChoice>
          label="Size"
          value={settings.size}
          options={[
            ['small', 'S'],
            ['standard', 'M'],
            ['large', 'L'],
          ]}
          onChange={(size) => changeSettings({ size })}
        />
      </Field>
      <Field label="Frame rate" hint="Fewer frames are sooner done; a draft takes half of the clip’s.">
        <select
          className="select"
          aria-label="Frame rate"
          value={settings.frameRate ?? ''}
          onChange={(event) =>
            changeSettings({ frameRate: event.target.value === '' ? null : Number(event.target.value) })
          }
        >
          <option value="">By quality</option>
          {clipRate !== null && (
            <option value={clipRate}>The clip’s, {clipRate.toFixed(2).replace(/\.?0+$/, '')}</option>
          )}
          {[30, 25, 15, 12, 8].map((rate) => (
            <option key={rate} value={rate}>
              {rate} a second
            </option>
          ))}
        </select>
      </Field>
      <Field label="Seed" hint="The same seed and settings give the same dance again.">
        <NumberInput
          label="Seed"
          value={settings.seed}
          min={0}
          max={4294967295}
          onChange={(seed) => changeSettings({ seed: seed ?? 0 })}
        />
        <Action
          icon="dice"
          label="Another seed"
          iconOnly
          onClick={() => changeSettings({ seed: crypto.getRandomValues(new Uint32Array(1))[0] ?? 0 })}
        />
      </Field>
      <Field label="Guidance" hint="How strongly the photo is obeyed. Above 1 takes twice the time.">
        <NumberInput
          label="Guidance"
          value={settings.guidance}
          placeholder="Auto"
          min={1}
          max={10}
          step={0.1}
          onChange={(guidance) => changeSettings({ guidance })}
        />
      </Field>
      <Field label="Still background" hint="Holds the photo’s own background wherever nobody is.">
        <Switch
          label="Still background"
          labelHidden
          checked={settings.steadyBackground}
          onChange={(steadyBackground) => changeSettings({ steadyBackground })}
        />
      </Field>
      <PackField />
      <Field label="Compute on" hint="The graphics processor where there is one, else the processor.">
        <select
          className="select"
          aria-label="Compute on"
          value={settings.backend}
          onChange={(event) => changeSettings({ backend: event.target.value as Settings['backend'] })}
        >
          <option value="auto">Best available</option>
          <option value="webgpu">WebGPU</option>
          <option value="wasm">Processor</option>
        </select>
      </Field>
      <Advanced settings={settings} />
      <SettingsFromResult />
    </>
  );
}

function Advanced({ settings }: { settings: Settings }) {
  return (
    <details className="advanced">
      <summary>Advanced</summary>
      <Field label="Steps" hint="Denoising steps a frame. Draft takes 4, good 10, best 25.">
        <NumberInput
          label="Steps"
          value={settings.steps}
          placeholder={String(stepsOf({ ...settings, steps: null }))}
          min={1}
          max={100}
          onChange={(steps) => changeSettings({ steps })}
        />
      </Field>
      <Field label="Exact size" hint="In pixels, to the nearest 64. It takes the place of shape and size.">
        <NumberInput
          label="Width"
          value={settings.width}
          placeholder="Auto"
          min={128}
          max={1280}
          onChange={(width) => changeSettings({ width })}
        />
        <NumberInput
          label="Height"
          value={settings.height}
          placeholder="Auto"
          min={128}
          max={1280}
          onChange={(height) => changeSettings({ height })}
        />
      </Field>
      <Field
        label="Randomness (eta)"
        hint="0 paints the same way every time; 1 adds fresh noise at each step."
      >
        <NumberInput
          label="Randomness"
          value={settings.eta}
          min={0}
          max={1}
          step={0.1}
          onChange={(eta) => changeSettings({ eta: eta ?? 0 })}
        />
      </Field>
      <Field label="Precision" hint="Half is faster where the device has it; full is safest.">
        <select
          className="select"
          aria-label="Precision"
          value={settings.precision}
          onChange={(event) => changeSettings({ precision: event.target.value as Settings['precision'] })}
        >
          <option value="auto">Best available</option>
          <option value="f16">Half (f16)</option>
          <option value="f32">Full (f32)</option>
        </select>
      </Field>
      <Field label="Threads" hint="Of the processor. Leave it empty for as many as help.">
        <NumberInput
          label="Threads"
          value={settings.threads || null}
          placeholder="Auto"
          min={1}
          max={64}
          onChange={(threads) => changeSettings({ threads: threads ?? 0 })}
        />
      </Field>
      <Field
        label="Look at the photo at every step"
        hint="The paper’s plain variant: about twice the work, for comparison."
      >
        <Switch
          label="Look at the photo at every step"
          labelHidden
          checked={settings.interaction === 'mutual'}
          onChange={(mutual) => changeSettings({ interaction: mutual ? 'mutual' : 'causal' })}
        />
      </Field>
      <Field label="Show the photo’s pose to the model" hint="Off only for comparison: the likeness suffers.">
        <Switch
          label="Show the photo’s pose to the model"
          labelHidden
          checked={settings.referencePose}
          onChange={(referencePose) => changeSettings({ referencePose })}
        />
      </Field>
    </details>
  );
}

/** A result knows how it was made: its settings can be taken up again. */
function SettingsFromResult() {
  const [said, setSaid] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);

  const take = async (file: File) => {
    setProblem(null);
    setSaid(null);
    try {
      const { readAbout } = await media();
      const about = await readAbout(file);
      if (!about) {
        setProblem({
          message: `${file.name} does not say how it was made.`,
          remedy: 'Choose a file that Pirouette saved.',
        });
        return;
      }
      changeSettings({ ...knownSettings(about.settings), seed: about.seed });
      setSaid('Its settings and seed are taken.');
    } catch (error) {
      setProblem(problemOf(error));
    }
  };

  return (
    <div className="settings-foot">
      <PickFile
        label="Settings of a saved result"
        icon="upload"
        accept="video/*,image/*,.zip"
        onPick={([file]) => file && void take(file)}
      />
      <Action
        icon="reset"
        label="All as at first"
        onClick={() => {
          changeSettings(DEFAULT_SETTINGS);
          setSaid('All settings are as at first.');
        }}
      />
      <p role="status">{said}</p>
      {problem && <ProblemMessage problem={problem} />}
    </div>
  );
}

interface NumberInputProps {
  readonly label: string;
  readonly value: number | null;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly placeholder?: string;
  readonly onChange: (value: number | null) => void;
}

function NumberInput({ label, value, min, max, step = 1, placeholder, onChange }: NumberInputProps) {
  return (
    <input
      type="number"
      className="input number"
      aria-label={label}
      value={value ?? ''}
      min={min}
      max={max}
      step={step}
      placeholder={placeholder}
      onChange={(event) => {
        const typed = event.target.valueAsNumber;
        onChange(Number.isNaN(typed) ? null : Math.min(max, Math.max(min, typed)));
      }}
    />
  );
}
