/**
 * What a forwarded packet of 200 octets costs a C3: instructions by cause and by stage, and the longest turns of a board that joins an island.
 *
 *   npm run bench:rv32 [-- --json] [--quick]      --json: one object as the last line; --quick: without the tables by function
 *
 * Ends with code 1 above a limit.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { entropySeed } from '../../hosts/sim/board-rack.js';
import { identityOf } from '../../hosts/sim/mesh.js';
import { ProcessStation } from '../../hosts/sim/process-station.js';
import type { BoardProcess, BoardStats } from '../../hosts/xs/board-process.js';
import { buildXsRv32, bundleForXs } from '../../hosts/xs/build.mjs';
import { startEmulatedBoard } from '../../hosts/xs/emulated-board.js';
import { BoardStation } from '../sim/board-station.js';
import { scratchFolder } from '../xs/rig.js';
import { joinIsland } from './island.js';
import { parseSample, shares, stageOf, symbolsOf, type Sample } from './profile.js';
import { MIDDLE, runLine, seed } from './scenario.js';

const limits = { 'rv32.forward': 600_000, 'rv32.turn_max': 800_000 } as const;
const profile = 'esp32c3';
const packets = 20;
const { values: options } = parseArgs({
  options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
});

const folder = await scratchFolder();
const bundle = join(folder, 'board.js');
await bundleForXs({ entry: new URL('../../hosts/sim/seeded-board.ts', import.meta.url).pathname, output: bundle });

/** The relay of a line of three on the emulator, its neighbours on Node. */
async function forward(sampleEvery: number | undefined): Promise<{ readings: BoardStats[]; lines: string[] }> {
  const readings: BoardStats[] = [];
  let lines: string[] = [];
  let relay: BoardProcess | undefined;
  const stateDir = join(folder, `relay-${sampleEvery ?? 0}`);
  await mkdir(stateDir, { recursive: true });
  const { ends } = await runLine(
    async (board, boots) => {
      const identity = identityOf(seed, 'board', board);
      const entropy = entropySeed(seed, board, boots);
      if (board !== MIDDLE) return new BoardStation({ identity, seed: entropy, mtu: { air: 250, ble: 244 } });
      await writeFile(join(stateDir, 'secret'), identity.secret);
      await writeFile(join(stateDir, 'seed'), entropy);
      relay = await startEmulatedBoard({ profile, bundle, stateDir, ...(sampleEvery !== undefined && { sampleEvery }) });
      relay.onLog((line) => void lines.push(line));
      return new ProcessStation(relay);
    },
    packets,
    async () => {
      lines = [];
      readings.push((await relay!.stats())!);
    },
  );
  if (ends.length > 0) throw new Error(`a board ended: ${ends.join(', ')}`);
  return { readings, lines };
}

function table(title: string, rows: readonly { name: string; share: number }[], whole: number, most: number): void {
  console.log(`  ${title}`);
  for (const { name, share } of rows.slice(0, most))
    console.log(
      `    ${Math.round(share * whole)
        .toString()
        .padStart(8)} ${(share * 100).toFixed(1).padStart(5)} %  ${name}`,
    );
}

const { readings } = await forward(undefined);
const [before, after] = readings as [BoardStats, BoardStats];
const [a, b] = [before.machine!, after.machine!];
const forwarded = Number(after.counters['forwarded']) - Number(before.counters['forwarded']);
const perPacket = Math.round((b.instructions - a.instructions) / forwarded);
console.log(`${profile}: ${perPacket} instructions per forwarded packet, over ${forwarded} (limit ${limits['rv32.forward']}); by cause:`);
for (const cause of ['tick', 'frame', 'sent', 'serial', 'job'] as const) {
  const [turns, instructions] = [b.turns[cause][0] - a.turns[cause][0], b.turns[cause][1] - a.turns[cause][1]];
  if (turns > 0) console.log(`    ${cause.padEnd(6)} ${(turns / forwarded).toFixed(2)} turns of ${Math.round(instructions / turns)}`);
}
if (!options.quick) {
  const { elf } = await buildXsRv32({ bundle, name: `board-${profile}`, profile });
  const nameOf = symbolsOf(elf.replace(/\.elf$/, ''));
  const samples = (await forward(97)).lines
    .map((line) => parseSample(line, nameOf))
    .filter((sample): sample is Sample => sample !== undefined);
  table(
    'by stage',
    shares(samples, (sample) => [stageOf(sample)]),
    perPacket,
    12,
  );
  table(
    'by JavaScript function, what it calls included',
    shares(samples, ({ stack }) => stack),
    perPacket,
    25,
  );
  table(
    'by engine function',
    shares(samples, ({ native }) => [native]),
    perPacket,
    12,
  );
}
const joining = { folder, bundle, profile, boards: 50, neighbours: 10, seconds: 30 } as const;
const { stats: island } = await joinIsland(joining);
const turnMost = Math.max(island.machine!.longestTurn, b.longestTurn);
console.log(
  `longest turn: ${b.longestTurn} forwarding, ${island.machine!.longestTurn} joining an island of 50 with 10 neighbours (limit ${limits['rv32.turn_max']})`,
);
await rm(folder, { recursive: true, force: true });

const figures = { 'rv32.forward': perPacket, 'rv32.turn_max': turnMost };
const above = Object.entries(figures).filter(([name, value]) => value > limits[name as keyof typeof limits]);
for (const [name, value] of above) console.error(`${name}: ${value} is above the limit of ${limits[name as keyof typeof limits]}`);
if (options.json) console.log(JSON.stringify(figures));
process.exit(above.length > 0 ? 1 : 0);
