/**
 * `npm run prepare:pose`: makes the pose bundles that MediaPipe's PoseLandmarker loads, out of the networks in the
 * npm package @mediapipe/pose, and copies its runtime beside them, so that the page needs nobody else's server.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withNormalization } from './pose-bundle/metadata.ts';
import { storedZip } from './pose-bundle/zip.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NETWORKS = join(ROOT, 'node_modules/@mediapipe/pose');
const RUNTIME = join(ROOT, 'node_modules/@mediapipe/tasks-vision/wasm');
const OUT = join(ROOT, 'public/pose');

/** The finished bundles' SHA-256: another package, or a change of the code that makes them, is noticed here. */
const BUNDLES = {
  lite: 'f80d9f1acd976c14e5fa5d9ae6c724b7b44d869ca0dd3373cacf6885944b66ae',
  full: '9ba29466153f7a76369917f85d4e42221b8a652bd57b2b8543c069d9f90ba1de',
  heavy: 'ba6f95d6b1556dd6a6b75e0efa5a5b11463b72eaba401932641dea9c955db831',
} as const;

/** The build for module workers; the others are for classic scripts and for processors without SIMD. */
const RUNTIME_FILES = ['vision_wasm_module_internal.js', 'vision_wasm_module_internal.wasm'];

/** What the licence of the networks and of the runtime, Apache-2.0, asks of those who pass them on. */
const NOTICE = `The pose networks in these bundles come from the npm package @mediapipe/pose and the runtime in wasm/ from
@mediapipe/tasks-vision, both by the MediaPipe Authors under the Apache License 2.0 (see LICENSE.txt).
Changed here: each network has got TFLite metadata that says how to normalise its input, and a detector and a landmark
network are packed together into each .task bundle. The runtime is unchanged.
`;

const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');

function makeBundle(model: string): Uint8Array {
  const detector = readFileSync(join(NETWORKS, 'pose_solution_packed_assets.data'));
  const landmarks = readFileSync(join(NETWORKS, `pose_landmark_${model}.tflite`));
  return storedZip(
    [
      { name: 'pose_detector.tflite', content: withNormalization(detector, { mean: 127.5, std: 127.5 }) },
      {
        name: 'pose_landmarks_detector.tflite',
        content: withNormalization(landmarks, { mean: 0, std: 255 }),
      },
    ],
    64,
  );
}

/** A build that stops halfway must not leave half a file that the next one takes for whole. */
function write(path: string, content: Uint8Array): void {
  writeFileSync(`${path}.part`, content);
  renameSync(`${path}.part`, path);
}

mkdirSync(join(OUT, 'wasm'), { recursive: true });
for (const [model, hash] of Object.entries(BUNDLES)) {
  const path = join(OUT, `pose_landmarker_${model}.task`);
  if (existsSync(path) && sha256(readFileSync(path)) === hash) continue;
  const bundle = makeBundle(model);
  if (sha256(bundle) !== hash) {
    throw new Error(
      `The ${model} pose bundle came out as ${sha256(bundle)}, not as ${hash}. ` +
        'Is @mediapipe/pose the version in package-lock.json? `npm ci` brings it back.',
    );
  }
  write(path, bundle);
  console.log(`Made ${path}`);
}
for (const file of RUNTIME_FILES) {
  const source = join(RUNTIME, file);
  const copy = join(OUT, 'wasm', file);
  if (existsSync(copy) && readFileSync(copy).equals(readFileSync(source))) continue;
  copyFileSync(source, copy);
}
writeFileSync(join(OUT, 'NOTICE.txt'), NOTICE);
copyFileSync(join(ROOT, 'LICENSE'), join(OUT, 'LICENSE.txt'));
