import { expect, test } from 'vitest';
import { inWords as inWordsOf } from './updates.ts';

const RUNTIMES = ['', '.jsep', '.asyncify'].map(
  (kind) => `assets/ort-wasm-simd-threaded${kind}-AbC12345.wasm`,
);

test('says in words what is missing offline', () => {
  const inWords = (missing: readonly string[]) => inWordsOf({ all: RUNTIMES, missing });
  expect(inWords([])).toEqual([]);
  expect(inWords(['examples/disco.mp4', 'examples/mira.jpg'])).toEqual(['some of the examples']);
  expect(inWords(['pose/wasm/vision_wasm_module_internal.wasm', 'pose/pose_landmarker_lite.task'])).toEqual([
    'finding people in photos and clips',
    'finding people before the camera',
  ]);
  // One of the runtimes is enough.
  expect(inWords(RUNTIMES.slice(1))).toEqual([]);
  expect(inWords(RUNTIMES)).toEqual(['what runs the model']);
});
