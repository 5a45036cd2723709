/** Asymmetric work beside the turns of an emulated board: right answers, short turns, and nothing lost on the serial line or the radio meanwhile. */
import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BoardStats } from '../../hosts/xs/board-process.js';
import { bundleForXs } from '../../hosts/xs/build.mjs';
import { startEmulatedBoard } from '../../hosts/xs/emulated-board.js';
import { frame, scratchFolder } from '../xs/rig.js';

/** No turn of a board may exceed it: 5 ms at 160 MHz, for which NimBLE may wait. */
export const TURN_MOST = 800_000;
const rounds = 4;
const burst = 5;
const octets = 3_000;

/** Payments while the line is full of octets and a burst of frames comes in. */
async function payUnderLoad(selfishJobs: boolean): Promise<BoardStats> {
  const bundle = join(await scratchFolder(), 'jobs.js');
  await bundleForXs({ entry: fileURLToPath(new URL('jobs-firmware.ts', import.meta.url)), output: bundle });
  const board = await startEmulatedBoard({ profile: 'esp32c3', bundle, serial: true, selfishJobs });
  const line = await open(board.serialPath!, 'r+');
  const arrived = async (): Promise<BoardStats> => (await board.stats())!;
  const count = (stats: BoardStats): number => Number(stats.counters['octets']) + stats.serialLost;
  // qemu looks once a second whether somebody has opened its pty.
  await line.write(Buffer.alloc(1, 3));
  for (let looks = 0; looks < 100 && count(await arrived()) === 0; looks += 1) await pause(50);
  const written = line.write(Buffer.alloc(octets - 1, 3));
  const answers = [board.handle(frame(1, rounds)), ...Array.from({ length: burst }, () => board.handle(frame(2)))];
  await Promise.all([written, ...answers]);
  for (let looks = 0; looks < 100 && count(await arrived()) < octets; looks += 1) await pause(20);
  const stats = await arrived();
  await line.close();
  board.kill();
  await board.exited;
  return stats;
}

suite('jobs beside the turns', { timeout: 120_000 }, () => {
  test('payments are signed and verified; the line and the radio lose nothing, no turn is long', async () => {
    const stats = await payUnderLoad(false);
    const { counters, machine, framesLost, eventsLost, serialLost } = stats;
    assert.deepEqual(
      [counters['signed'], counters['verified'], counters['refused'], counters['secrets']],
      [rounds, rounds, rounds, 3 * rounds],
    );
    assert.equal(counters['frames'], 1 + burst);
    assert.deepEqual([framesLost, eventsLost, serialLost], [0, 0, 0]);
    assert.deepEqual([counters['octets'], counters['sum']], [octets, (octets * 3) & 0xffff]);
    const { longestTurn, jobInstructions, jobStackPeak, jobStackSize } = machine!;
    console.log(
      `jobs: ${jobInstructions} instructions beside the turns, stack ${jobStackPeak} of ${jobStackSize}; longest turn ${longestTurn}`,
    );
    assert.ok(longestTurn <= TURN_MOST, `a turn took ${longestTurn} instructions`);
    assert.ok(jobInstructions > rounds * 3_000_000, 'the jobs did not run beside the turns');
    assert.ok(jobStackPeak < jobStackSize - 256, `the stack of the jobs: ${jobStackPeak} of ${jobStackSize}`);
  });

  test('a job that gives way to nobody loses octets (planted fault)', async () => {
    // A busy host feeds the pty more slowly than the line would run: then nothing is lost, and it is tried again.
    let lost = 0;
    for (let tries = 0; tries < 6 && lost === 0; tries += 1) lost = (await payUnderLoad(true)).serialLost;
    assert.ok(lost > 0, 'nothing was lost');
  });
});
