/** A board process in lockstep: queues, the serial line on a real pty, and a store that survives a kill at any instant. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { bundleEcho, Command, frame, inOneBurst, scratchFolder, startEcho, type EchoBoard } from './rig.js';

let bundle: string;
before(async () => {
  bundle = await bundleEcho();
});

suite('lockstep', () => {
  test('a message is answered by what the turn sends and the next deadline', async () => {
    const board = await startEcho(bundle);
    assert.deepEqual(board.first, { transmits: [], deadline: undefined });
    assert.deepEqual(await board.handle({ type: 'tick', now: 70 }), { transmits: [], deadline: 1070 });
    assert.deepEqual(await board.command(Command.Echo, 7, 8), {
      transmits: [{ type: 'transmit', kind: 'air', to: new Uint8Array(6).fill(255), bytes: Uint8Array.of(Command.Echo, 7, 8) }],
      deadline: 1070,
    });
    await board.handle({ type: 'sent', now: 71, kind: 'air', ok: true });
    assert.equal((await board.read()).counters.sent, 1);
    assert.deepEqual(await board.stop(), { code: 0, reason: '' });
    assert.equal(await board.handle({ type: 'tick', now: 80 }), undefined);
  });

  test('the board ends when the air goes away', async () => {
    const board = await startEcho(bundle);
    const reading = board.read();
    assert.equal((await reading).counters.ticks, 0);
    assert.equal((await board.stop()).code, 0);
  });

  test('the event queue holds 10: of 25 ticks at once 15 are lost, counted and answered', async () => {
    const board = await startEcho(bundle);
    const answers: Promise<unknown>[] = [];
    inOneBurst(board, () => {
      for (let i = 0; i < 25; i += 1) answers.push(board.handle({ type: 'tick', now: i }));
    });
    await Promise.all(answers);
    const { counters, eventsLost, overruns } = await board.read();
    board.kill();
    assert.deepEqual([counters.ticks, eventsLost, overruns], [10, 15, 15]);
  });

  test('the receive ring holds 6: of 20 frames at once 14 are lost, counted and answered', async () => {
    const board = await startEcho(bundle);
    const answers: Promise<unknown>[] = [];
    inOneBurst(board, () => {
      for (let i = 0; i < 20; i += 1) answers.push(board.handle(frame(Command.Echo, i)));
    });
    await Promise.all(answers);
    const { counters, framesLost, overruns } = await board.read();
    board.kill();
    assert.deepEqual([counters.frames, framesLost, overruns], [6, 14, 14]);
  });

  test('one after the other nothing is lost', async () => {
    const board = await startEcho(bundle);
    for (let i = 0; i < 200; i += 1) await board.command(Command.Echo, i & 255);
    const { counters, overruns } = await board.read();
    board.kill();
    assert.deepEqual([counters.frames, overruns], [200, 0]);
  });

  test('entropy is the system’s: two boards draw different octets', async () => {
    const drawn = new Set<string>();
    for (let i = 0; i < 2; i += 1) {
      const board = await startEcho(bundle);
      await board.command(Command.Random);
      drawn.add((await board.read()).counters.found);
      board.kill();
    }
    assert.equal(drawn.size, 2);
  });
});

/** Writes so many octets while the board stands still, then waits until it has taken or lost them all. */
async function pour(board: EchoBoard, octets: number): Promise<{ taken: number; lost: number }> {
  const before = await board.read();
  const port = openSync(board.serialPath!, 'r+');
  inOneBurst(board, () => assert.equal(writeSync(port, Buffer.alloc(octets, 65)), octets));
  for (;;) {
    const now = await board.read();
    const taken = now.counters.octets - before.counters.octets;
    const lost = now.serialLost - before.serialLost;
    if (taken + lost === octets) {
      closeSync(port);
      return { taken, lost };
    }
    await setImmediate();
  }
}

suite('serial line', { timeout: 60_000 }, () => {
  test('short turns lose nothing of 4,000 octets in front of a FIFO of 128', async () => {
    const board = await startEcho(bundle, { serial: true });
    assert.deepEqual(await pour(board, 4000), { taken: 4000, lost: 0 });
    board.kill();
  });

  test('a long turn loses what arrives beyond the FIFO, and counts it', async () => {
    const board = await startEcho(bundle, { serial: true });
    await board.command(Command.SlowSerial, 16);
    const { taken, lost } = await pour(board, 4000);
    board.kill();
    assert.ok(lost > 1000, `only ${lost} lost`);
    assert.ok(taken >= 256, `only ${taken} taken`);
  });

  test('octets come back, as unasked turns, also to a second daemon', async () => {
    const board = await startEcho(bundle, { serial: true });
    let unasked = 0;
    board.onUnasked(() => (unasked += 1));
    for (let daemon = 0; daemon < 2; daemon += 1) {
      const port = openSync(board.serialPath!, 'r+');
      writeSync(port, 'hello');
      const answer = Buffer.alloc(5);
      for (let size = 0; size < 5;) size += readSync(port, answer, size, 5 - size, null);
      assert.equal(answer.toString(), 'hello');
      closeSync(port);
    }
    await board.read();
    board.kill();
    assert.ok(unasked >= 2, `${unasked} unasked turns`);
  });
});

/** What a store may hold after a kill: one whole value, not older than the last that was answered. */
function judge(found: string, acknowledged: number): string | undefined {
  const match = /^512: (\d+)$/.exec(found);
  if (found === 'nothing') return acknowledged === 0 ? undefined : 'an answered value is gone';
  if (match === null) return `a torn value: ${found}`;
  return Number(match[1]) >= acknowledged ? undefined : `older than the answered ${acknowledged}: ${found}`;
}

suite('store', { timeout: 60_000 }, () => {
  test('keys of 16 characters are refused as on flash', async () => {
    const board = await startEcho(bundle, { stateDir: await scratchFolder() });
    await board.command(Command.PutLongKey);
    assert.equal((await board.read()).counters.refused, 1);
    board.kill();
  });

  test('after a kill at any instant every key has its old value or its new one', async () => {
    let seed = 20261122;
    const random = (below: number): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % below;
    const stateDir = await scratchFolder();
    let next = 1;
    let acknowledged = 0;
    for (let life = 0; life < 25; life += 1) {
      const board = await startEcho(bundle, { stateDir });
      await board.command(Command.Get, 1);
      const verdict = judge((await board.read()).counters.found, acknowledged);
      assert.equal(verdict, undefined, `life ${life}, seed 20261122: ${String(verdict)}`);
      // Several puts in flight; the kill falls somewhere among them.
      const puts = Array.from({ length: 5 }, () => {
        const value = next++;
        return board.command(Command.Put, 1, value).then((turn) => void (turn && (acknowledged = value)));
      });
      const survivors = random(5);
      if (survivors > 0) await puts[survivors - 1];
      for (let pause = random(40); pause > 0; pause -= 1) await setImmediate();
      board.kill();
      await Promise.all(puts);
    }
    assert.ok(acknowledged > 0, 'no put was ever answered');
  });

  test('a torn value would be seen', async () => {
    const stateDir = await scratchFolder();
    await writeFile(join(stateDir, 'key1'), Buffer.concat([Buffer.alloc(256, 1), Buffer.alloc(256, 2)]));
    const board = await startEcho(bundle, { stateDir });
    await board.command(Command.Get, 1);
    assert.equal(judge((await board.read()).counters.found, 0), 'a torn value: 512: 1 2');
    board.kill();
  });
});
