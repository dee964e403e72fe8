import { type ReactNode, useState } from 'react';
import { changeSettings, useChoices } from '../state/choices.ts';
import { media } from '../state/media.ts';
import { type Problem, problemOf } from '../state/problem.ts';
import {
  type Aspect,
  type Background,
  BOUNDS,
  DEFAULT_SETTINGS,
  knownSettings,
  type Settings,
  type SizeChoice,
  stepsOf,
} from '../studio/settings.ts';
import { Action, Field, PickFile, Segmented, Switch } from './controls.tsx';
import { ProblemMessage } from './Message.tsx';
import { NumberInput, type NumberInputProps } from './NumberInput.tsx';
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

const BACKGROUNDS: readonly (readonly [Background, string])[] = [
  ['photo', 'The photo’s'],
  ['still', 'Held still'],
  ['plain', 'One colour'],
  ['none', 'Transparent'],
];

const BACKENDS: readonly (readonly [Settings['backend'], string])[] = [
  ['auto', 'Best available'],
  ['webgpu', 'WebGPU'],
  ['wasm', 'Processor'],
];

const PRECISIONS: readonly (readonly [Settings['precision'], string])[] = [
  ['auto', 'Best available'],
  ['f16', 'Half (f16)'],
  ['f32', 'Full (f32)'],
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

  return (
    <>
      <SelectField
        label="Shape"
        hint="The photo’s own shape keeps the most of it."
        value={settings.aspect}
        options={ASPECTS}
        onChange={(aspect) => changeSettings({ aspect })}
      />
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
      <FrameRateField frameRate={settings.frameRate} />
      <SelectField
        label="Background"
        hint="Laid over the frames: changing it paints nothing again. Transparent is for WebP and PNG."
        value={settings.background}
        options={BACKGROUNDS}
        onChange={(background) => changeSettings({ background })}
      >
        {settings.background === 'plain' && (
          <input
            type="color"
            className="input colour"
            aria-label="Colour of the background"
            value={settings.plainColour}
            onChange={(event) => changeSettings({ plainColour: event.target.value })}
          />
        )}
      </SelectField>
      <SwitchField
        label="Detail from the photo"
        hint="Face, prints and background as the photo has them, where they fit and the model can. Off shows what it paints by itself."
        checked={settings.retouch}
        onChange={(retouch) => changeSettings({ retouch })}
      />
      <SwitchField
        label="Smooth over time"
        hint="Models that came with motion modules paint 24 frames at a time, which keeps them calm. That takes a fifth longer and more, and the first frames come late. Off paints one by one."
        checked={settings.smooth}
        onChange={(smooth) => changeSettings({ smooth })}
      />
      <Field label="Seed" hint="The same seed and settings give the same dance again.">
        <NumberInput
          label="Seed"
          value={settings.seed}
          min={BOUNDS.seed[0]}
          max={BOUNDS.seed[1]}
          onChange={(seed) => changeSettings({ seed: seed ?? 0 })}
        />
        <Action
          icon="dice"
          label="Another seed"
          iconOnly
          onClick={() => changeSettings({ seed: crypto.getRandomValues(new Uint32Array(1))[0] ?? 0 })}
        />
      </Field>
      <NumberField
        label="Guidance"
        hint="How strongly the photo is obeyed. Above 1 takes twice the time."
        value={settings.guidance}
        placeholder="Auto"
        min={BOUNDS.guidance[0]}
        max={BOUNDS.guidance[1]}
        step={0.1}
        onChange={(guidance) => changeSettings({ guidance })}
      />
      <PackField />
      <SelectField
        label="Compute on"
        hint="The graphics processor where there is one, else the processor."
        value={settings.backend}
        options={BACKENDS}
        onChange={(backend) => changeSettings({ backend })}
      />
      <Advanced settings={settings} />
      <SettingsFromResult />
    </>
  );
}

function FrameRateField({ frameRate }: Pick<Settings, 'frameRate'>) {
  const clipRate = useChoices((choices) => choices.clip?.clip.info.frameRate ?? null);
  const rates = [30, 25, 15, 12, 8].filter((rate) => rate !== clipRate);
  return (
    <SelectField
      label="Frame rate"
      hint="Fewer frames are sooner done; a draft takes half of the clip’s."
      value={String(frameRate ?? '')}
      options={[
        ['', 'By quality'],
        ...(clipRate === null ? [] : [[String(clipRate), `The clip’s, ${shortly(clipRate)}`] as const]),
        ...rates.map((rate) => [String(rate), `${rate} a second`] as const),
      ]}
      onChange={(rate) => changeSettings({ frameRate: rate === '' ? null : Number(rate) })}
    />
  );
}

const shortly = (rate: number) => rate.toFixed(2).replace(/\.?0+$/, '');

function Advanced({ settings }: { settings: Settings }) {
  return (
    <details className="advanced">
      <summary>Advanced</summary>
      <NumberField
        label="Steps"
        hint="Denoising steps a frame. Draft takes 4, good 10, best 25."
        value={settings.steps}
        placeholder={String(stepsOf({ ...settings, steps: null }))}
        min={BOUNDS.steps[0]}
        max={BOUNDS.steps[1]}
        onChange={(steps) => changeSettings({ steps })}
      />
      <Field label="Exact size" hint="In pixels, to the nearest 64. It takes the place of shape and size.">
        <NumberInput
          label="Width"
          value={settings.width}
          placeholder="Auto"
          min={BOUNDS.width[0]}
          max={BOUNDS.width[1]}
          onChange={(width) => changeSettings({ width })}
        />
        <NumberInput
          label="Height"
          value={settings.height}
          placeholder="Auto"
          min={BOUNDS.height[0]}
          max={BOUNDS.height[1]}
          onChange={(height) => changeSettings({ height })}
        />
      </Field>
      <NumberField
        label="Randomness (eta)"
        hint="0 paints the same way every time; 1 adds fresh noise at each step."
        value={settings.eta}
        min={0}
        max={1}
        step={0.1}
        onChange={(eta) => changeSettings({ eta: eta ?? 0 })}
      />
      <SelectField
        label="Precision"
        hint="Half is faster where the device has it; full is safest."
        value={settings.precision}
        options={PRECISIONS}
        onChange={(precision) => changeSettings({ precision })}
      />
      <NumberField
        label="Threads"
        hint="Of the processor. Leave it empty for as many as help."
        value={settings.threads || null}
        placeholder="Auto"
        min={1}
        max={BOUNDS.threads[1]}
        onChange={(threads) => changeSettings({ threads: threads ?? 0 })}
      />
      <SwitchField
        label="Look at the photo at every step"
        hint="The paper’s plain variant: about twice the work, for comparison."
        checked={settings.interaction === 'mutual'}
        onChange={(mutual) => changeSettings({ interaction: mutual ? 'mutual' : 'causal' })}
      />
      <SwitchField
        label="Show the photo’s pose to the model"
        hint="Off only for comparison: the likeness suffers."
        checked={settings.referencePose}
        onChange={(referencePose) => changeSettings({ referencePose })}
      />
    </details>
  );
}

interface SelectFieldProps<T extends string> {
  readonly label: string;
  readonly hint: string;
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  readonly onChange: (value: T) => void;
  readonly children?: ReactNode;
}

function SelectField<T extends string>({
  label,
  hint,
  value,
  options,
  onChange,
  children,
}: SelectFieldProps<T>) {
  return (
    <Field label={label} hint={hint}>
      {children}
      <select
        className="select"
        aria-label={label}
        value={value}
        onChange={(event) => onChange(event.target.value as T)}
      >
        {options.map(([option, name]) => (
          <option key={option} value={option}>
            {name}
          </option>
        ))}
      </select>
    </Field>
  );
}

function NumberField({ hint, ...input }: { readonly hint: string } & NumberInputProps) {
  return (
    <Field label={input.label} hint={hint}>
      <NumberInput {...input} />
    </Field>
  );
}

interface SwitchFieldProps {
  readonly label: string;
  readonly hint: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

function SwitchField({ label, hint, checked, onChange }: SwitchFieldProps) {
  return (
    <Field label={label} hint={hint}>
      <Switch label={label} labelHidden checked={checked} onChange={onChange} />
    </Field>
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
