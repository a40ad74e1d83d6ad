/**
 * Draws the panels of the dashboard from what a Prometheus has recorded, as one page of SVG: for documents, and for
 * machines without Grafana.
 *
 *     node scripts/draw-dashboard.ts http://127.0.0.1:9090 "a title" 2026-01-01T00:00:00Z 2026-01-01T00:10:00Z > dashboard.html
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
  readonly options?: { readonly textMode?: string };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

interface Series {
  readonly label: string;
  /** Epoch seconds and value. */
  readonly points: readonly (readonly [number, number])[];
}

const [server, title, from, to] = process.argv.slice(2);
if (server === undefined || title === undefined || from === undefined || to === undefined) {
  throw new Error('draw-dashboard.ts PROMETHEUS TITLE FROM TO');
}
const START = Date.parse(from) / 1_000;
const END = Date.parse(to) / 1_000;
const STEP = Math.max(1, Math.round((END - START) / 200));
/** What `$__rate_interval` is at a scrape every few seconds. */
const RATE_INTERVAL = '20s';

const COLUMN = 62;
const ROW = 30;
const GAP = 8;
const COLOURS = ['#73bf69', '#f2cc0c', '#5794f2', '#ff9830', '#f2495c', '#b877d9', '#8ab8ff', '#96d98d', '#ffb357', '#c0d8ff'];

async function seriesOf({ targets = [] }: Panel): Promise<Series[]> {
  const found: Series[] = [];
  for (const { expr, legendFormat } of targets) {
    const query = expr.replaceAll('$__rate_interval', RATE_INTERVAL).replaceAll('$instance', '.*');
    const parameters = new URLSearchParams({ query, start: String(START), end: String(END), step: String(STEP) });
    const answer = await fetch(`${server}/api/v1/query_range?${parameters}`);
    const body = (await answer.json()) as {
      status: string;
      error?: string;
      data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
    };
    if (body.status !== 'success') throw new Error(`${expr}: ${body.error}`);
    for (const { metric, values } of body.data.result) {
      const label = legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => metric[name] ?? '');
      const points = values.map(([time, value]) => [time, Number(value)] as const).filter(([, value]) => Number.isFinite(value));
      if (points.length > 0) found.push({ label, points });
    }
  }
  return found;
}

function format(value: number, unit: string): string {
  const short = (number: number): string => (number === 0 ? '0' : String(Number(number.toPrecision(3))));
  const size = Math.abs(value);
  if (unit === 's' && size > 0 && size < 0.001) return `${short(value * 1_000_000)} µs`;
  if (unit === 's' && size > 0 && size < 1) return `${short(value * 1_000)} ms`;
  if (unit === 's') return `${short(value)} s`;
  if (unit === 'bytes') return `${short(value / 1024 / 1024)} MiB`;
  if (unit === 'percentunit') return `${short(value * 100)}%`;
  if (size >= 10_000) return `${short(value / 1_000)}k`;
  return unit === 'ops' ? `${short(value)}/s` : short(value);
}

const asText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function drawStat(panel: Panel, series: readonly Series[], width: number, height: number): string {
  const value = series[0]?.points.at(-1)?.[1];
  const unit = panel.fieldConfig?.defaults.unit ?? 'short';
  const isName = panel.options?.textMode === 'name';
  const text = isName ? (series[0]?.label ?? '') : value === undefined ? 'no data' : format(value, unit);
  return `<text x="${width / 2}" y="${height / 2 + 22}" class="stat" style="font-size:${isName ? 13 : 28}px">${asText(text)}</text>`;
}

function drawLines(panel: Panel, series: readonly Series[], width: number, height: number): string {
  const unit = panel.fieldConfig?.defaults.unit ?? 'short';
  const box = { left: 58, top: 30, right: width - 10, bottom: height - 42 };
  const greatest = Math.max(...series.flatMap(({ points }) => points.map(([, value]) => value)), 0) || 1;
  const x = (time: number): number => box.left + ((time - START) / (END - START)) * (box.right - box.left);
  const y = (value: number): number => box.bottom - (value / greatest) * (box.bottom - box.top);
  const grid = [0, 0.5, 1].map((share) => {
    const at = y(share * greatest);
    return `<line x1="${box.left}" x2="${box.right}" y1="${at}" y2="${at}" class="grid"/><text x="${box.left - 5}" y="${at + 3}" class="axis">${format(share * greatest, unit)}</text>`;
  });
  if (series.length === 0) return `${grid.join('')}<text x="${width / 2}" y="${height / 2}" class="none">none</text>`;
  const lines = series.map(({ points }, index) => {
    const colour = COLOURS[index % COLOURS.length];
    // A series that begins or ends within the picture is not drawn on beyond what was seen.
    const path = points.map(([time, value], at) => {
      const before = points[at - 1];
      return `${before === undefined || time - before[0] > STEP * 1.5 ? 'M' : 'L'}${x(time).toFixed(1)},${y(value).toFixed(1)}`;
    });
    return `<path d="${path.join('')}" stroke="${colour}" class="line"/>`;
  });
  const legend = series.slice(0, 8).map(({ label }, index) => {
    const [column, row] = [index % 4, Math.floor(index / 4)];
    const at = `x="${12 + (column * (width - 12)) / 4}" y="${height - 22 + row * 14}"`;
    const room = Math.floor((width / 4 - 8) / 5.4);
    return `<text ${at} class="legend" style="fill:${COLOURS[index % COLOURS.length]}">${asText(label.length > room ? `${label.slice(0, room - 1)}…` : label)}</text>`;
  });
  return [...grid, ...lines, ...legend].join('');
}

/** One line for each series, where it is there. */
function drawStates(series: readonly Series[], width: number, height: number): string {
  const rows = series.map(({ label, points }, index) => {
    const y = 40 + (index * (height - 50)) / Math.max(series.length, 4);
    const bars = points.map(([time]) => {
      const x = 170 + ((time - START) / (END - START)) * (width - 180);
      return `<rect x="${x.toFixed(1)}" y="${y}" width="${((STEP / (END - START)) * (width - 180) + 0.5).toFixed(1)}" height="16" style="fill:${COLOURS[index % COLOURS.length]}"/>`;
    });
    return `<text x="12" y="${y + 12}" class="legend">${asText(label)}</text>${bars.join('')}`;
  });
  return rows.join('');
}

async function draw(panel: Panel): Promise<string> {
  const { x, y, w, h } = panel.gridPos;
  const [left, top] = [x * COLUMN, y * ROW + 50];
  if (panel.type === 'row') return `<text x="${left + 6}" y="${top + 21}" class="row">${asText(panel.title)}</text>`;
  const [width, height] = [w * COLUMN - GAP, h * ROW - GAP];
  const series = await seriesOf(panel);
  const inside =
    panel.type === 'stat'
      ? drawStat(panel, series, width, height)
      : panel.type === 'state-timeline'
        ? drawStates(series, width, height)
        : drawLines(panel, series, width, height);
  return `<g transform="translate(${left},${top})"><rect width="${width}" height="${height}" class="panel"/><text x="10" y="18" class="title">${asText(panel.title)}</text>${inside}</g>`;
}

const file = join(import.meta.dirname, '..', 'deploy', 'grafana', 'dashboards', 'tapedeck.json');
const { panels } = JSON.parse(readFileSync(file, 'utf8')) as { readonly panels: readonly Panel[] };
const drawn: string[] = [];
for (const panel of panels) drawn.push(await draw(panel));
const height = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) * ROW + 60;
process.stdout.write(`<!doctype html><meta charset="utf-8"><style>
body{margin:0;background:#111217}text{font-family:"DejaVu Sans",sans-serif;fill:#ccccdc}
.head{font-size:16px}.row{font-size:14px;fill:#8e8e9c}.panel{fill:#181b1f;stroke:#2b2e35}.title{font-size:12px}
.stat{text-anchor:middle;fill:#73bf69}.grid{stroke:#2b2e35}.axis{font-size:9px;text-anchor:end;fill:#8e8e9c}
.none{text-anchor:middle;font-size:11px;fill:#8e8e9c}.line{fill:none;stroke-width:1.4}.legend{font-size:9px}
</style><svg xmlns="http://www.w3.org/2000/svg" width="${24 * COLUMN}" height="${height}"><text x="6" y="30" class="head">${asText(title)}</text>${drawn.join('')}</svg>`);
