import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
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
const LATER = /\.wasm$|\.mjs$|\.map$|headless/;
const PUBLIC_FILES = ['manifest.webmanifest', 'icons/icon.svg', 'icons/icon-192.png', 'icons/icon-512.png'];
const EXAMPLES = 'public/examples';

/** Tells the service worker which files this build consists of. */
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
        const built = Object.keys(bundle).filter((path) => path !== SERVICE_WORKER && !LATER.test(path));
        const examples = existsSync(EXAMPLES) ? readdirSync(EXAMPLES).map((name) => `examples/${name}`) : [];
        const page = bundle['index.html'];
        const version = createHash('sha256')
          .update(JSON.stringify(built))
          .update(page?.type === 'asset' ? page.source : '')
          .update(Buffer.concat(PUBLIC_FILES.map((path) => readFileSync(`public/${path}`))))
          .digest('hex')
          .slice(0, 12);
        // The page is asked for by its folder's address.
        const files = ['./', ...built.filter((path) => path !== 'index.html'), ...PUBLIC_FILES, ...examples];
        worker.code = worker.code
          .replace('__VERSION__', version)
          .replace(/(['"`])__PRECACHED__\1/, () => JSON.stringify(JSON.stringify(files)));
      },
    },
  };
}
