/** Figures of all trials, and what is wanted of them. */
import type { Case } from './cases.js';
import type { Outcome } from './scenarios.js';
import { estimate, type Estimate } from './statistics.js';
import type { Answer } from './worker.js';

export interface Trial {
  readonly name: string;
  readonly seed: number;
  readonly outcome: Outcome;
}

interface Target {
  /** In the JSON object. */
  readonly key: string;
  readonly case: string;
  readonly figure: string;
  readonly most?: number;
  readonly least?: number;
}

const real = (name: string): Target[] => [
  { key: `freifunk.${name}.delivery`, case: `freifunk.${name}`, figure: 'delivery', least: 0.98 },
  { key: `freifunk.${name}.tx_ratio`, case: `freifunk.${name}`, figure: 'tx_ratio', most: 1.25 },
];

/** What the mesh has to reach. */
const targets: readonly Target[] = [
  { key: 'grid7.control_bps', case: 'grid7', figure: 'control_bps', most: 25 },
  { key: 'grid7.cold_99_s', case: 'grid7', figure: 'cold_99_s', most: 12 },
  { key: 'grid7.cut_99_s', case: 'grid7', figure: 'cut_99_s', most: 6 },
  { key: 'grid10.control_bps', case: 'grid10', figure: 'control_bps', most: 40 },
  { key: 'mobility.delivery', case: 'mobility', figure: 'delivery', least: 0.9 },
  ...real('bielefeld'),
  ...real('cologne-bonn'),
  ...real('altdorf'),
  { key: 'byzantine.delivery', case: 'byzantine', figure: 'delivery', least: 0.95 },
];
/**
 * How near the model of Babel has to come to babeld, within 15 %: 135 octets a second and node as meshnet-lab measured, and 12.3 s until every pair had a
 * way, as `npm run bench:mesh:real` measures of babeld 1.12.1. meshnet-lab publishes 18 s (in steps of 2 s, with pings of 2 s).
 */
const calibration: readonly Target[] = [
  { key: 'babel.control_bps', case: 'babel.grid7', figure: 'control_bps', least: 135 * 0.85, most: 135 * 1.15 },
  { key: 'babel.cold_100_s', case: 'babel.grid7', figure: 'cold_100_s', least: 12.3 * 0.85, most: 12.3 * 1.15 },
];

export class Results {
  readonly cases: readonly Case[];
  readonly trials: Trial[] = [];
  readonly errors: string[] = [];
  seconds = 0;

  constructor(cases: readonly Case[]) {
    this.cases = cases;
  }

  add(answer: Answer): void {
    const { name, seed } = answer.job;
    this.seconds += answer.seconds;
    if ('error' in answer) this.errors.push(`${name} seed ${seed}: ${answer.error}`);
    else this.trials.push({ name, seed, outcome: answer.outcome });
  }

  trialsOf(name: string): Trial[] {
    return this.trials.filter((trial) => trial.name === name).sort((a, b) => a.seed - b.seed);
  }

  figuresOf(name: string): string[] {
    return [...new Set(this.trialsOf(name).flatMap(({ outcome }) => Object.keys(outcome.figures)))];
  }

  /** Undefined if no trial has the figure. */
  of(name: string, figure: string): Estimate | undefined {
    const values = this.trialsOf(name).flatMap(({ outcome }) => outcome.figures[figure] ?? []);
    return values.length === 0 ? undefined : estimate(values);
  }

  /** Routing loops, of our own runs. */
  loops(): number {
    return Math.max(0, ...this.trials.map(({ outcome }) => outcome.figures['loops'] ?? 0));
  }

  /** A figure that some trial did not come to is null: it has no honest mean. */
  json(): Record<string, number | null> {
    const figures = targets.map((target): [string, number | null] => {
      const found = this.of(target.case, target.figure);
      return [target.key, found === undefined || found.count < this.trialsOf(target.case).length ? null : found.mean];
    });
    return { ...Object.fromEntries(figures), loops: this.loops() };
  }

  isSound(): boolean {
    return this.errors.length === 0 && this.loops() === 0 && this.#rows().every(([, verdict]) => verdict !== 'missed');
  }

  /** What is wanted, and whether it was reached. */
  verdicts(): string {
    return columns(this.#rows().map(([key, verdict, text]) => [key, `${verdict.padEnd(7)} ${text}`] as const));
  }

  table(): string {
    const figures = this.cases.flatMap(({ name, title }) => [
      ['', ''] as const,
      [
        name,
        `${title}; seeds ${this.trialsOf(name)
          .map(({ seed }) => seed)
          .join(' ')}`,
      ] as const,
      ...this.figuresOf(name).map((figure) => [`  ${figure}`, this.text(name, figure)] as const),
    ]);
    return `${this.verdicts()}${columns(figures)}${this.errors.map((error) => `${error}\n`).join('')}`;
  }

  text(name: string, figure: string): string {
    const found = this.of(name, figure);
    if (found === undefined) return 'not reached';
    const { mean, half, count, least, most } = found;
    const runs = this.trialsOf(name).length;
    const interval = half === undefined ? '' : ` ± ${short(half)} (${short(least)} to ${short(most)})`;
    return `${short(mean)}${interval}${count < runs ? `, not reached by ${runs - count} of ${runs}` : ''}`;
  }

  /** Key, verdict, and the figure with what is wanted. */
  #rows(): (readonly [string, 'met' | 'missed', string])[] {
    const judged = [...targets, ...calibration]
      .filter((target) => this.trialsOf(target.case).length > 0)
      .map((target) => {
        const { key, figure, most = Infinity, least = -Infinity } = target;
        const found = this.of(target.case, figure);
        const whole = found !== undefined && found.count === this.trialsOf(target.case).length;
        const met = whole && found.mean <= most && found.mean >= least;
        const wanted = [least > -Infinity ? `at least ${short(least)}` : '', most < Infinity ? `at most ${short(most)}` : ''];
        return [key, met ? 'met' : 'missed', `${this.text(target.case, figure)}; wanted ${wanted.filter(Boolean).join(', ')}`] as const;
      });
    return [...judged, ['loops', this.loops() === 0 ? 'met' : 'missed', `${this.loops()}; wanted 0`] as const];
  }
}

export function short(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(3);
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${`${left.padEnd(width)}  ${right}`.trimEnd()}\n`).join('');
}
