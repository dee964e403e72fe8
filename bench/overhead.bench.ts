/**
 * What the page's thread spends on issuing the U-Net's work on WebGPU, and whether anything comes back from the device
 * between the first step and the decoded frame. On a small model: issuing costs the same whatever the tensors' size.
 */
import { exportToMemory, memoryFolder } from '../tools/memory-pack.ts';
import { withPage } from '../tools/pages.ts';
import { randomModel, SMALL_MODEL } from '../tools/random-model.ts';
import { serveFiles } from '../tools/serve-files.ts';
import type { BenchResult } from './run.ts';

const MOST_ISSUE_MS = 0.5;
const EVALUATIONS = 15;

export async function run(): Promise<BenchResult> {
  const pack = await exportToMemory(memoryFolder('small', randomModel(SMALL_MODEL)), 'f16');
  const report = await withPage('/bench/pages/overhead.html', { webgpu: true }, async (page) => {
    await serveFiles(page, '/pack/', pack);
    return page.evaluate((evaluations) => window.measureOverhead('/pack/', evaluations), EVALUATIONS);
  });
  const perSegment = report.issueMs.map((ms) => ms / report.segments).sort((a, b) => a - b);
  const issueMsPerSegment = perSegment[perSegment.length >> 1] ?? Number.NaN;
  return {
    name: 'overhead',
    device: report.device,
    figures: {
      issueMsPerSegment: Number(issueMsPerSegment.toFixed(3)),
      slowest: Number((perSegment.at(-1) ?? Number.NaN).toFixed(3)),
      segments: report.segments,
      readbacks: report.readbacks,
      readbacksOfTheImage: report.readbacksOfTheImage,
    },
    pass: issueMsPerSegment <= MOST_ISSUE_MS && report.readbacks === 0,
  };
}
