import { type ReactNode, useId } from 'react';
import { Icon, type IconName } from './Icon.tsx';

interface ActionProps {
  readonly icon?: IconName;
  readonly label: string;
  readonly onClick: () => void;
  /** Shows the icon alone; the label is still its name. */
  readonly iconOnly?: boolean;
  readonly className?: string;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
}

export function Action({ icon, label, onClick, iconOnly, className = '', pressed, disabled }: ActionProps) {
  return (
    <button
      type="button"
      className={`button ${iconOnly ? 'icon-only' : ''} ${className}`}
      aria-label={iconOnly ? label : undefined}
      title={iconOnly ? label : undefined}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      {icon && <Icon name={icon} />}
      {!iconOnly && label}
    </button>
  );
}

interface SegmentedProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  readonly onChange: (value: T) => void;
}

export function Segmented<T extends string>({ label, value, options, onChange }: SegmentedProps<T>) {
  const name = useId();
  return (
    <fieldset className="segmented-set">
      <legend className="hidden-visually">{label}</legend>
      <div className="segmented">
        {options.map(([option, text]) => (
          <label key={option}>
            <input
              type="radio"
              name={name}
              value={option}
              checked={option === value}
              onChange={() => onChange(option)}
            />
            {text}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface SwitchProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly labelHidden?: boolean;
}

export function Switch({ label, checked, onChange, labelHidden }: SwitchProps) {
  return (
    <label className="switch">
      <input
        type="checkbox"
        role="switch"
        checked={checked}
        aria-label={labelHidden ? label : undefined}
        onChange={(event) => onChange(event.target.checked)}
      />
      {!labelHidden && label}
    </label>
  );
}

interface PickFileProps {
  readonly label: string;
  readonly icon: IconName;
  readonly accept: string;
  readonly onPick: (files: File[]) => void;
  readonly className?: string;
  readonly iconOnly?: boolean;
  readonly directory?: boolean;
  readonly multiple?: boolean;
}

/** A file input that looks like the other buttons and stays one for keyboard and screen reader. */
export function PickFile({
  label,
  icon,
  accept,
  onPick,
  className = '',
  iconOnly,
  directory,
  multiple,
}: PickFileProps) {
  return (
    <label
      className={`button pick ${iconOnly ? 'icon-only' : ''} ${className}`}
      title={iconOnly ? label : undefined}
    >
      <Icon name={icon} />
      <span className={iconOnly ? 'hidden-visually' : undefined}>{label}</span>
      <input
        type="file"
        className="hidden-visually"
        accept={accept}
        multiple={directory || multiple}
        {...(directory && { webkitdirectory: '' })}
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          // The same file may be chosen again after a fault.
          event.target.value = '';
          if (files.length > 0) onPick(files);
        }}
      />
    </label>
  );
}

export function Field({ label, hint, children }: { label: string; hint: string; children: ReactNode }) {
  return (
    <div className="field">
      <span className="label">{label}</span>
      <span className="hint">{hint}</span>
      <div className="control">{children}</div>
    </div>
  );
}
