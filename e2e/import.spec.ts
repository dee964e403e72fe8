import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { unetTensors } from '../tools/diffusers-tensors.ts';
import { exportToMemory, manifestOf, memoryFolder } from '../tools/memory-pack.ts';
import { withPage } from '../tools/pages.ts';
import { randomFloats } from '../tools/random-weights.ts';
import { torchTensors } from '../tools/torch-files.ts';

const FIXTURE = 'fixtures/diffusers-unet';

test('weights that are chosen on the page become the same pack as on the command line', async () => {
  const names = [
    'unet_config.json',
    'pose_encoder_config.json',
    'scheduler_config.json',
    'pose_encoder.safetensors',
  ];
  const files = new Map(names.map((name) => [name, new Uint8Array(readFileSync(`${FIXTURE}/${name}`))]));
  const unet = unetTensors(JSON.parse(readFileSync(`${FIXTURE}/unet_config.json`, 'utf8')));
  files.set(
    'unet.pth',
    torchTensors(unet, (bytes) => randomFloats(bytes, 'F32', bytes)),
  );
  const expected = manifestOf(await exportToMemory(memoryFolder('memory', files), 'f16'));
  const bytes = Object.values(expected.files).reduce((sum, file) => sum + file.bytes, 0);
  const chosen = [...files].map(([name, content]) => ({ name, mimeType: '', buffer: Buffer.from(content) }));

  await withPage('/e2e/pages/import.html', {}, async (page) => {
    await page.waitForFunction(() => 'importChosen' in window);
    await page.setInputFiles('input', chosen);
    const imported = await page.evaluate(() => window.importChosen());
    expect(imported).toMatchObject({ manifest: { files: expected.files }, readBytes: bytes });

    // A fault in the worker arrives with its remedy.
    await page.setInputFiles('input', [
      ...chosen.filter(({ name }) => name !== 'unet.pth'),
      { name: 'unet.pth', mimeType: '', buffer: readFileSync('fixtures/torch/runs-code.pth') },
    ]);
    const refused = await page.evaluate(() => window.importChosen());
    expect(refused).toMatchObject({
      error: { name: 'UnsafePickleError', remedy: expect.stringContaining('.safetensors') },
    });
  });
});
