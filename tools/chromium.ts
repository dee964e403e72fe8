import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium } from '@playwright/test';

const CANDIDATES = [
  process.env.PIROUETTE_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

export function findChromium(): string {
  const found = [...CANDIDATES, chromium.executablePath()].find((path) => path && existsSync(path));
  if (found) return found;
  throw new Error(
    'No Chromium or Chrome was found. On Debian or Ubuntu: sudo apt-get install -y chromium. ' +
      'Elsewhere: npx playwright install chromium. Or set PIROUETTE_CHROMIUM to its path.',
  );
}

export interface ChromiumOptions {
  /**
   * True: software WebGPU (SwiftShader), the same on every machine. 'any': the machine's own graphics processor, or
   * SwiftShader where it has none. Without either, a headless browser on Linux offers no WebGPU.
   */
  readonly webgpu?: boolean | 'any';
  /** An .mjpeg or .y4m file that plays as the camera; true for Chromium's own test picture. */
  readonly camera?: string | true;
  readonly headless?: boolean;
  /** Ctrl-C is the caller's to hear; without it, it closes the browser. */
  readonly surviveInterrupt?: boolean;
  readonly args?: readonly string[];
}

function flags({ webgpu, camera, args }: ChromiumOptions): string[] {
  return [
    '--no-sandbox',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--autoplay-policy=no-user-gesture-required',
    ...(webgpu ? ['--enable-unsafe-webgpu'] : []),
    ...(webgpu === true ? ['--use-webgpu-adapter=swiftshader'] : []),
    ...(webgpu === 'any' ? ['--enable-features=Vulkan', '--ignore-gpu-blocklist'] : []),
    ...(camera ? ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] : []),
    ...(typeof camera === 'string' ? [`--use-file-for-fake-video-capture=${camera}`] : []),
    ...(args ?? []),
  ];
}

export function launchChromium(options: ChromiumOptions = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    headless: options.headless ?? true,
    handleSIGINT: !options.surviveInterrupt,
    args: flags(options),
  });
}

/** A browser whose storage (OPFS, service workers) outlives its pages, as a person's does. */
export function launchProfile(directory: string, options: ChromiumOptions = {}): Promise<BrowserContext> {
  return chromium.launchPersistentContext(directory, {
    executablePath: findChromium(),
    headless: options.headless ?? true,
    args: flags(options),
    acceptDownloads: true,
  });
}
