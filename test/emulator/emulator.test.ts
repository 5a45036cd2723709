/**
 * The firmware as a bare-metal RV32 image: what it does is what it does on the other engines, octet for octet, in the memory that a chip leaves.
 * Prints memory marks and the instructions of a forwarded packet.
 */
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { BoardRack, entropySeed } from '../../hosts/sim/board-rack.js';
import { identityOf } from '../../hosts/sim/mesh.js';
import { ProcessStation } from '../../hosts/sim/process-station.js';
import type { BoardStats } from '../../hosts/xs/board-process.js';
import type { EmulatedChip } from '../../hosts/xs/emulated-board.js';
import { BoardStation } from '../sim/board-station.js';
import { MIDDLE, runLine, seed } from './scenario.js';

const everyBoard = new Set([0, 1, 2]);
const packets = 20;

suite('one scenario on three engines', { timeout: 280_000 }, () => {
  for (const chip of ['esp32c3', 'esp32c6'] as const satisfies readonly EmulatedChip[]) {
    test(`${chip}: Node, XS on Linux and the RV32 image leave the same trace`, async () => {
      const node = await runLine((board, boots) => {
        return new BoardStation({
          identity: identityOf(seed, 'board', board),
          seed: entropySeed(seed, board, boots),
          mtu: { air: 250, ble: 244 },
        });
      }, packets);
      const linux = await BoardRack.make(seed, chip);
      after(() => linux.clear());
      const xs = await runLine(async (board, boots) => new ProcessStation(await linux.boot(board, boots)), packets);
      const emulator = await BoardRack.make(seed, chip, everyBoard);
      after(() => emulator.clear());
      const stations: ProcessStation[] = [];
      const readings: BoardStats[] = [];
      const read = async (): Promise<void> => void readings.push((await stations[MIDDLE]!.board.stats())!);
      const rv32 = await runLine(
        async (board, boots) => (stations[board] = new ProcessStation(await emulator.boot(board, boots))),
        packets,
        read,
      );
      assert.deepEqual([xs.ends, rv32.ends], [[], []]);
      for (const [name, other] of [
        ['XS on Linux', xs],
        ['RV32', rv32],
      ] as const) {
        const different = node.lines.findIndex((line, index) => line !== other.lines[index]);
        assert.equal(different, -1, `transmission ${different}: Node ${node.lines[different]}, ${name} ${other.lines[different]}`);
        assert.equal(other.digest, node.digest, name);
        assert.deepEqual(other.answers, node.answers, name);
      }
      assert.equal(rv32.answers.filter((answer) => answer.includes('message 200')).length, packets);
      report(chip, readings[0]!, readings[1]!);
    });
  }
});

function report(chip: string, before: BoardStats, after: BoardStats): void {
  const [a, b] = [before.machine!, after.machine!];
  const forwarded = Number(after.counters['forwarded']) - Number(before.counters['forwarded']);
  console.log(
    `${chip}: RAM ${b.ram}: static ${b.staticRam}, C stack ${b.cStackPeak} of ${b.cStackSize}, C heap ${b.heapSize}, ${b.heapFree} of it free`,
  );
  console.log(
    `  chunks ${after.chunkPeak} of ${after.chunkSize}, slots ${after.slotPeak} of ${after.slotSize}, XS stack ${after.stackPeak} of ${after.stackSize}`,
  );
  console.log(
    `  longest turn ${b.longestTurn} instructions; ${forwarded} packets forwarded, per packet ${Math.round((b.instructions - a.instructions) / forwarded)}:`,
  );
  for (const cause of ['tick', 'frame', 'sent', 'serial'] as const) {
    const [turns, instructions] = [b.turns[cause][0] - a.turns[cause][0], b.turns[cause][1] - a.turns[cause][1]];
    if (turns > 0) console.log(`    ${cause.padEnd(6)} ${(turns / forwarded).toFixed(2)} turns of ${Math.round(instructions / turns)}`);
  }
}
