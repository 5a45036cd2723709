/**
 * Prints what the README says in figures: what the built-ins cost, what a fresh board holds, and what the firmware holds on each chip
 * after a virtual minute alone.
 *
 *   node --import tsx hosts/xs/measure.ts
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { startBoardProcess, type BoardStats, type Chip } from './board-process.js';
import { buildXs, bundleFirmware, bundleForXs } from './build.mjs';

const chips: readonly Chip[] = ['esp32', 'esp32c3', 'esp32c6', 'esp32s3'];
const scratch = join(import.meta.dirname, '../../.build/xs');

const { executable, bits } = await buildXs();
console.log(`host: ${bits} bits`);

const healthEntry = `export function run(host) { host.log(JSON.stringify(host.health())); return 0; }
export function start() { return { tick() {}, deadline: () => Infinity, counters: () => '{}' }; }`;
const empty = join(scratch, 'empty.js');
await bundleForXs({ source: healthEntry, output: empty });
const whole = JSON.parse(spawnSync(executable, ['--run', empty], { encoding: 'utf8' }).stdout) as BoardStats;
console.log(`built-ins, as a board would pay without sharing: ${whole.slotPeak} slots, ${whole.chunkPeak} octets of chunks`);

const hashes = join(scratch, 'hashes.js');
await bundleForXs({
  source: `import { sha256 } from '@noble/hashes/sha2.js';
    import { keccak_256 } from '@noble/hashes/sha3.js';
    function cost(hash, size) { const data = new Uint8Array(size); return (host) => { hash(data); const from = host.health().computation; hash(data); return host.health().computation - from; }; }
    export function run(host) {
      for (const [name, hash] of [['sha256', sha256], ['keccak256', keccak_256]])
        host.log(name + ' (noble): ' + Math.round((cost(hash, 1024)(host) - cost(hash, 64)(host)) / 960) + ' metered units per octet');
      return 0;
    }`,
  output: hashes,
});
process.stdout.write(spawnSync(executable, ['--run', hashes], { encoding: 'utf8' }).stdout);

async function reading(profile: Chip, bundle: string, until: number): Promise<BoardStats> {
  const board = await startBoardProcess({ profile, bundle });
  for (let now = board.first.deadline; now !== undefined && now < until;) {
    const turn = await board.handle({ type: 'tick', now });
    for (const { kind } of turn?.transmits ?? []) await board.handle({ type: 'sent', now, kind, ok: true });
    now = turn?.deadline === undefined ? undefined : Math.max(turn.deadline, now + 1);
  }
  const stats = await board.stats();
  if (stats === undefined) throw new Error(`${profile}: ${(await board.exited).reason}`);
  board.kill();
  return stats;
}

function row(what: string, s: BoardStats): void {
  const share = (peak: number, size: number): string => `${peak} of ${size}`.padStart(16);
  console.log(
    `${what.padEnd(20)} chunks ${share(s.chunkPeak, s.chunkSize)}  slots ${share(s.slotPeak, s.slotSize)}  stack ${share(s.stackPeak, s.stackSize)}  units ${s.computation}, longest turn ${s.turnPeak}`,
  );
}

const firmware = await bundleFirmware();
const started = process.hrtime.bigint();
const board = await startBoardProcess({ profile: 'none', bundle: firmware });
const up = process.hrtime.bigint();
board.kill();
const idle = await startBoardProcess({ profile: 'none', bundle: empty });
const from = process.hrtime.bigint();
for (let now = 0; now < 10_000; now += 1) await idle.handle({ type: 'tick', now });
console.log(`firmware up after ${(up - started) / 1_000_000n} ms; ${(process.hrtime.bigint() - from) / 10_000_000n} µs per lockstep event`);
idle.kill();
for (const chip of chips) {
  row(`${chip}, empty`, await reading(chip, empty, 0));
  row(`${chip}, firmware`, await reading(chip, firmware, 60_000));
}
