/** A chip's limits hold on the XS host: pools, stacks, frozen modules, absent globals; and each way to end has its code and its line. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import type { Chip } from '../../hosts/xs/board-process.js';
import { buildXs, bundleForXs } from '../../hosts/xs/build.mjs';
import { bundleEcho, Command, scratchFolder, startEcho } from './rig.js';

interface Profile {
  readonly chunk: number;
  readonly slots: number;
  readonly stack: number;
}
const profiles = JSON.parse(await readFile('hosts/xs/profiles.json', 'utf8')) as Record<Chip, Profile>;
const chips = (Object.keys(profiles) as Chip[]).filter((chip) => chip !== 'none');

/** How much of a pool the echo firmware must be able to fill: on 64 bits slots and chunk headers are twice a board's. */
const { bits } = await buildXs();
const share = bits === 32 ? { chunks: 0.9, slots: 0.75 } : { chunks: 0.8, slots: 0.4 };

let bundle: string;
before(async () => {
  bundle = await bundleEcho();
});

/** Repeats a command until the board ends; answers how often it was obeyed. */
async function until(
  chip: Chip,
  command: Command,
  operand: number,
  most: number,
): Promise<{ times: number; code: number | undefined; reason: string }> {
  const board = await startEcho(bundle, { profile: chip });
  let times = 0;
  while (times < most && (await board.command(command, operand)) !== undefined) times += 1;
  if (times === most) board.kill();
  return { times, ...(await board.exited) };
}

suite('pools', () => {
  for (const chip of chips) {
    test(`${chip}: the chunk pool ends where the profile says`, async () => {
      const { times, code, reason } = await until(chip, Command.KeepOctets, 4, 1000);
      assert.equal(code, 11);
      assert.match(reason, /^memory full: \d+ octets of chunks where \d+ of \d+ are taken$/);
      assert.ok(times * 1024 < profiles[chip].chunk, `${times} KiB fitted into ${profiles[chip].chunk} octets`);
      assert.ok(times * 1024 > profiles[chip].chunk * share.chunks, `only ${times} KiB fitted into ${profiles[chip].chunk} octets`);
    });

    test(`${chip}: the slot pool ends where the profile says`, async () => {
      const { times, code, reason } = await until(chip, Command.KeepObjects, 16, 1000);
      assert.equal(code, 11);
      if (bits === 32) assert.match(reason, /^memory full: all \d+ slots$/);
      const slots = times * 16 * 2;
      assert.ok(slots < profiles[chip].slots, `${slots} slots fitted into ${profiles[chip].slots}`);
      assert.ok(slots > profiles[chip].slots * share.slots, `only ${slots} slots fitted into ${profiles[chip].slots}`);
    });
  }

  test('without a profile’s pools the same firmware goes on', async () => {
    const { times, code } = await until('none', Command.KeepOctets, 4, 200);
    assert.equal(times, 200);
    assert.equal(code, undefined);
  });

  test('each profile fits the memory that its chip has free with both radios on', () => {
    // Octets of XS pools per chip: 140 KB free on the ESP32 less the radio's buffers; 72 to 80 KB on the C3; up to 120 KB on C6 and S3.
    const most: Record<string, number> = { esp32: 88_000, esp32c3: 80_000, esp32c6: 122_880, esp32s3: 122_880 };
    for (const chip of chips) {
      const { chunk, slots, stack } = profiles[chip];
      assert.ok(chunk + 16 * (slots + stack) <= most[chip]!, chip);
    }
  });

  test('built-ins and firmware code cost a board nothing', async () => {
    const entry = join(await scratchFolder(), 'large.ts');
    const functions = Array.from({ length: 400 }, (_, i) => `export function f${i}(a) { return 'text ${i}' + a * ${i}; }`);
    const start = `export function start() { return { deadline: () => Infinity, counters: () => '{}' }; }`;
    await writeFile(entry, [...functions, start].join('\n'));
    await bundleForXs({ entry, output: `${entry}.js` });
    const board = await startEcho(`${entry}.js`);
    const { chunkPeak, slotPeak } = await board.read();
    board.kill();
    assert.ok(slotPeak < 100, `${slotPeak} slots`);
    assert.ok(chunkPeak < 100, `${chunkPeak} octets of chunks`);
  });
});

suite('what lies in flash', () => {
  // Its chunks are not the board's: were their kinds not changed at sharing, the board's collector would move them (and crash).
  test('outlives the board’s garbage collections', async () => {
    const board = await startEcho(bundle);
    await board.command(Command.CopyModules);
    assert.equal((await board.read()).counters.found, '3 of 3');
    for (let i = 0; i < 8000; i += 1) await board.command(Command.Echo, i & 255);
    assert.equal((await board.read()).counters.frames, 8001);
    board.kill();
  });
});

suite('high-water marks', () => {
  test('follow what is kept, and not the garbage', async () => {
    const board = await startEcho(bundle);
    const fresh = await board.read();
    await board.command(Command.Litter);
    const littered = await board.read();
    await board.command(Command.KeepOctets, 16);
    const withOctets = await board.read();
    await board.command(Command.KeepObjects, 100);
    const withObjects = await board.read();
    await board.command(Command.Recurse, 1);
    const withDepth = await board.read();
    board.kill();
    assert.ok(littered.chunkPeak < fresh.chunkPeak + 1024, `128,000 octets of garbage raised the mark to ${littered.chunkPeak}`);
    assert.ok(withOctets.chunkPeak >= littered.chunkPeak + 4096);
    assert.ok(withObjects.slotPeak >= withOctets.slotPeak + 180);
    assert.ok(withDepth.stackPeak >= withObjects.stackPeak + 16);
    assert.ok(littered.computation > fresh.computation + 2000);
  });

  test('the computation of the same turns is the same', async () => {
    const readings = [];
    for (let i = 0; i < 2; i += 1) {
      const board = await startEcho(bundle);
      for (let turn = 0; turn < 50; turn += 1) await board.command(turn % 10 === 0 ? Command.Litter : Command.Echo, turn);
      readings.push(await board.read());
      board.kill();
    }
    assert.deepEqual(readings[0], readings[1]);
  });
});

suite('ends', () => {
  const ends: [string, number, RegExp, Command, number][] = [
    ['deep recursion', 12, /^stack overflow: XS stack$/, Command.Recurse, 255],
    ['deep recursion through native functions', 12, /^stack overflow: C stack$/, Command.RecurseNative, 255],
    ['an uncaught exception', 15, /^uncaught exception: TypeError: as asked$/, Command.Throw, 0],
    ['an unhandled rejection', 18, /^unhandled rejection: Error: as asked$/, Command.Reject, 0],
    ['code from text', 14, /^dead strip$/, Command.Parse, 0],
    ['a turn without end', 17, /^watchdog/, Command.Forever, 0],
  ];
  for (const [what, code, reason, command, operand] of ends) {
    test(`${what}: code ${code}`, async () => {
      const board = await startEcho(bundle);
      assert.equal(await board.command(command, operand), undefined);
      const end = await board.exited;
      assert.equal(end.code, code);
      assert.match(end.reason, reason);
    });
  }

  test('shallow recursion is no end', async () => {
    const board = await startEcho(bundle);
    assert.ok(await board.command(Command.Recurse, 1));
    assert.ok(await board.command(Command.RecurseNative, 4));
    board.kill();
  });

  test('bad input to the executable: code 2 and one line that names it', async () => {
    const { executable } = await buildXs();
    const silent = join(await scratchFolder(), 'silent.js');
    await writeFile(silent, '({})');
    const cases: [string[], RegExp][] = [
      [['--profile', 'esp99', '--bundle', bundle], /^unknown profile: esp99\n$/],
      [['--profile', 'esp32', '--bundle', '/no/such/bundle'], /^cannot read: \/no\/such\/bundle\n$/],
      [['--profile', 'esp32', '--bundle', silent], /^the bundle does not export: start\n$/],
      [['--profile', 'esp32', '--bundle', bundle, '--state', '/no/such/state'], /^cannot make the state folder: \/no\/such\/state\n$/],
      [['--bogus', '1'], /^unknown option: --bogus\n$/],
      [[], /^usage: /],
    ];
    for (const [args, line] of cases) {
      const { status, stderr } = spawnSync(executable, args, { encoding: 'utf8', timeout: 5000 });
      assert.equal(status, 2, args.join(' '));
      assert.match(stderr, line);
    }
  });
});

suite('what a board lacks', () => {
  test('module-level maps, buffers, classes and built-ins are read-only', async () => {
    const board = await startEcho(bundle);
    await board.command(Command.WriteModules);
    assert.equal((await board.read()).counters.refused, 4);
    board.kill();
  });

  test('there are no globals but the language’s', async () => {
    const board = await startEcho(bundle);
    await board.command(Command.NameGlobals);
    const { counters } = await board.read();
    board.kill();
    assert.equal(
      counters.found,
      'AggregateError Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DataView Error EvalError FinalizationRegistry ' +
        'Float32Array Float64Array Infinity Int16Array Int32Array Int8Array JSON Map Math NaN Number Object Promise Proxy RangeError ' +
        'ReferenceError Reflect RegExp Set String Symbol SyntaxError TypeError TypedArray URIError Uint16Array Uint32Array Uint8Array ' +
        'Uint8ClampedArray WeakMap WeakRef WeakSet decodeURI decodeURIComponent encodeURI encodeURIComponent global globalThis isFinite ' +
        'isNaN parseFloat parseInt undefined',
    );
  });
});
