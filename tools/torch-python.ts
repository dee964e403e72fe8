import { spawnSync } from 'node:child_process';

const CANDIDATES = [process.env.PIROUETTE_PYTHON, 'python3', '/usr/bin/python3'];

/** A Python that has PyTorch: for the training, and for truths to measure against. */
export function findTorchPython(): string | undefined {
  return CANDIDATES.find((python) => python && spawnSync(python, ['-c', 'import torch, numpy']).status === 0);
}

export function torchPython(): string {
  const found = findTorchPython();
  if (found) return found;
  throw new Error('No Python with PyTorch and NumPy was found. Set PIROUETTE_PYTHON to the path of one.');
}
