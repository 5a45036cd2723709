/** `npm run sim`: one scenario in virtual time, its figures as a table and, with --json, as one JSON object on the last line. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { messageOf, Problem } from '../node/index.js';
import type { Chip } from '../xs/board-process.js';
import profiles from '../xs/profiles.json' with { type: 'json' };
import { meanDegree } from './graph.js';
import { makeTopology } from './make-topology.js';
import { table } from './report.js';
import { runScenario } from './scenario.js';
import { usableGraph } from './topology.js';
import { traceLine } from './trace.js';

interface Flags {
  readonly topology?: string;
  readonly boards?: number;
  readonly seed: number;
  readonly loss: number;
  readonly interference: number;
  readonly rate?: number;
  readonly engine: 'node' | 'xs';
  readonly profile: Chip;
  readonly trace?: string;
  readonly json?: boolean;
}

const misuse = 2;

function number(least: number, most: number, whole: boolean): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
    throw new InvalidArgumentError(`It must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}.`);
  };
}

const program = new Command('sim')
  .description('Runs a mesh of simulated boards in virtual time: cold start, convergence, rest, pings between all pairs.')
  .addOption(
    new Option('--topology <name>', 'grid4:WxH, grid8:WxH, line:N, rtree:N, island:N, or a .json or .csv file').conflicts('boards'),
  )
  .option('--boards <count>', 'an island of that many boards (default: 12)', number(2, 2000, true))
  .option('--seed <number>', 'same seed, same run', number(0, 2 ** 32 - 1, true), 1)
  .option('--loss <share>', 'share of frames lost on top of what each link loses', number(0, 0.99, false), 0)
  .option('--interference <hops>', 'stations up to so many hops apart disturb each other', number(1, 10, true), 1)
  .addOption(
    new Option('--engine <engine>', 'node: in this process; xs: each board a process of the XS engine')
      .choices(['node', 'xs'])
      .default('node'),
  )
  .addOption(
    new Option('--profile <chip>', 'whose pools a board on XS has')
      .choices(Object.keys(profiles))
      .default('esp32c3')
      .implies({ engine: 'xs' }),
  )
  .option('--rate <pings>', 'pings a second (default: one for ten boards, at least 10)', number(0.1, 1000, false))
  .option('--trace <file>', 'write every transmission to a file: microseconds, kind, from, to, octets')
  .option('--json', 'print the figures as one JSON object on the last line')
  .configureHelp({ showGlobalOptions: true })
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : misuse));

async function main(flags: Flags): Promise<void> {
  const name = flags.topology ?? `island:${flags.boards ?? 12}`;
  const topology = makeTopology(name, flags);
  const trace = flags.trace === undefined ? undefined : openTrace(flags.trace);
  const report = await runScenario({
    topology,
    seed: flags.seed,
    rate: flags.rate ?? Math.max(10, topology.nodes / 10),
    chip: flags.engine === 'xs' ? flags.profile : undefined,
    ...(trace !== undefined && { onTransmission: (transmission) => writeSync(trace, `${traceLine(transmission)}\n`) }),
    onProgress: progress(),
  });
  if (trace !== undefined) closeSync(trace);
  const graph = usableGraph(topology);
  const whole = {
    topology: name,
    seed: flags.seed,
    loss: flags.loss,
    engine: flags.engine === 'xs' ? `xs ${flags.profile}` : 'node',
    nodes: topology.nodes,
    links: graph.reduce((sum, neighbours) => sum + neighbours.length, 0) / 2,
    meanDegree: meanDegree(graph),
    ...report,
  };
  process.stdout.write(table(whole));
  if (flags.json) process.stdout.write(`${JSON.stringify(whole)}\n`);
  const sound = flags.engine === 'xs' || (report.convergence.p100 !== null && report.loops === 0);
  process.exitCode = sound && report.pings.delivered === report.pings.sent ? 0 : 1;
}

/** A terminal gets one line that moves on; a file one line for each phase. */
function progress(): (phase: string, share: number) => void {
  const { stderr } = process;
  let said = '';
  return (phase, share) => {
    const line = stderr.isTTY ? `\r${phase} ${Math.floor(share * 100)} %\u001b[K${share === 1 ? '\n' : ''}` : `${phase}\n`;
    if (line !== said) stderr.write(line);
    said = line;
  };
}

function openTrace(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw new Problem('trace-file', `The trace cannot be written: ${messageOf(error)}.`, 'Name a file in a folder that exists.');
  }
}

try {
  await main(program.parse().opts<Flags>());
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  process.stderr.write(`error: ${error.message} ${error.remedy}\n`);
  process.exitCode = misuse;
}
