/** The real firmware on the XS host: it lives within each chip's pools beside a neighbour, and keeps its key over a reboot. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { startBoardProcess, type BoardProcess, type Chip } from '../../hosts/xs/board-process.js';
import { bundleFirmware } from '../../hosts/xs/build.mjs';
import type { ToBoard } from '../../hosts/xs/lockstep.js';
import { scratchFolder } from './rig.js';

let bundle: string;
before(async () => {
  bundle = await bundleFirmware();
});

type Message = Exclude<ToBoard, { type: 'stats' | 'stop' }>;

/** Two boards that hear each other without loss or delay, until `end` milliseconds of their time. */
async function together(boards: readonly [BoardProcess, BoardProcess], end: number): Promise<void> {
  const due = boards.map((board) => board.first.deadline ?? Infinity);
  for (let now = 0; now < end; now += 1) {
    for (const index of [0, 1] as const) {
      if (due[index]! > now) continue;
      const queue: [0 | 1, Message][] = [[index, { type: 'tick', now }]];
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [at, message] = next;
        const turn = await boards[at].handle(message);
        if (turn === undefined) throw new Error(`board ${at} ended: ${(await boards[at].exited).reason}`);
        due[at] = turn.deadline ?? Infinity;
        for (const { kind, to, bytes } of turn.transmits) {
          const other = at === 0 ? 1 : 0;
          const from = Uint8Array.of(2, 0, 0, 0, 0, at);
          queue.push([other, { type: 'frame', now, kind, from, to, rssi: -50, bytes }], [at, { type: 'sent', now, kind, ok: true }]);
        }
      }
    }
  }
}

suite('the firmware', { timeout: 60_000 }, () => {
  for (const profile of ['esp32', 'esp32c3', 'esp32c6', 'esp32s3'] as const satisfies readonly Chip[]) {
    test(`${profile}: two boards talk for half a minute and have room to spare`, async () => {
      // One of them as the box's board, with a serial line.
      const boards = [await startBoardProcess({ profile, bundle, serial: true }), await startBoardProcess({ profile, bundle })] as const;
      await together(boards, 30_000);
      for (const board of boards) {
        const stats = (await board.stats())!;
        board.kill();
        assert.ok(Number(stats.counters['receivedFrames']) > 5, JSON.stringify(stats.counters));
        assert.equal(stats.overruns, 0);
        assert.ok(stats.chunkPeak < stats.chunkSize, `chunks ${stats.chunkPeak} of ${stats.chunkSize}`);
        assert.ok(stats.slotPeak < stats.slotSize, `slots ${stats.slotPeak} of ${stats.slotSize}`);
        assert.ok(stats.stackPeak < stats.stackSize, `stack ${stats.stackPeak} of ${stats.stackSize}`);
      }
    });
  }

  test('the secret key is made once and kept', async () => {
    const stateDir = await scratchFolder();
    const secrets = [];
    for (let life = 0; life < 2; life += 1) {
      const board = await startBoardProcess({ profile: 'esp32c3', bundle, stateDir });
      await board.stats();
      board.kill();
      await board.exited;
      secrets.push(await readFile(join(stateDir, 'secret')));
    }
    assert.equal(secrets[0]!.length, 32);
    assert.deepEqual(secrets[0], secrets[1]);
    assert.ok(new Set(secrets[0]).size > 8, 'not random');
  });
});
