import { useState } from 'react';

export interface NumberInputProps {
  readonly label: string;
  readonly value: number | null;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly placeholder?: string;
  /** Null where the field was left empty. */
  readonly onChange: (value: number | null) => void;
}

/** A number between two bounds. While it is being typed it may be beyond them: 256 begins with a 2. */
export function NumberInput({ label, value, min, max, step = 1, placeholder, onChange }: NumberInputProps) {
  const [typed, setTyped] = useState<string | null>(null);

  const bounded = (number: number) => (Number.isNaN(number) ? null : Math.min(max, Math.max(min, number)));

  return (
    <input
      type="number"
      className="input number"
      aria-label={label}
      value={typed ?? value ?? ''}
      min={min}
      max={max}
      step={step}
      placeholder={placeholder}
      onChange={(event) => {
        const { value: text, valueAsNumber } = event.target;
        setTyped(text);
        // What is already a possible value counts at once; the rest when the field is left.
        if (bounded(valueAsNumber) === valueAsNumber || text === '') onChange(bounded(valueAsNumber));
      }}
      onBlur={(event) => {
        setTyped(null);
        if (typed !== null) onChange(bounded(event.target.valueAsNumber));
      }}
    />
  );
}
