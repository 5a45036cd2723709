/** Random transactions against anvil; 2,000 of them are in `npm run bench:chain`. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { differential } from './differential.js';

const anvil = join('node_modules', '.bin', 'anvil');
const skip = existsSync(anvil) ? false : 'anvil is not installed on this machine';
/** Not those of anvil's users, nor of other tests. */
const PORT = 18_571;

test('200 random transactions have the same receipts and leave the same accounts as with anvil', { skip, timeout: 90_000 }, async (t) => {
  const { difference, transactions, reverted, accounts } = await differential(anvil, 200, 1, PORT);
  assert.equal(difference, undefined);
  t.diagnostic(`${transactions} transactions, ${reverted} of them reverted, ${accounts} accounts`);
  assert.ok(reverted > 10 && accounts > 10);
});

test('planted fault is caught: one receipt with another gas', { skip, timeout: 60_000 }, async () => {
  const { difference } = await differential(anvil, 40, 2, PORT + 1, true);
  assert.match(difference ?? '', /transaction 7: gasUsed/);
});
