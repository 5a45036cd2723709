/** State folder, journal and content store: what a kill, a power cut or a bad disk leaves behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createCurveKernels, createKernels } from '../../firmware/core/crypto/index.js';
import { ContentStore, Journal, MAP_HEADER, openStateFolder, type JournalOptions } from '../../hosts/box/store/index.js';
import { Problem } from '../../hosts/node/index.js';

const folder = await mkdtemp(join(tmpdir(), 'meshbox-store-'));
after(() => rm(folder, { recursive: true }));
const kernels = { curve: createCurveKernels(), hashes: createKernels() };

interface Item {
  readonly name: string;
  readonly value: number;
}
const journalAt = (file: string, capacity = 100): JournalOptions<Item> => ({
  file: join(folder, file),
  key: ({ name }) => name,
  valid: (value): value is Item => typeof (value as Partial<Item> | undefined)?.name === 'string',
  capacity,
});

test('journal: the last record of a key wins, in the order of first appearance, across restarts', async () => {
  const first = await Journal.open(journalAt('a'));
  for (const [name, value] of [
    ['x', 1],
    ['y', 2],
    ['x', 3],
  ] as const)
    await first.put({ name, value });
  await first.close();
  const second = await Journal.open(journalAt('a'));
  assert.deepEqual(second.values(), [
    { name: 'x', value: 3 },
    { name: 'y', value: 2 },
  ]);
  assert.equal(second.damage, undefined);
  await second.close();
});

test('journal: capped in records and in lines', async () => {
  const journal = await Journal.open(journalAt('capped', 10));
  for (let i = 0; i < 95; i += 1) await journal.put({ name: `n${i % 15}`, value: i });
  assert.equal(journal.values().length, 10);
  await journal.close();
  assert.ok((await readFile(join(folder, 'capped'), 'utf8')).split('\n').length <= 22);
  const again = await Journal.open(journalAt('capped', 10));
  assert.deepEqual(again.values(), journal.values());
  await again.close();
});

test('journal: cut at every octet, what was whole before the cut is there, without alarm', async () => {
  const whole = await Journal.open(journalAt('torn'));
  for (let i = 0; i < 4; i += 1) await whole.put({ name: `n${i}`, value: i });
  await whole.close();
  const bytes = await readFile(join(folder, 'torn'));
  for (let length = 0; length <= bytes.length; length += 1) {
    await writeFile(join(folder, 'cut'), bytes.subarray(0, length));
    const cut = await Journal.open(journalAt('cut'));
    const lines = bytes.subarray(0, length).toString().split('\n').length - 1;
    assert.equal(cut.values().length, lines, `cut at ${length}`);
    assert.equal(cut.damage, undefined);
    await cut.put({ name: 'after', value: 1 });
    await cut.close();
    const again = await Journal.open(journalAt('cut'));
    assert.equal(again.values().length, lines + 1);
    await again.close();
  }
});

test('journal: a damaged record in the middle is named, the file kept aside, every good record stays', async () => {
  const journal = await Journal.open(journalAt('damaged'));
  for (let i = 0; i < 5; i += 1) await journal.put({ name: `n${i}`, value: i });
  await journal.close();
  const text = await readFile(join(folder, 'damaged'), 'utf8');
  await writeFile(join(folder, 'damaged'), text.replace('"value":2', '"value":7'));
  const again = await Journal.open(journalAt('damaged'));
  assert.deepEqual(
    again.values().map(({ name }) => name),
    ['n0', 'n1', 'n3', 'n4'],
  );
  assert.equal(again.damage?.lines, 1);
  assert.match(await readFile(again.damage!.copiedTo, 'utf8'), /"value":7/);
  await again.close();
  const third = await Journal.open(journalAt('damaged'));
  assert.equal(third.damage, undefined, 'reported once');
  await third.close();
});

test("journal: what cannot be written is the caller's to know", async () => {
  const place = join(folder, 'gone');
  await mkdir(place);
  const journal = await Journal.open(journalAt('gone/a'));
  await rm(place, { recursive: true });
  await assert.rejects(journal.put({ name: 'x', value: 1 }), /ENOENT/);
});

test('content: blocks in any order become the whole; a wrong whole disappears; both survive a restart', async () => {
  const place = join(folder, 'content');
  const store = await ContentStore.open(place);
  const bytes = randomBytes(10_000);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const block = (i: number): Uint8Array => bytes.subarray(i * 4_096, (i + 1) * 4_096);
  const first = await store.partial(sha256, bytes.length, 4_096);
  assert.deepEqual(first.missing, new Uint8Array([0b1110_0000]));
  await first.store(2, block(2));
  await first.store(0, block(0));
  assert.deepEqual(first.missing, new Uint8Array([0b0100_0000]));
  await first.close();
  const second = await (await ContentStore.open(place)).partial(sha256, bytes.length, 4_096);
  assert.deepEqual(second.missing, new Uint8Array([0b0100_0000]));
  assert.equal(second.received, 4_096 + (10_000 - 8_192));
  await assert.rejects(second.store(1, new Uint8Array(5)), RangeError);
  await second.store(1, block(1));
  assert.equal(await store.finish(sha256, second), true);
  const { cid, octets } = store.bySha256(sha256)!;
  assert.equal(octets, 10_000);
  assert.deepEqual(await store.read(cid, 4_000, 200), bytes.subarray(4_000, 4_200));
  assert.deepEqual(await readdir(join(place, 'data')), [cid]);

  const other = 'f'.repeat(64);
  const wrong = await store.partial(other, 100, 100);
  await wrong.store(0, new Uint8Array(100));
  assert.equal(await store.finish(other, wrong), false);
  assert.deepEqual(await readdir(join(place, 'data')), [cid]);
  assert.deepEqual(await readdir(join(place, 'partial')), []);
});

test('content: blocks that the disk lost or tore are missing again, and only those', async () => {
  const place = join(folder, 'torn-content');
  const store = await ContentStore.open(place);
  const name = 'a'.repeat(64);
  const partial = await store.partial(name, 5 * 1_000, 1_000);
  for (let i = 0; i < 5; i += 1) await partial.store(i, new Uint8Array(1_000).fill(i));
  await partial.close();
  // A power cut in which the map reached the disk before the octets: one block torn, the last one cut short, one map entry half written.
  const data = await open(join(place, 'partial', `${name}.part`), 'r+');
  await data.write(new Uint8Array(10), 0, 10, 1_500);
  await data.close();
  await truncate(join(place, 'partial', `${name}.part`), 4_900);
  const map = await open(join(place, 'partial', `${name}.map`), 'r+');
  await map.write(new Uint8Array(2), 0, 2, MAP_HEADER + 3 * 4);
  await map.close();
  const again = await store.partial(name, 5_000, 1_000);
  assert.deepEqual(again.missing, new Uint8Array([0b0101_1000]));
  await again.close();
  const anew = await store.partial(name, 5_000, 500);
  assert.equal(anew.received, 0, 'another block size begins anew');
  await anew.close();
});

test('content: an upload past the limit or broken off leaves nothing', async () => {
  const place = join(folder, 'uploads');
  const store = await ContentStore.open(place);
  await assert.rejects(
    store.add(Readable.from([randomBytes(600), randomBytes(600)]), { limit: 1_000 }),
    (error) => error instanceof Problem && error.code === 'too-large',
  );
  await assert.rejects(
    store.add(
      Readable.from(
        (function* () {
          yield randomBytes(10);
          throw new Error('connection lost');
        })(),
      ),
      { limit: 1_000 },
    ),
    /connection lost/,
  );
  assert.deepEqual(await readdir(join(place, 'incoming')), []);
  await writeFile(join(place, 'incoming', 'x'), 'left by a kill');
  await writeFile(join(place, 'data', 'bafy'), 'an orphan');
  await ContentStore.open(place);
  assert.deepEqual([await readdir(join(place, 'incoming')), await readdir(join(place, 'data'))], [[], []]);
});

test('kill -9 of a process that stores blocks and records, six times: what it called durable is there', { timeout: 60_000 }, async () => {
  const place = join(folder, 'killed');
  const writer = fileURLToPath(new URL('./store-writer.ts', import.meta.url));
  let promised = 0;
  let records = 0;
  for (let round = 0; round < 6; round += 1) {
    const child = spawn(process.execPath, ['--import', 'tsx', writer, place], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    let said = '';
    child.stdout.on('data', (text: Buffer) => {
      said += String(text);
      // Killed at another instant of the writing each time: after 3, 10, 17 ... promises.
      if (said.split('\n').length > 3 + round * 7) child.kill('SIGKILL');
    });
    await exited;
    const store = await ContentStore.open(join(place, 'content'));
    for (const line of said.split('\n').slice(0, -1)) {
      const [what, number] = line.split(' ');
      if (what === 'block') promised = Math.max(promised, Number(number));
      else records = Math.max(records, Number(number));
    }
    const partial = await store.partial('b'.repeat(64), 4_000_000, 1_000);
    for (let i = 0; i <= promised; i += 1)
      assert.equal(partial.missing[i >> 3]! & (0x80 >> (i & 7)), 0, `round ${round}: block ${i} was promised`);
    await partial.close();
    const journal = await Journal.open({ ...journalAt('killed/journal', 10_000) });
    assert.equal(journal.damage, undefined, `round ${round}`);
    for (let i = 0; i <= records; i += 1) assert.equal(journal.get(`r${i}`)?.value, i, `round ${round}: record ${i} was promised`);
    await journal.close();
  }
  assert.ok(promised > 20 && records > 20, `${promised} blocks and ${records} records were promised`);
});

test('state folder: one daemon at a time, the same identity again, and every damage named with its remedy', async () => {
  const path = join(folder, 'state');
  const failsWith = (code: string, ...names: readonly RegExp[]): Promise<void> =>
    assert.rejects(openStateFolder(path, kernels), (error) => {
      assert.ok(error instanceof Problem, String(error));
      assert.equal(error.code, code);
      for (const name of names) assert.match(`${error.message} ${error.remedy}`, name);
      return true;
    });
  const first = await openStateFolder(path, kernels);
  await failsWith('state-in-use', /state/, /--state/);
  await first.release();
  const second = await openStateFolder(path, kernels);
  assert.deepEqual(second.signer.id, first.signer.id);
  await second.release();

  const format = join(path, 'format');
  const key = join(path, 'box.key');
  const [formatText, keyText] = [await readFile(format, 'utf8'), await readFile(key, 'utf8')];
  await appendFile(format, 'garbage');
  await failsWith('state-corrupt', /format is damaged/, /delete that one file/);
  await writeFile(format, formatText.replace('"format":1', '"format":2'));
  await failsWith('state-version', /format 2/, /--state/);
  await writeFile(format, formatText.replace(/"id":"."/, '"id":"x'));
  await writeFile(format, JSON.stringify({ format: 1, id: '0123456789abcdef' }));
  await failsWith('state-corrupt', /0123456789abcdef/, /backup/);
  await writeFile(format, formatText);
  await writeFile(key, keyText.slice(0, 50));
  await failsWith('key-corrupt', /box\.key/, /backup/);
  await rm(key);
  await failsWith('key-missing', /box\.key/, /backup/);
  await writeFile(key, keyText, { mode: 0o600 });
  const restored = await openStateFolder(path, kernels);
  assert.deepEqual(restored.signer.id, first.signer.id, 'nothing was lost');
  await restored.release();

  await writeFile(join(folder, 'a-file'), '');
  await assert.rejects(
    openStateFolder(join(folder, 'a-file', 'below'), kernels),
    (error) => error instanceof Problem && error.code === 'state-denied',
  );
});
