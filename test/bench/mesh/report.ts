/** The bench's figures as files: one HTML page with plots, and every number as CSV. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, Problem } from '../../../hosts/node/index.js';
import { short, type Results } from './results.js';
import type { Curve } from './trial.js';

const plot = { width: 640, height: 260, left: 60, right: 200, top: 24, bottom: 36 };
const colours = ['#0b6e4f', '#c8553d', '#2d5d9f', '#8a5a00', '#6b4c9a', '#444444'];

export function writeReport(folder: string, results: Results): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'figures.csv'), figures(results));
    writeFileSync(join(folder, 'curves.csv'), curves(results));
    writeFileSync(join(folder, 'report.html'), page(results));
  } catch (error) {
    throw new Problem('bench-report', `The report cannot be written: ${messageOf(error)}.`, 'Name a folder that you may write to.');
  }
}

function figures({ trials }: Results): string {
  const rows = trials.flatMap(({ name, seed, outcome }) =>
    Object.entries(outcome.figures).map(([figure, value]) => `${name},${seed},${figure},${value ?? ''}`),
  );
  return ['case,seed,figure,value', ...rows, ''].join('\n');
}

function curves({ trials }: Results): string {
  const rows = trials.flatMap(({ name, seed, outcome }) =>
    Object.entries(outcome.curves).flatMap(([curve, points]) => points.map(([at, share]) => `${name},${seed},${curve},${at},${share}`)),
  );
  return ['case,seed,curve,seconds,share', ...rows, ''].join('\n');
}

function page(results: Results): string {
  const rows = results.cases.flatMap(({ name, title }) => {
    const seeds = results.trialsOf(name).map(({ seed }) => seed);
    return results
      .figuresOf(name)
      .map(
        (figure) =>
          `<tr><td>${escape(title)}</td><td>${name}.${figure}</td><td>${escape(results.text(name, figure))}</td><td>${seeds.join(' ')}</td></tr>`,
      );
  });
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Mesh bench</title>
<style>body{font:14px/1.4 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}td,th{padding:.15em .8em;border-bottom:1px solid #ddd;text-align:left}pre{background:#f6f6f6;padding:1em;overflow:auto}svg{max-width:100%}</style>
<h1>Mesh bench</h1>
<p>Everything here is simulated, in virtual time. Each figure is a mean over the seeds named, with the half width of its 95 % confidence interval
(Student’s t) and its extremes. Babel runs on wires without loss; all others share one radio channel with collisions.</p>
<h2>Wanted and found</h2><pre>${escape(results.verdicts())}</pre>
${convergencePlot(results, 'cold', 'Pairs with a way after a cold start')}
${convergencePlot(results, 'cut', 'Pairs with a way after a tenth of the links were cut')}
${barPlot(results, 'control_bps', 'Control at rest, octets a second and node')}
${barPlot(results, 'delivery', 'Share of direct messages answered')}
${barPlot(results, 'tx_ratio', 'Transmissions a message, of the best path’s bound')}
<h2>All figures</h2><table><tr><th>case</th><th>figure</th><th>mean ± interval (least to most)</th><th>seeds</th></tr>${rows.join('')}</table>
</html>
`;
}

/** Mean share over the seeds by time, one line for each case on a grid. */
function convergencePlot(results: Results, curve: string, title: string): string {
  const lines = results.cases.flatMap(({ name, title: legend }) => {
    const runs = results.trialsOf(name).flatMap(({ outcome: { curves } }) => (curves[curve] === undefined ? [] : [curves[curve]]));
    return runs.length === 0
      ? []
      : [{ legend, at: (time: number) => runs.reduce((sum, run) => sum + shareAt(run, time), 0) / runs.length }];
  });
  if (lines.length === 0) return '';
  const longest = 40;
  const x = (time: number): number => plot.left + (time / longest) * plot.width;
  const y = (share: number): number => plot.top + (1 - share) * plot.height;
  const times = Array.from({ length: longest * 4 + 1 }, (_, index) => index / 4);
  const paths = lines.map(({ at }, index) => {
    const points = times.map((time) => `${x(time).toFixed(1)},${y(at(time)).toFixed(1)}`).join(' ');
    return `<polyline points="${points}" fill="none" stroke="${colours[index % colours.length]}" stroke-width="2"/>`;
  });
  const axes = [0, 0.25, 0.5, 0.75, 1].map(
    (share) => tick(plot.left - 6, y(share), `${share * 100} %`, 'end') + line(plot.left, y(share), plot.left + plot.width, y(share)),
  );
  const seconds = [0, 10, 20, 30, 40].map((time) => tick(x(time), plot.top + plot.height + 18, `${time} s`, 'middle'));
  const legends = lines.map(({ legend }, index) =>
    tick(plot.left + plot.width + 10, plot.top + 14 + 18 * index, legend, 'start', colours[index % colours.length]),
  );
  return svg(title, plot.height, [...axes, ...seconds, ...paths, ...legends]);
}

function shareAt(curve: Curve, time: number): number {
  let share = 0;
  for (const [at, reached] of curve) {
    if (at > time) break;
    share = reached;
  }
  return share;
}

function barPlot(results: Results, figure: string, title: string): string {
  const bars = results.cases.flatMap(({ name, title: legend }) => {
    const found = results.of(name, figure);
    return found === undefined ? [] : [{ legend, found }];
  });
  if (bars.length === 0) return '';
  const most = Math.max(...bars.map(({ found }) => found.mean + (found.half ?? 0)));
  const x = (value: number): number => plot.left + plot.right + (Math.max(0, value) / most) * (plot.width - plot.right);
  const rows = bars.flatMap(({ legend, found: { mean, half } }, index) => {
    const at = plot.top + 26 * index;
    const spread = half === undefined ? '' : line(x(mean - half), at + 9, x(mean + half), at + 9, '#111');
    return [
      tick(plot.left + plot.right - 6, at + 13, legend, 'end'),
      `<rect x="${x(0)}" y="${at}" width="${(x(mean) - x(0)).toFixed(1)}" height="18" fill="${colours[0]}" opacity="0.75"/>`,
      spread,
      tick(x(mean + (half ?? 0)) + 6, at + 13, short(mean), 'start'),
    ];
  });
  return svg(title, 26 * bars.length, rows);
}

function svg(title: string, height: number, parts: readonly string[]): string {
  const width = plot.left + plot.width + plot.right;
  return `<h2>${escape(title)}</h2><svg viewBox="0 0 ${width} ${height + plot.top + plot.bottom}" width="${width}" role="img" aria-label="${escape(title)}" font-family="system-ui,sans-serif" font-size="12">${parts.join('')}</svg>`;
}

function tick(x: number, y: number, text: string, anchor: string, colour = '#333'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${colour}">${escape(text)}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number, colour = '#ddd'): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="${colour}"/>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`);
}
