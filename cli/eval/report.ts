import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Gathering, Shown } from './gather.ts';

interface Report {
  readonly title: string;
  readonly device: string;
  readonly figures: Readonly<Record<string, number>>;
  /** A PNG as a data URL. */
  readonly sheet: string;
  readonly gathering: Gathering;
}

/** One page without anything outside it: figures, the contact sheet, the worst and the best frames, plots over time. */
export function writeReport(folder: string, report: Report): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'index.html');
  writeFileSync(path, pageOf(report));
  return path;
}

const SUFFIXES = ['', 'Copied', 'Warped'] as const;
const COLUMNS = ['output', 'reference copied', 'limb warp'];
const COLOURS = ['#1668c7', '#999', '#d97a1d'];
/** What is drawn over time or over the frames as they came. */
const PLOTTED = ['psnr', 'ssim', 'l1', 'sharpness', 'lpipsAlexnet', 'lpipsVgg16', 'lpipsSqueezenet'];

function pageOf({ title, device, figures, sheet, gathering }: Report): string {
  const { best, worst } = gathering.extremes;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1100px; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .2rem 1rem .2rem 0; border-bottom: 1px solid #ddd; }
td + td { font-variant-numeric: tabular-nums; } img { max-width: 100%; } figure { margin: 0 0 .8rem; }
figcaption { color: #555; font-size: 13px; } svg { display: block; width: 100%; height: auto; }
</style>
<h1>${escaped(title)}</h1>
<p>On ${escaped(device)}.</p>
${tableOf(figures)}
${plotsOf(gathering.series)}
<h2>Some frames, chosen by chance</h2>
<img src="${sheet}" alt="Contact sheet">
<h2>The worst by PSNR</h2>
<p>From the left: truth, output, reference copied, limb warp.</p>
${worst.map(figureOf).join('\n')}
<h2>The best</h2>
${best.map(figureOf).join('\n')}
</html>
`;
}

/** Figures that the baselines have too stand in one row. */
function tableOf(figures: Readonly<Record<string, number>>): string {
  const isBaselines = (name: string) =>
    SUFFIXES.slice(1).some((suffix) => name.endsWith(suffix) && name.slice(0, -suffix.length) in figures);
  const rows = Object.keys(figures)
    .filter((name) => !isBaselines(name))
    .map((name) => {
      const cells = SUFFIXES.map((suffix) => figures[name + suffix]);
      return `<tr><td>${escaped(name)}</td>${cells.map((value) => `<td>${value === undefined ? '' : short(value)}</td>`).join('')}</tr>`;
    });
  return `<table><tr><th></th>${COLUMNS.map((column) => `<th>${column}</th>`).join('')}</tr>\n${rows.join('\n')}</table>`;
}

const [WIDTH, HEIGHT, MARGIN] = [1000, 180, 46];

function plotsOf(series: readonly Omit<Shown, 'strip'>[]): string {
  const names = PLOTTED.filter((name) => series.some(({ values }) => name in values));
  if (series.length < 2) return '';
  const legend = COLUMNS.map(
    (column, i) => `<span style="color:${COLOURS[i]}">&#9632; ${column}</span>`,
  ).join(' &nbsp; ');
  return `<h2>${series[0]?.time === undefined ? 'Frame by frame' : 'Over time'}</h2><p>${legend}</p>\n${names.map((name) => plotOf(name, series)).join('\n')}`;
}

function plotOf(name: string, series: readonly Omit<Shown, 'strip'>[]): string {
  const places = series.map(({ time }, i) => time ?? i);
  const lines = SUFFIXES.map((suffix) => series.map(({ values }) => values[name + suffix]));
  const finite = lines.flat().filter((value) => value !== undefined && Number.isFinite(value)) as number[];
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const [first, last] = [places[0] as number, places.at(-1) as number];
  const x = (place: number) => MARGIN + ((place - first) / (last - first || 1)) * (WIDTH - MARGIN - 8);
  const y = (value: number) => 8 + ((high - value) / (high - low || 1)) * (HEIGHT - 30);
  const paths = lines.map((line, i) => {
    const points = line.flatMap((value, k) =>
      value === undefined || !Number.isFinite(value)
        ? []
        : [`${x(places[k] as number).toFixed(1)},${y(value).toFixed(1)}`],
    );
    return points.length < 2
      ? ''
      : `<polyline fill="none" stroke="${COLOURS[i]}" stroke-width="1.5" points="${points.join(' ')}"/>`;
  });
  const text = (at: string, anchor: string, words: string) =>
    `<text ${at} text-anchor="${anchor}" font-size="12" fill="#555">${words}</text>`;
  return `<figure><figcaption>${escaped(name)}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(name)}">
<line x1="${MARGIN}" y1="${HEIGHT - 22}" x2="${WIDTH - 8}" y2="${HEIGHT - 22}" stroke="#ccc"/>
${text(`x="${MARGIN - 6}" y="14"`, 'end', short(high))}${text(`x="${MARGIN - 6}" y="${HEIGHT - 22}"`, 'end', short(low))}
${text(`x="${MARGIN}" y="${HEIGHT - 6}"`, 'start', short(first))}${text(`x="${WIDTH - 8}" y="${HEIGHT - 6}"`, 'end', short(last))}
${paths.join('')}</svg></figure>`;
}

function figureOf({ label, values, strip }: Shown): string {
  const words = ['psnr', 'ssim', 'lpipsAlexnet'].flatMap((name) =>
    values[name] === undefined ? [] : [`${name} ${short(values[name])}`],
  );
  return `<figure><img src="${strip}" alt=""><figcaption>${escaped(label)}: ${words.join(', ')}</figcaption></figure>`;
}

const short = (value: number) => String(Number(value.toPrecision(4)));
const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
