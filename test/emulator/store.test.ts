/** The emulated board's store: power cuts at every step of its flash in memory, and the emulator killed while it writes. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startEmulatedBoard } from '../../hosts/xs/emulated-board.js';
import { readFlash } from '../../hosts/xs/flash-image.js';
import { bundleEcho, Command, frame, scratchFolder } from '../xs/rig.js';

const host = new URL('../../hosts/xs/host/', import.meta.url).pathname;

/** Compiles store-cuts.c with the store, as it is or with a fault in it. */
async function build(spoil: (source: string) => string = (source) => source): Promise<string> {
  const folder = await scratchFolder();
  const source = join(folder, 'store.c');
  const original = await readFile(join(host, 'rv32-store.c'), 'utf8');
  await writeFile(source, spoil(original));
  const program = join(folder, 'store-cuts');
  const cuts = new URL('store-cuts.c', import.meta.url).pathname;
  execFileSync('gcc', ['-O1', '-std=gnu11', '-w', `-I${host}`, cuts, source, '-o', program]);
  return program;
}

suite('store', { timeout: 280_000 }, () => {
  test('holds every answered value after a cut at each step of its flash', async () => {
    const program = await build();
    for (const seed of ['1', '20261122']) {
      const { status, stdout } = spawnSync(program, [seed], { encoding: 'utf8', timeout: 60_000 });
      assert.equal(status, 0, `seed ${seed}: ${stdout}`);
      assert.ok(Number(/^cuts (\d+)$/m.exec(stdout)?.[1]) > 5000, stdout);
    }
  });

  const faults: [string, (source: string) => string][] = [
    [
      'a header before what it is the header of',
      (s) => s.replace('flashErase(target);\n', 'flashErase(target);\n\twriteHeader(target, generation + 1);\n'),
    ],
    ['no checksum', (s) => s.replace('return wordAt(at + size) == ~crc(ERASED, at, size) ? at : NULL;', 'return at;')],
    ['a torn tail that is written over', (s) => s.replace('\t\t\treturn move();\n', '\t\t\treturn;\n')],
  ];
  for (const [what, spoil] of faults) {
    test(`would notice ${what}`, async () => {
      const { status } = spawnSync(await build(spoil), ['1'], { encoding: 'utf8', timeout: 60_000 });
      assert.notEqual(status, 0);
    });
  }
});

suite('the emulator killed while it writes', { timeout: 280_000 }, () => {
  let bundle: string;
  before(async () => {
    bundle = await bundleEcho();
  });
  const cuts = Number(process.env['MESHBOX_CUTS'] ?? 25);

  test(`${cuts} times: the last answered value or the one under way, whole, also for the reader outside`, async () => {
    let seed = 20_261_122;
    const random = (below: number): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % below;
    const stateDir = await scratchFolder();
    let next = 1;
    let answered = 0;
    let torn = 0;
    for (let life = 0; life < cuts; life += 1) {
      const board = await startEmulatedBoard({ profile: 'esp32c3', bundle, stateDir });
      await board.handle(frame(Command.Get, 1));
      const { found } = (await board.stats())!.counters as { found: string };
      const held = found === 'nothing' && answered === 0 ? 0 : Number(/^512: (\d+)$/.exec(found)?.[1] ?? NaN);
      const possible = Array.from({ length: next }, (_, value) => value)
        .filter((value) => value >= answered)
        .map((value) => value & 255);
      assert.ok(possible.includes(held), `life ${life}, seed 20261122: found ${found}, answered ${answered}, tried ${next - 1}`);
      const puts = Array.from({ length: 6 }, () => {
        const value = next++;
        return board.handle(frame(Command.Put, 1, value & 255)).then((turn) => void (turn && (answered = value)));
      });
      // On a busy machine a board may not get to its first put in 30 ms: in one life of three the cut waits for an answer.
      if (life % 3 === 0) await puts[random(3)];
      await pause(random(30));
      board.kill();
      await Promise.all([...puts, board.exited]);
      const outside = readFlash((await readFile(join(stateDir, 'flash.bin'))).subarray(0, 0x80000))?.values.get('key1');
      if (answered > 0)
        assert.ok(outside !== undefined && new Set(outside).size === 1, `life ${life}: the reader outside found another value`);
      if (next - 1 > answered) torn += 1;
    }
    assert.ok(answered > 0, 'no put was ever answered');
    assert.ok(torn > 0, 'no cut fell among the puts');
  });
});
