/** What a C3 has left after joining an island of 50 with 10 neighbours. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundleForXs } from '../../hosts/xs/build.mjs';
import { scratchFolder } from '../xs/rig.js';
import { joinIsland } from './island.js';

/** Octets of C heap beside the XS pools, and the share of each pool, that stay free. */
const HEAP_FREE = 20 * 1024;
const POOL_FREE = 0.15;

suite('a C3 on an island of 50', { timeout: 200_000 }, () => {
  test('joins it with 10 neighbours and keeps memory in reserve', async () => {
    const folder = await scratchFolder();
    const bundle = join(folder, 'board.js');
    await bundleForXs({ entry: fileURLToPath(new URL('../../hosts/sim/seeded-board.ts', import.meta.url)), output: bundle });
    const { stats } = await joinIsland({ folder, bundle, profile: 'esp32c3', boards: 50, neighbours: 10, seconds: 30 });
    const { heapFree, longestTurn } = stats.machine!;
    const free = { chunks: 1 - stats.chunkPeak / stats.chunkSize, slots: 1 - stats.slotPeak / stats.slotSize };
    console.log(
      `c3: C heap ${heapFree} free, chunks ${stats.chunkPeak} of ${stats.chunkSize}, slots ${stats.slotPeak} of ${stats.slotSize}, XS stack ${stats.stackPeak} of ${stats.stackSize}, longest turn ${longestTurn}`,
    );
    for (const [pool, share] of Object.entries(free)) assert.ok(share >= POOL_FREE, `${pool}: ${(share * 100).toFixed(1)} % free`);
    assert.ok(heapFree >= HEAP_FREE, `C heap: ${heapFree} octets free`);
  });
});
