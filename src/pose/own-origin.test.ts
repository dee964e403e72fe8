import { expect, it, vi } from 'vitest';
import { fetchFromOwnOriginOnly } from './own-origin.ts';
import { quietMediaPipe } from './quiet.ts';

it('lets requests to its own origin through and no others', async () => {
  const original = vi.fn(async () => new Response('fine'));
  const scope = { fetch: original as typeof fetch, location: { origin: 'https://pirouette.example' } };
  fetchFromOwnOriginOnly(scope);
  await scope.fetch('/pose/model.task');
  await scope.fetch('blob:https://pirouette.example/1');
  await expect(scope.fetch('https://elsewhere.example/log', { method: 'POST' })).rejects.toThrow('Refused');
  await expect(scope.fetch(new Request('https://elsewhere.example/'))).rejects.toThrow('Refused');
  expect(original).toHaveBeenCalledTimes(2);
});

it('keeps real errors on the console, and takes chatter off', () => {
  const console = { error: vi.fn(), debug: vi.fn() };
  const { error } = console;
  quietMediaPipe(console);
  console.error('INFO: Created TensorFlow Lite XNNPACK delegate for CPU.');
  console.error('W1120 20:00:00.000000 1 inference.cc:1] a warning');
  console.error('Something broke.');
  expect(error.mock.calls).toEqual([['Something broke.']]);
  expect(console.debug).toHaveBeenCalledTimes(2);
});
