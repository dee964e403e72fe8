import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { safetensorsHeader } from '../../../src/onnx/safetensors.ts';
import type { WeightSpec } from '../../../src/onnx/trace.ts';
import { Judges } from './judges.ts';
import { FILES, JudgeWeightsError } from './published.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pirouette-judges-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(file: string, weights: readonly WeightSpec[]): void {
  const header = safetensorsHeader(weights.map(({ name, shape }) => ({ name, shape, dtype: 'F32' })));
  const values = weights.map(({ shape }, k) => {
    const count = shape.reduce((product, dim) => product * dim, 1);
    return Float32Array.from(
      { length: count },
      (_, i) => Math.abs(Math.sin(i + k)) * (shape[1] ?? 1) ** -0.5,
    );
  });
  writeFileSync(
    join(folder, file),
    Buffer.concat([header, ...values.map(({ buffer }) => Buffer.from(buffer))]),
  );
}

const picture = (seed: number) => ({
  width: 48,
  height: 40,
  data: new Uint8ClampedArray(4 * 48 * 40).map((_, i) => 128 + 90 * Math.sin(seed + (0.2 + seed) * i)),
});

describe('a folder of published weights', () => {
  it('lends what it holds whole, and says what the others lack', async () => {
    write('any-name.safetensors', FILES.squeezenet.weights);
    write('linear.safetensors', FILES['lpips-squeezenet'].weights);
    write('vgg.safetensors', FILES['lpips-vgg16'].weights);
    const judges = await Judges.open(folder);
    expect(judges.names).toEqual(['lpips-squeezenet']);
    expect(judges.missing).toContain('lpips-vgg16: vgg16-*.pth');
    expect(await judges.lpips('squeezenet', picture(1), picture(1))).toBe(0);
    const [near, far] = [
      await judges.lpips('squeezenet', picture(1), picture(1.001)),
      await judges.lpips('squeezenet', picture(1), picture(2)),
    ];
    expect(near).toBeGreaterThan(0);
    expect(far).toBeGreaterThan(near);
    await judges.dispose();
  }, 30_000);

  it('is refused, with the file by name, where something in it is not known, is there twice, or is all that is missing', async () => {
    await expect(Judges.open(folder)).rejects.toThrow(JudgeWeightsError);
    write('a.safetensors', FILES['lpips-alexnet'].weights);
    write('b.safetensors', FILES['lpips-alexnet'].weights);
    await expect(Judges.open(folder)).rejects.toThrow('twice');
    write('b.safetensors', [{ name: 'x', shape: [2], dims: [2], transposed: false }]);
    await expect(Judges.open(folder)).rejects.toThrow(
      'b.safetensors is none of the networks that judge: its tensors are x',
    );
  });
});
