/** A scenario's figures as a table for a person. */
import { capsText, type ScenarioReport, type Spread } from './scenario.js';

export interface SimReport extends ScenarioReport {
  readonly topology: string;
  readonly seed: number;
  readonly loss: number;
  readonly engine: string;
  readonly nodes: number;
  readonly links: number;
  readonly meanDegree: number;
}

export function table(report: SimReport): string {
  const { convergence, control, airtime, pings, transmissions, trace } = report;
  const rows: [string, string][] = [
    ['topology', `${report.topology}, seed ${report.seed}${report.loss > 0 ? `, loss ${percent(100 * report.loss)}` : ''}`],
    ['engine', report.engine],
    [
      'nodes, links',
      `${report.nodes}, ${report.links}; mean degree ${report.meanDegree.toFixed(2)} (links that carry 5 % or more both ways)`,
    ],
    ['caps above a board’s', capsText(report.caps) || 'none'],
    [
      'converged 95 / 99 / 100 %',
      [convergence.p95, convergence.p99, convergence.p100].map((at) => (at === null ? 'not seen' : `${at.toFixed(2)} s`)).join(' / '),
    ],
    ['control at the start', `${control.start.toFixed(1)} octets a second and node`],
    ['control at rest', `${control.rest.toFixed(1)} octets a second and node`],
    ['airtime at rest', spread(airtime.rest)],
    ['airtime while pinging', spread(airtime.pings)],
    ['pings delivered', `${pings.delivered} of ${pings.sent} (${percent((100 * pings.delivered) / pings.sent)})`],
    ['sent again', `${pings.again} pings, after the node gave up`],
    [
      'transmissions a ping',
      `${transmissions.perPing.toFixed(2)}, best path ${transmissions.bound.toFixed(2)}, ratio ${transmissions.ratio.toFixed(2)}`,
    ],
    ['round trip p50 / p95', `${pings.p50.toFixed(0)} / ${pings.p95.toFixed(0)} ms over ${pings.meanHops.toFixed(2)} hops on average`],
    ['routing loops', report.loops === null ? 'not seen' : `${report.loops}`],
    ...Object.entries(report.drops).map(([reason, count], index): [string, string] => [
      index === 0 ? 'lost, by reason' : '',
      `${count} ${reason}`,
    ]),
    ...report.ends.map((end, index): [string, string] => [index === 0 ? 'ended by themselves' : '', end]),
    ['trace', `${trace.transmissions} transmissions in ${report.virtualSeconds.toFixed(0)} virtual seconds, sha256 ${trace.sha256}`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}

function spread({ mean, most }: Spread): string {
  return `${percent(mean)} of the time on average, ${percent(most)} at the busiest`;
}

function percent(value: number): string {
  return `${value.toFixed(value === 100 ? 0 : 2)} %`;
}
