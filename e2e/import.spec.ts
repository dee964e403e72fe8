import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import { safetensorsHeader, tensorBytes } from '../src/onnx/safetensors.ts';
import { poseEncoderTensors, unetTensors } from '../tools/diffusers-tensors.ts';
import { type LdmShape, ldmTensors } from '../tools/ldm-tensors.ts';
import { exportToMemory, manifestOf, memoryFolder } from '../tools/memory-pack.ts';
import { withPage } from '../tools/pages.ts';
import { randomFloats, safetensorsFile } from '../tools/random-weights.ts';
import { torchTensors } from '../tools/torch-files.ts';
import { test as appTest } from './app-support.ts';

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
  const onDisk = async (precision: 'f16' | 'int8') => {
    const manifest = manifestOf(await exportToMemory(memoryFolder('memory', files), precision));
    const bytes = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0);
    return { manifest: { files: manifest.files }, readBytes: bytes };
  };
  const chosen = [...files].map(([name, content]) => ({ name, mimeType: '', buffer: Buffer.from(content) }));

  await withPage('/e2e/pages/import.html', {}, async (page) => {
    await page.waitForFunction(() => 'importChosen' in window);
    await page.setInputFiles('input', chosen);
    const imported = await page.evaluate(() => window.importChosen());
    expect(imported).toMatchObject(await onDisk('f16'));
    const inHalf = await page.evaluate(() => window.importChosen('int8'));
    expect(inHalf).toMatchObject(await onDisk('int8'));

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

const chosen = (name: string, bytes: Uint8Array) => ({ name, mimeType: '', buffer: Buffer.from(bytes) });

/** Stable Diffusion's layout in one file, with this many channels. */
const ldmOf = (width: number) => {
  const shape: LdmShape = {
    ...{ width, multiples: [1, 2], attends: [true, false], context: 768 },
    ...{ vaeWidth: 32, vaeMultiples: [1, 1] },
  };
  return new Map([...ldmTensors(shape), ['cond_stage_model.logit_scale', []] as const]);
};
const checkpoint = (width: number) => chosen('tuned.safetensors', safetensorsFile(ldmOf(width), 'F32'));
const guider = (width: number) => {
  const config = {
    conditioning_embedding_channels: width,
    conditioning_channels: 3,
    block_out_channels: [4, 8],
  };
  return chosen('my-guider.safetensors', safetensorsFile(poseEncoderTensors(config)));
};

async function openModels(page: Page) {
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Another…' }).click();
  return page.getByRole('region', { name: 'Your own weights' });
}

appTest('weights that are imported in the settings are used and kept', async ({ page }) => {
  await page.goto('./');
  const own = await openModels(page);
  await own.getByLabel('Weights’ files').setInputFiles([checkpoint(32), guider(32)]);
  await expect(own.getByRole('status')).toContainText('The model is made', { timeout: 60_000 });
  await expect(own.getByRole('status')).toContainText('Left out of tuned.safetensors: the text encoder');
  const kept = own.getByRole('list', { name: 'Models made from your weights' });
  await expect(kept.getByRole('listitem')).toContainText('tuned');
  await expect(kept.getByRole('button', { name: 'In use' })).toBeDisabled();
  await expect(page.getByText('Now: tuned')).toBeVisible();

  // What is no model leaves the one in use alone.
  await own
    .getByLabel('Weights’ files')
    .setInputFiles(
      chosen('style.safetensors', safetensorsFile(new Map([['lora_unet_mid.lora_up.weight', [4]]]))),
    );
  await expect(own.getByRole('alert')).toContainText('style.safetensors holds a LoRA', { timeout: 60_000 });
  await expect(page.getByText('Now: tuned')).toBeVisible();

  // The next visit finds it still in use, and may throw it away.
  await page.reload();
  const again = await openModels(page);
  await expect(again.getByRole('button', { name: 'In use' })).toBeDisabled();
  await expect(page.getByText('Now: tuned')).toBeVisible();
  await again.getByRole('button', { name: 'Remove tuned' }).click();
  await expect(again.getByRole('listitem')).toHaveCount(0);
  await expect(page.getByText('The built-in one.')).toBeVisible();
});

appTest(
  'weights that are dropped on the page are imported, and an import can be cancelled',
  async ({ page }) => {
    const specs = [...ldmOf(128)].map(([name, shape]) => ({ name, shape, dtype: 'F32' }) as const);
    const header = [...safetensorsHeader(specs)];
    const size = specs.reduce((sum, spec) => sum + tensorBytes(spec), 0);
    await page.goto('./');
    // Zeros do for what will never be finished, and a hundred megabytes of them need not go to the page.
    await page.evaluate(
      ([start, zeros, encoder]) => {
        const dataTransfer = new DataTransfer();
        const parts = [Uint8Array.from(start), new Uint8Array(zeros)];
        dataTransfer.items.add(new File(parts, 'large.safetensors'));
        dataTransfer.items.add(new File([Uint8Array.from(encoder)], 'guider.safetensors'));
        document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      },
      [header, size, [...guider(128).buffer]] as const,
    );
    const own = page.getByRole('region', { name: 'Your own weights' });
    await own.getByRole('button', { name: 'Cancel the import' }).click();
    await expect(own.getByLabel('Weights’ files')).toBeAttached({ timeout: 60_000 });
    await expect(own.getByRole('alert')).toHaveCount(0);
    await expect(page.getByText('The built-in one.')).toBeVisible();
    const left = () =>
      page.evaluate(async () => {
        const root = await navigator.storage.getDirectory();
        const packs = await root.getDirectoryHandle('imported-packs');
        const names: string[] = [];
        for await (const name of packs.keys()) names.push(name);
        return names;
      });
    await expect.poll(left, { timeout: 30_000 }).toEqual([]);
  },
);
