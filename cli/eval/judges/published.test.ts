import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  expectWhole,
  FILES,
  type FileName,
  filesOf,
  JudgeWeightsError,
  PLANS,
  recognizeJudge,
} from './published.ts';

/** The lists that PyTorch's own modules give (tools/torch-judges.py), classifiers and counters included. */
function published(file: FileName): Map<string, { shape: number[] }> {
  const list = file === 'inception' ? 'inception-fid' : file;
  const text = gunzipSync(readFileSync(`fixtures/names/${list}.txt.gz`)).toString();
  const entries = text
    .trimEnd()
    .split('\n')
    .map((line): [string, { shape: number[] }] => {
      const [name = '', shape = ''] = line.split(' ');
      // The reader takes DataParallel's prefix away.
      return [name.replace(/^module\./, ''), { shape: shape === '' ? [] : shape.split('x').map(Number) }];
    });
  return new Map(entries);
}

describe.each(Object.keys(FILES) as FileName[])('%s as it is published', (file) => {
  const tensors = published(file);

  it('is known by its tensors, and all of them are mapped', () => {
    expect(recognizeJudge(tensors)).toEqual({ file, prefix: '' });
    expectWhole(file, '', { path: 'x.pth', tensors });
    const inside = new Map([...tensors].map(([name, info]) => [`net.${name}`, info]));
    expect(recognizeJudge(inside)).toEqual({ file, prefix: 'net.' });
    expectWhole(file, 'net.', { path: 'x.pth', tensors: inside });
  });

  it('is refused where a tensor is missing, misshapen or unknown, by name', () => {
    const [first = ''] = FILES[file].weights.map(({ name }) => name);
    const attempt = (change: (list: Map<string, { shape: number[] }>) => void) => () => {
      const list = new Map(tensors);
      change(list);
      expectWhole(file, '', { path: 'x.pth', tensors: list });
    };
    expect(attempt((list) => list.delete(first))).toThrow(`lacks ${first}`);
    expect(attempt((list) => list.set(first, { shape: [7] }))).toThrow(`has in another shape ${first}`);
    expect(attempt((list) => list.set('stranger.weight', { shape: [7] }))).toThrow('stranger.weight');
    expect(attempt((list) => list.delete(first))).toThrow(JudgeWeightsError);
  });
});

it('every judge finds each of its weights in exactly one of its files', () => {
  for (const [judge, plan] of Object.entries(PLANS)) {
    const names = filesOf(judge as keyof typeof PLANS).flatMap((file) =>
      FILES[file].weights.map(({ name }) => name),
    );
    expect(names.sort()).toEqual(plan.weights.map(({ name }) => name).sort());
  }
});

it("torchvision's own Inception and SqueezeNet 1.0 are not taken for FID's and 1.1", () => {
  const inception = published('inception').set('fc.weight', { shape: [1000, 2048] });
  expect(recognizeJudge(inception)).toBeUndefined();
  const squeezenet = published('squeezenet');
  // Version 1.0 has a pool there.
  squeezenet.delete('features.6.squeeze.weight');
  expect(recognizeJudge(squeezenet)).toBeUndefined();
});
