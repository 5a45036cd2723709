/** The ledger on disk: what was said to be stored is there after a kill, a torn end is cut off, damage stops the start. */
import assert from 'node:assert/strict';
import { appendFile, mkdtemp, open, readFile, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Fact } from '../../firmware/core/channel/index.js';
import { Ledger } from '../../hosts/box/channels/ledger.js';

const fail = (error: unknown): never => {
  throw error;
};
const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'ledger-'));
const octets = (value: number): Uint8Array => new Uint8Array(40).fill(value);
const received = (id: string, amount: bigint): Fact => ({
  type: 'received',
  id,
  kind: 'direct',
  token: octets(1).subarray(0, 20),
  from: octets(2).subarray(0, 8),
  amount,
  data: new Uint8Array(0),
});
const put = (ledger: Ledger, key: string, value: Uint8Array | undefined, facts: readonly Fact[] = []): Promise<void> =>
  new Promise((done) => ledger.append([{ key, value }], facts, done));

test('what is stored comes back without a goodbye; income counts each payment once', async () => {
  const path = await folder();
  const ledger = await Ledger.open(path, fail, () => Date.UTC(2026, 10, 22));
  await Promise.all([
    put(ledger, 'a', octets(1)),
    put(ledger, 'b', octets(2), [received('x', 5n)]),
    put(ledger, 'a', octets(3), [received('x', 5n)]),
  ]);
  await put(ledger, 'b', undefined, [received('y', 7n)]);
  // No close: as after a kill.
  for (let start = 0; start < 2; start += 1) {
    const again = await Ledger.open(path, fail);
    assert.deepEqual(again.records, [{ key: 'a', value: octets(3) }]);
    assert.deepEqual(
      again.payments().map(({ id, amount }) => [id, amount]),
      [
        ['x', '5'],
        ['y', '7'],
      ],
    );
    assert.deepEqual(again.income(), [{ day: '2026-11-22', token: '01'.repeat(20), kind: 'received', amount: '12', count: 2 }]);
    await again.close();
  }
  await ledger.close();
});

test('cut at every octet of its last entry, the entries before it stand', async () => {
  const path = await folder();
  const file = join(path, 'ledger');
  const ledger = await Ledger.open(path, fail);
  await put(ledger, 'a', octets(1));
  const whole = (await readFile(file)).length;
  await put(ledger, 'a', octets(2));
  await ledger.close();
  const both = await readFile(file);
  for (let length = whole; length < both.length; length += 1) {
    await truncate(file, 0);
    await appendFile(file, both.subarray(0, length));
    const again = await Ledger.open(path, fail);
    assert.deepEqual(again.records, [{ key: 'a', value: octets(1) }], `cut after ${length} octets`);
    await again.close();
  }
});

test('an entry that is damaged before the last one stops the start', async () => {
  const path = await folder();
  const ledger = await Ledger.open(path, fail);
  await put(ledger, 'a', octets(1));
  await put(ledger, 'a', octets(2));
  await ledger.close();
  const handle = await open(join(path, 'ledger'), 'r+');
  await handle.write(new Uint8Array([0xff]), 0, 1, 20);
  await handle.close();
  await assert.rejects(Ledger.open(path, fail), /channels-corrupt|cannot be read/);
});
