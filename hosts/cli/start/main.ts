/**
 * `npm start`: a box and its island on this machine, or, with --radio, a box on a real board.
 *
 *   set-up -> boards and box up -> paired -> phone joined -> text delivered -> photograph delivered -> (stays up)
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Address } from '../../../firmware/core/transport/index.js';
import { messageOf } from '../../node/index.js';
import type { BoardStats, Chip } from '../../xs/board-process.js';
import profiles from '../../xs/profiles.json' with { type: 'json' };
import { ApiClient } from '../api-client.js';
import { Exit } from '../exit-codes.js';
import { DEFAULT_PORT } from '../program.js';
import { table } from '../output.js';
import { ensureReady } from '../setup/ready.js';
import { version } from '../version.js';
import { Daemon } from './daemon.js';
import { Island } from './island.js';
import type { Picture } from './phone.js';

interface Flags {
  readonly boards: number;
  readonly loss: number;
  readonly seed: number;
  readonly profile: Chip;
  readonly emulated: number;
  readonly radio?: string;
  readonly port: number;
  readonly state?: string;
  readonly once?: boolean;
}

const say = (line: string): void => console.log(line);

const program = new Command('npm start --')
  .description('Runs a box, its radio board and an island of simulated boards, each with the real firmware on the XS engine.')
  .option('--boards <count>', "simulated boards, the box's own included", number(5, 200, true), 9)
  .option('--loss <share>', 'share of frames lost on top of what each link loses by distance', number(0, 0.9, false), 0)
  .option('--seed <number>', 'same seed, same island', number(0, 2 ** 32 - 1, true), 1)
  .addOption(
    new Option('--profile <chip>', 'whose memory the boards have')
      .choices(Object.keys(profiles).filter((name) => name !== 'none'))
      .default('esp32c3'),
  )
  .option(
    '--emulated <count>',
    "boards that are bare-metal RISC-V images in the emulator, the box's own first (esp32c3, esp32c6)",
    number(0, 200, true),
    0,
  )
  .addOption(
    new Option('--radio <device>', 'a real board on a serial port instead of the simulated island').conflicts([
      'boards',
      'loss',
      'seed',
      'profile',
      'emulated',
      'once',
    ]),
  )
  .option('--port <number>', 'port of the console; 0 is any free one', number(0, 65_535, true), DEFAULT_PORT)
  .option('--state <folder>', 'where the box keeps its state (default: a fresh one that is removed at the end; with --radio: .state/box)')
  .option('--once', 'end after the photograph has arrived')
  .version(version)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? Exit.Ok : Exit.Usage));

function number(least: number, most: number, whole: boolean): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
    throw new InvalidArgumentError(`It must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}.`);
  };
}

const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
});

const count = (value: number): string => value.toLocaleString('en');
const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

async function main(flags: Flags): Promise<Exit> {
  await ensureReady('start', say);
  return flags.radio === undefined ? simulate(flags) : serve(flags.radio, flags);
}

/** A box on a real board: the daemon alone. */
async function serve(radio: string, { port, state = '.state/box' }: Flags): Promise<Exit> {
  const daemon = await Daemon.start({ radio, port, state, log: say });
  say(`console: ${daemon.url}   board: ${radio}   Ctrl-C stops it`);
  return untilStopped(daemon);
}

async function simulate(flags: Flags): Promise<Exit> {
  const state = flags.state ?? (await mkdtemp(join(tmpdir(), 'meshbox-state-')));
  say(
    `island: ${flags.boards} boards with the memory of an ${flags.profile}, seed ${flags.seed}${flags.loss > 0 ? `, ${flags.loss * 100} % of frames lost on top` : ''}`,
  );
  const island = await Island.make({ ...flags, log: say });
  const close: (() => Promise<void>)[] = [() => island.stop()];
  if (flags.state === undefined) close.push(() => rm(state, { recursive: true, force: true }));
  try {
    const radio = await island.start();
    for (let board = 0; board < flags.boards; board += 1) say(`  ${island.nameOf(board)}  process ${island.pidOf(board)}`);
    const daemon = await Daemon.start({ radio, port: flags.port, state, log: say });
    close.unshift(() => daemon.stop());
    say(`console: ${daemon.url}`);
    const crossing = cross(island, daemon);
    const ended = await Promise.race([crossing, daemon.exited.then(() => 'the box daemon ended'), stopped.then(() => 'stopped')]);
    if (ended !== undefined) {
      say(ended);
      return ended === 'stopped' ? Exit.Ok : Exit.Failed;
    }
    say(poolTable(await island.stats()));
    if (flags.once) return Exit.Ok;
    say(`The island stays up: ${daemon.url}   Ctrl-C stops it.`);
    return await untilStopped(daemon);
  } finally {
    for (const each of close) await each();
  }
}

async function untilStopped(daemon: Daemon): Promise<Exit> {
  const code = await Promise.race([daemon.exited, stopped.then(() => undefined)]);
  if (code === undefined) await daemon.stop();
  return code === undefined || code === 0 ? Exit.Ok : Exit.Failed;
}

/** The main job: something real from the far edge of the island to the box. Undefined when all of it arrived. */
async function cross(island: Island, daemon: Daemon): Promise<string | undefined> {
  const api = new ApiClient(daemon.url);
  const box: Address = { node: Buffer.from(daemon.id, 'hex') };
  let began = performance.now();
  const hops = await joined(island, box);
  say(`phone: joined at ${island.nameOf(island.edge)}, ${hops} hops from the box, after ${seconds(began)}`);

  const words = 'Halo! Solar boks hemi wok gud.';
  began = performance.now();
  for (;;) {
    const outcome = await island.phone.text(box, words);
    if (outcome === 'delivered') break;
    say(`text: ${outcome}; sending it again`);
  }
  if (!(await api.messages()).some(({ text }) => text === words)) return 'text: acknowledged, but the box does not show it';
  say(`text: «${words}» delivered in ${seconds(began)}`);

  const picture = await beach();
  const before = island.journey.data();
  began = performance.now();
  const outcome = await island.phone.picture(box, picture, progressBar(picture));
  if (outcome !== 'complete') return `photograph: ${outcome}`;
  const took = seconds(began);
  const { body } = await api.content(Buffer.from(picture.sha256).toString('hex'));
  const arrived = Buffer.concat((await body.toArray()) as Buffer[]);
  if (!arrived.equals(picture.octets)) return 'photograph: the octets at the box differ';

  const after = island.journey.data();
  const route = island.journey.route.map((board) => `board ${board}`);
  say(`photograph: ${picture.name}, ${count(picture.octets.length)} octets, the same at the box octet for octet`);
  say(`  route    phone > ${route.join(' > ')} > box`);
  say(`  hops     ${route.length + 1}, ${route.length - 1} of them on the air`);
  say(`  time     ${took}`);
  say(`  airtime  ${((after.airtime - before.airtime) / 1e6).toFixed(1)} s of all stations together`);
  say(`  bytes    ${count(after.octets - before.octets)} on the air in ${count(after.frames - before.frames)} frames`);
  return undefined;
}

/** Hops to the box, once a ping has come back. */
async function joined(island: Island, box: Address): Promise<number> {
  for (;;) {
    const hops = await island.phone.ping(box);
    if (hops !== undefined) return hops;
    say('phone: no way to the box yet');
  }
}

async function beach(): Promise<Picture> {
  const octets = await readFile(new URL('beach.jpg', import.meta.url));
  return { name: 'beach.jpg', mediaType: 'image/jpeg', octets, sha256: createHash('sha256').update(octets).digest() };
}

/** A bar on a terminal, a line every quarter elsewhere. */
function progressBar({ name }: Picture): (done: number, total: number) => void {
  if (process.stdout.isTTY) {
    const bar = new SingleBar({
      format: `${name} {bar} {value}/{total} blocks`,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: true,
    });
    let started = false;
    return (done, total) => {
      if (!started) bar.start(total, 0);
      started = true;
      bar.update(done);
    };
  }
  let quarters = 0;
  return (done, total) => {
    const reached = Math.floor((4 * done) / total);
    if (reached > quarters) say(`  ${name}: ${count(done)} of ${count(total)} blocks`);
    quarters = Math.max(quarters, reached);
  };
}

/** High-water marks: the worst board of each pool. */
function poolTable(stats: readonly BoardStats[]): string {
  const worst = (peak: (stats: BoardStats) => number): number => Math.max(...stats.map(peak));
  const { chunkSize, slotSize, stackSize } = stats[0]!;
  return table(
    ['memory of a board', 'size', 'most used', '%'],
    (
      [
        ['chunks, octets', chunkSize, worst((each) => each.chunkPeak)],
        ['slots', slotSize, worst((each) => each.slotPeak)],
        ['stack, slots', stackSize, worst((each) => each.stackPeak)],
      ] as const
    ).map(([name, size, peak]) => [name, size, peak, Math.round((100 * peak) / size)]),
  );
}

program.action(async (flags: Flags) => {
  process.exitCode = await main(flags).catch((error: unknown) => {
    console.error(`npm start: ${messageOf(error)}`);
    return Exit.Failed;
  });
});
await program.parseAsync();
