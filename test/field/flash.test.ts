/** The flasher against the ROM loader: every chip, refusals before the first write, a bad line, a pulled cable, several boards, and formats that others read. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../../hosts/cli/program.js';
import { flashBoard, readBundle, writeBundle, type Bundle } from '../../hosts/field/flash/index.js';
import { chipIds } from '../../hosts/field/flash/chips.js';
import { readImage, writeImage } from '../../hosts/field/flash/esp-image.js';
import { choose, chosenSlot, sequenceCheck } from '../../hosts/field/flash/ota-data.js';
import { decodePartitions, encodePartitions, parsePartitions, TABLE_LENGTH } from '../../hosts/field/flash/partition-table.js';
import { Problem } from '../../hosts/node/index.js';
import { RomLine, romOnPty, spoiltShare } from './rom-line.js';
import { RomLoader } from './rom-loader.js';
import { bundle, curve, filler, parts, project, signer } from './sample-bundle.js';

const PATIENCE = 40;
const flash = (rom: RomLoader, made: Bundle, options = {}, patience = PATIENCE) =>
  flashBoard(new RomLine(rom, options), made, { device: 'the board', patience });
const refused = (code: string, says: RegExp) => (error: unknown) =>
  error instanceof Problem && error.code === code && says.test(error.message) && error.remedy.length > 20;

for (const chip of chipIds)
  test(`${chip}: a sealed board is installed, updated into the other slot, and left alone when current`, async () => {
    const rom = new RomLoader(chip);
    const [first, second] = [await bundle(chip, 1), await bundle(chip, 2)];
    assert.equal(rom.boot(), undefined, 'an empty flash starts nothing');
    const seen: number[] = [];
    const report = await flashBoard(new RomLine(rom), first, {
      device: 'the board',
      patience: PATIENCE,
      progress: (done, total) => seen.push(done / total),
    });
    assert.deepEqual([report.outcome, report.slot, report.mac], ['installed', 'ota_0', '55:44:33:22:11:00']);
    assert.ok(seen.length >= 4 && seen.at(-1) === 1 && seen.every((share, index) => index === 0 || share >= seen[index - 1]!));
    assert.deepEqual(Buffer.from(rom.boot()!.app), Buffer.from(first.images.app));
    rom.flash.fill(0x5a, 0x9000, 0xd000); // its keys
    assert.deepEqual([(await flash(rom, second)).outcome, rom.boot()!.slot], ['updated', 'ota_1']);
    assert.deepEqual(Buffer.from(rom.boot()!.app), Buffer.from(second.images.app));
    const before = rom.written;
    assert.equal((await flash(rom, second)).outcome, 'current');
    assert.equal(rom.written, before);
    assert.deepEqual([(await flash(rom, first)).slot, rom.boot()!.slot], ['ota_0', 'ota_0']);
    assert.ok(
      rom.flash.subarray(0x9000, 0xd000).every((octet) => octet === 0x5a),
      'the keys were touched',
    );
  });

test('what does not fit is refused before the first write', async () => {
  const wrong = new RomLoader('esp32c3');
  await assert.rejects(flash(wrong, await bundle('esp32c6', 1)), refused('wrong-bundle', /ESP32-C6.*ESP32-C3/));
  const small = new RomLoader('esp32c6', 2);
  await assert.rejects(flash(small, await bundle('esp32c6', 1)), refused('wrong-bundle', /4 MB.*2/));
  for (const rom of [wrong, small]) assert.deepEqual([rom.erased, rom.written], [0, 0]);

  const octets = await writeBundle(parts('esp32c6', 1), project);
  const read = (change: Uint8Array, keys = [project.hex]): unknown => readBundle('x.mbfw', change, { curve, keys });
  assert.throws(() => read(octets, [signer(9).hex]), refused('bundle-foreign', new RegExp(project.hex.slice(0, 16))));
  assert.throws(() => read(new Uint8Array(100)), refused('bundle-format', /does not begin/));
  assert.throws(() => read(octets.subarray(0, 300)), refused('bundle-format', /cut short/));
  assert.throws(() => read(octets.subarray(0, octets.length - 5)), refused('bundle-forged', /app/));
  let forged = 0;
  for (let at = 0; at < octets.length; at += 61) {
    const change = Uint8Array.from(octets);
    change[at]! ^= 0x10;
    assert.throws(
      () => read(change),
      (error: unknown) => error instanceof Problem && /^bundle-/.test(error.code),
      `octet ${at} was changed unseen`,
    );
    forged += 1;
  }
  assert.ok(forged > 500);
  // Somebody who signs with a key of his own and names ours.
  const renamed = Buffer.from(await writeBundle(parts('esp32c6', 1), signer(9)));
  renamed.write(project.hex, renamed.indexOf(signer(9).hex), 'latin1');
  assert.throws(() => read(renamed), refused('bundle-forged', /changed after/));
  await assert.rejects(writeBundle({ ...parts('esp32c6', 1), chip: 'esp32s3' }, project), refused('bundle-parts', /esp32c6/));
  await assert.rejects(writeBundle(parts('esp32c6', 1, 200_000), project), refused('bundle-parts', /more than a slot/));
});

test('a bad line: 5 % of the octets spoilt in bursts, and every run verifies', async () => {
  const made = await bundle('esp32c6', 1, 20_000);
  spoiltShare();
  for (let seed = 1; seed <= 8; seed += 1) {
    const rom = new RomLoader('esp32c6');
    await flash(rom, made, { noise: { share: 0.05, burst: 100, seed } }, 25);
    assert.deepEqual(Buffer.from(rom.boot()!.app), Buffer.from(made.images.app), `seed ${seed}`);
  }
  const share = spoiltShare();
  assert.ok(share > 0.03 && share < 0.07, `${share} of the octets were spoilt`);
});

test('flash that keeps nothing is named, not believed', async () => {
  class WornOut extends RomLoader {
    override feed(octets: Uint8Array): Uint8Array {
      const answer = super.feed(octets);
      this.flash.fill(0xff, 0x10000);
      return answer;
    }
  }
  const rom = new WornOut('esp32c6');
  await assert.rejects(flash(rom, await bundle('esp32c6', 1, 4_000)), refused('flash-verify', /0x10000/));
});

test('a cable pulled while a board is updated: the old slot starts, and the next run goes on', async () => {
  const [old, fresh] = [await bundle('esp32s3', 1), await bundle('esp32s3', 2)];
  const installed = new RomLoader('esp32s3');
  await flash(installed, old);
  const whole = new RomLoader('esp32s3', 4, installed.flash.slice());
  const line = new RomLine(whole);
  await flashBoard(line, fresh, { device: 'the board', patience: PATIENCE });
  for (const part of [0.2, 0.5, 0.93, 0.99]) {
    const rom = new RomLoader('esp32s3', 4, installed.flash.slice());
    await assert.rejects(flash(rom, fresh, { pullAfter: Math.floor(line.sent * part) }), refused('board-gone', /pulled/));
    const starts = rom.boot()!.app;
    assert.ok(
      [old, fresh].some(({ images }) => Buffer.from(images.app).equals(Buffer.from(starts))),
      'nothing whole starts',
    );
    if (part <= 0.5) assert.deepEqual(Buffer.from(starts), Buffer.from(old.images.app));
    const again = new RomLoader('esp32s3', 4, rom.flash);
    await flash(again, fresh);
    assert.deepEqual(Buffer.from(again.boot()!.app), Buffer.from(fresh.images.app));
  }
});

test('meshbox flash writes two boards at once over terminal devices, one of them on a bad line; a third of another chip is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'meshbox-flash-'));
  const file = join(folder, 'c6.mbfw');
  await writeFile(file, await writeBundle(parts('esp32c6', 1, 12_000), project));
  const roms = [new RomLoader('esp32c6'), new RomLoader('esp32c6'), new RomLoader('esp32c3')];
  const ptys = [await romOnPty(roms[0]!), await romOnPty(roms[1]!, { share: 0.002, burst: 40, seed: 5 }), await romOnPty(roms[2]!)];
  let said = '';
  const stream = { write: (text: string) => ((said += text), true) } as unknown as NodeJS.WritableStream;
  try {
    const args = ['flash', file, '--port', ...ptys.map(({ device }) => device), '--trust', project.hex, '--baud', '115200', '--json'];
    assert.equal(await run(args, { stdout: stream, stderr: stream }), 1, said);
    const [answer, problem] = said
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { boards: { outcome: string }[]; error: { code: string } });
    assert.deepEqual(
      answer!.boards.map(({ outcome }) => outcome),
      ['installed', 'installed'],
    );
    assert.equal(problem!.error.code, 'wrong-bundle');
    assert.deepEqual(
      roms.map((rom) => rom.boot()?.slot),
      ['ota_0', 'ota_0', undefined],
    );
    said = '';
    assert.equal(await run(['flash', file, '--port', ptys[0]!.device], { stdout: stream, stderr: stream }), 1);
    assert.match(said, /does not trust[^]*--trust/);
    said = '';
    assert.equal(await run(['flash', join(folder, 'none.mbfw')], { stdout: stream, stderr: stream }), 1);
    assert.match(said, /npm run firmware/);
  } finally {
    for (const pty of ptys) await pty.unplug();
    await rm(folder, { recursive: true, force: true });
  }
});

test('images, partition tables and the choice of a slot are ESP-IDF’s', async (t) => {
  assert.equal(sequenceCheck(1), 0x4743_989a);
  const erased = new Uint8Array(32).fill(0xff);
  assert.equal(chosenSlot([erased, erased], 2), undefined);
  for (let slot = 0, entries: Uint8Array[] = [erased, erased]; slot < 5; slot += 1) {
    const { sector, octets } = choose(entries, slot % 2, 2);
    entries = entries.map((entry, index) => (index === sector ? octets.subarray(0, 32) : entry));
    assert.equal(chosenSlot(entries, 2), slot % 2);
  }
  const text = 'nvs,data,nvs,,24K,\nphy,data,phy,0xf000,0x1000,\nfactory,app,factory,,1M,\n';
  const table = parsePartitions('example', text);
  // ESP-IDF's own default table.
  assert.deepEqual(
    table.map(({ at, size }) => [at, size]),
    [
      [0x9000, 0x6000],
      [0xf000, 0x1000],
      [0x10000, 0x100000],
    ],
  );
  const binary = encodePartitions(table);
  assert.deepEqual([binary.length, decodePartitions(binary)], [TABLE_LENGTH, table]);
  assert.equal(decodePartitions(Uint8Array.from(binary, (octet, index) => (index === 5 ? octet ^ 1 : octet))), undefined);
  for (const bad of ['nvs,data,nvs,0x8000,24K', 'a,app,ota_0,0x11000,64K', 'a,data,what,,4K', 'a,data,nvs,,4K\na,data,nvs,,4K', ''])
    assert.throws(() => parsePartitions('bad.csv', bad), refused('partitions', /bad.csv/));

  const image = writeImage({
    chip: 'esp32c6',
    entry: 0x4080_0004,
    flashMegabytes: 4,
    segments: [{ address: 0x4080_0000, data: filler(1, 1_001) }],
  });
  assert.deepEqual([readImage('x', image).chip, readImage('x', image).flashMegabytes], ['esp32c6', 4]);
  for (const [at, says] of [
    [0, /begin/],
    [12, /chip/],
    [100, /checksum|sha256/],
    [image.length - 1, /sha256/],
  ] as const)
    assert.throws(
      () =>
        readImage(
          'x',
          Uint8Array.from(image, (octet, index) => (index === at ? octet ^ 0x40 : octet)),
        ),
      refused('image', says),
    );

  const tool = ['esptool', 'esptool.py'].find((name) => {
    try {
      return execFileSync(name, ['version'], { stdio: ['ignore', 'pipe', 'ignore'] }).length > 0;
    } catch {
      return false;
    }
  });
  if (tool === undefined) return t.diagnostic('left out: reading the image with esptool, which is not installed (Debian: esptool)');
  const folder = await mkdtemp(join(tmpdir(), 'meshbox-image-'));
  try {
    for (const chip of chipIds) {
      const file = join(folder, `${chip}.bin`);
      await writeFile(file, parts(chip, 1).images.app);
      const says = execFileSync(tool, ['--chip', chip, 'image_info', file], { encoding: 'utf8' });
      assert.match(says, /Checksum: (0x)?[0-9a-f]+ \(valid\)/i, says);
      assert.match(says, /Validation hash: [0-9a-f]+ \(valid\)/i, says);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
