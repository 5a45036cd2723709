/**
 * `npm run bench:mesh`: our mesh beside Babel and two floods in virtual time, with figures as a table, as one JSON object on the last line (--json) and
 * as an HTML report with plots and CSV (--report FOLDER). Exit codes: 0 every target met, 1 not, 2 wrong command line.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { Problem } from '../../../hosts/node/index.js';
import { makeTopology } from '../../../hosts/sim/make-topology.js';
import { cases, isThere, topologies, userCase, type Case } from './cases.js';
import { writeReport } from './report.js';
import { Results } from './results.js';
import type { Answer, Job } from './worker.js';

interface Flags {
  readonly seeds: number;
  readonly quick?: boolean;
  readonly json?: boolean;
  readonly topology?: string;
  readonly report?: string;
  readonly only?: string[];
}

const misuse = 2;
/** A trial of the largest topology takes minutes of a slow core; one that takes this long on a busy machine hangs. */
const longest = 1_800_000;

const program = new Command('bench:mesh')
  .description('Our mesh beside Babel and two floods, in virtual time.')
  .option('--seeds <count>', 'seeds for each figure', whole, 10)
  .option('--quick', 'one seed')
  .option('--json', 'print the figures as one JSON object on the last line')
  .option('--topology <file>', 'only this topology: .json, or .csv with columns from, to, mean SNR, deviation')
  .option('--report <folder>', 'write report.html, figures.csv and curves.csv there')
  .option('--only <names...>', `only these cases: ${cases.map(({ name }) => name).join(', ')}`)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : misuse));

function whole(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 1000) return value;
  throw new InvalidArgumentError('It must be a whole number from 1 to 1000.');
}

function chosen({ topology, only }: Flags): readonly Case[] {
  if (topology !== undefined) {
    makeTopology(topology);
    return [userCase(topology)];
  }
  const unknown = only?.find((name) => !cases.some((each) => each.name === name));
  if (unknown !== undefined)
    throw new Problem('bench-case', `There is no case "${unknown}".`, `Choose among ${cases.map(({ name }) => name).join(', ')}.`);
  return cases.filter(({ name }) => {
    if (only !== undefined && !only.includes(name)) return false;
    const data = /freifunk\.(.*)/.exec(name)?.[1];
    if (data === undefined || isThere(data)) return true;
    process.stderr.write(`left out: ${name}, because ${topologies} does not hold its topology\n`);
    return false;
  });
}

async function main(flags: Flags): Promise<void> {
  const seeds = flags.quick ? 1 : flags.seeds;
  const selected = chosen(flags);
  const jobs = selected.flatMap(({ name, seedsMost }) =>
    Array.from({ length: Math.min(seeds, seedsMost ?? seeds) }, (_, index): Job => ({ name, seed: index + 1, file: flags.topology })),
  );
  const results = new Results(selected);
  const began = Date.now();
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, () => work(jobs, results)));
  const text = results.table();
  process.stdout.write(text);
  process.stderr.write(`${Math.round((Date.now() - began) / 1000)} s, ${Math.round(results.seconds)} s of processor time\n`);
  if (flags.report !== undefined) writeReport(flags.report, results);
  if (flags.json) process.stdout.write(`${JSON.stringify(results.json())}\n`);
  process.exitCode = results.isSound() ? 0 : 1;
}

/** Takes jobs one after the other until there is none. A worker that ends or hangs costs its job, not the bench. */
async function work(jobs: Job[], results: Results): Promise<void> {
  let worker: ChildProcess | undefined;
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
    worker ??= fork(new URL('worker.ts', import.meta.url), { execArgv: ['--import', 'tsx'] });
    const answer = await ask(worker, job);
    results.add(answer);
    process.stderr.write(`${job.name} seed ${job.seed}: ${'error' in answer ? answer.error : `${answer.seconds.toFixed(1)} s`}\n`);
    if (!('error' in answer)) continue;
    worker.kill();
    worker = undefined;
  }
  worker?.kill();
}

function ask(worker: ChildProcess, job: Job): Promise<Answer> {
  return new Promise((resolve) => {
    const done = (answer: Answer): void => {
      clearTimeout(timer);
      worker.off('exit', onExit);
      worker.off('message', done);
      resolve(answer);
    };
    const fail = (error: string): void => done({ job, seconds: 0, error });
    const onExit = (code: number | null): void => fail(`its worker ended with ${code}`);
    const timer = setTimeout(() => fail(`no answer within ${longest / 60_000} minutes`), longest);
    worker.once('exit', onExit);
    worker.once('message', done);
    worker.send(job);
  });
}

try {
  await main(program.parse().opts<Flags>());
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  process.stderr.write(`error: ${error.message} ${error.remedy}\n`);
  process.exitCode = misuse;
}
