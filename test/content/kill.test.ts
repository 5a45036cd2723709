/** Kill -9 at random instants of adding, deleting, collecting and downloading. `npm run drill:content` does the same 500 times. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drill } from './kill-drill.js';

test(
  'killed 20 times: every acknowledged file and piece is intact, no orphan is left, the sums fit the disk',
  { timeout: 240_000 },
  async () => {
    const { wrong, promises } = await drill(20);
    assert.deepEqual(wrong, []);
    assert.ok(promises > 50, `${promises} promises`);
  },
);

test('a store that acknowledges too early is caught', { timeout: 240_000 }, async () => {
  const { wrong } = await drill(40, true);
  assert.match(wrong.join('\n'), /was acknowledged and is gone/);
});
