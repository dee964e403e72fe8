/**
 * The attention kernel: its error against float64, and its time over that of ONNX Runtime's own MultiHeadAttention on
 * keys and values that were copied together for it beforehand.
 */
import { withPage } from '../tools/pages.ts';
import type {} from './pages/attention.ts';
import type { BenchResult } from './run.ts';

const WORST_NMSE = 1e-10;

export async function run(args: readonly string[]): Promise<BenchResult> {
  const report = await withPage('/bench/pages/attention.html', { webgpu: true }, (page) =>
    page.evaluate((only) => window.measureAttention(only), args[0]),
  );
  for (const line of report.lines) console.error(line);
  // A real GPU leaves the room that a software rasteriser, bound by its reads, does not.
  const highestRatio = report.software ? 1 : 0.67;
  return {
    name: 'attention',
    device: report.device,
    figures: {
      worstNmse: report.worstNmse,
      medianRatio: report.medianRatio,
      cases: report.cases,
      shapes: report.ratios.length,
      theirWorstNmse: report.theirWorstNmse,
      variants: report.variants.join(' '),
    },
    pass: report.worstNmse <= WORST_NMSE && report.medianRatio <= highestRatio,
  };
}
