import { useState } from 'react';
import { type Device, useDevice } from '../state/device.ts';
import { Action } from './controls.tsx';
import { Icon } from './Icon.tsx';
import type { Place } from './place.ts';
import { isDark, showTheme } from './theme.ts';

interface HeaderProps {
  readonly place: Place;
  readonly onDevice: () => void;
  readonly onAbout: () => void;
}

export function Header({ place, onDevice, onAbout }: HeaderProps) {
  const device = useDevice();
  const [dark, setDark] = useState(isDark);

  return (
    <header className="header">
      <h1 className="wordmark">
        <img src="./icons/icon.svg" alt="" width="30" height="30" />
        Pirouette
      </h1>
      <p className="promise">Nothing leaves this device</p>
      <div className="header-actions">
        <a className="button quiet" href={place === 'live' ? '#' : '#live'}>
          <Icon name={place === 'live' ? 'image' : 'camera'} />
          {place === 'live' ? 'Studio' : 'Live'}
        </a>
        <button type="button" className="button quiet device-chip" onClick={onDevice}>
          <Icon name="cpu" />
          <span>{describeDevice(device)}</span>
        </button>
        <Action icon="info" label="About" iconOnly className="quiet" onClick={onAbout} />
        <Action
          icon={dark ? 'sun' : 'moon'}
          label={dark ? 'Light theme' : 'Dark theme'}
          iconOnly
          className="quiet"
          onClick={() => {
            showTheme(dark ? 'light' : 'dark');
            setDark(!dark);
          }}
        />
      </div>
    </header>
  );
}

function describeDevice({ info, hasWebGpu, graphicsAreSoftware, isIsolated, cores }: Device): string {
  if (info) return info.backend === 'webgpu' ? `WebGPU, ${info.precision}` : threads(info.threads);
  if (hasWebGpu === null) return 'This device';
  if (hasWebGpu && !graphicsAreSoftware) return 'WebGPU';
  return threads(isIsolated ? cores : 1);
}

const threads = (count: number) => `Processor, ${count} thread${count === 1 ? '' : 's'}`;
