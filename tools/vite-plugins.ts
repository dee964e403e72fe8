import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Plugin } from 'vite';

/** Scripts, styles and connections from the page's own origin only; wasm may be compiled, nothing may be evaluated. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self' blob: data:",
  "worker-src 'self' blob:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Puts the policy into every page of the build. The development server needs inline scripts, so it goes without. */
export function contentSecurityPolicy(): Plugin {
  return {
    name: 'content-security-policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY },
        injectTo: 'head-prepend',
      },
    ],
  };
}

const SERVICE_WORKER = 'service-worker.js';
/** Fetched when needed, and kept then: too large, or not needed by everybody. */
const LATER = /\.wasm$|\.mjs$|\.map$|headless|^pose\//;
/** Packs keep themselves. */
const KEPT_FOLDERS = ['icons', 'examples', 'pose'];

/** A file's path, and what tells its content from the content of the same path in another build. */
export type Revisioned = readonly [path: string, revision: string];

/** Tells the service worker which files this build consists of. Built files have their revision in their names. */
export function serviceWorkerFiles(): Plugin {
  return {
    name: 'service-worker-files',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const worker = bundle[SERVICE_WORKER];
        if (worker?.type !== 'chunk') this.error(`The build has no ${SERVICE_WORKER}.`);
        const page = bundle['index.html'];
        if (page?.type !== 'asset') this.error('The build has no page.');
        const built = Object.keys(bundle).filter(
          (path) => path !== SERVICE_WORKER && !path.endsWith('.html'),
        );
        const files: Revisioned[] = [
          // The page is asked for by its folder's address.
          ['', revisionOf(page.source)],
          ...built.map((path): Revisioned => [path, '']),
          ...publicFiles().map((path): Revisioned => [path, revisionOf(readFileSync(`public/${path}`))]),
        ];
        const version = revisionOf(JSON.stringify(files));
        const [now, later] = [false, true].map((isLater) =>
          files.filter(([path]) => LATER.test(path) === isLater),
        );
        worker.code = worker.code
          .replace('__VERSION__', version)
          .replace(/(['"`])__FILES__\1/, () => JSON.stringify(JSON.stringify({ now, later })));
      },
    },
  };
}

const revisionOf = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('hex').slice(0, 12);

const publicFiles = (): string[] => [
  'manifest.webmanifest',
  ...KEPT_FOLDERS.flatMap((folder) =>
    readdirSync(join('public', folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.txt'))
      .map((entry) => relative('public', join(entry.parentPath, entry.name))),
  ),
];
