import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { followRoutes } from '../../hosts/sim/ground-truth.js';

suite('ground truth', () => {
  const ring = [0, 1, 2, 3, 4];
  const clockwise = (at: number): number => (at + 1) % 5;

  test('every pair arrives where every station has a next hop that leads on', () => {
    assert.deepEqual(followRoutes(ring, clockwise), { pairs: 20, reached: 20, looping: 0 });
  });

  test('a missing next hop ends the ways that lead there', () => {
    // Everyone needs 2 to get past it, but for those who go to 2 itself or start behind it.
    assert.deepEqual(
      followRoutes(ring, (at) => (at === 2 ? -1 : clockwise(at))),
      { pairs: 20, reached: 10, looping: 0 },
    );
  });

  test('a circle that misses the destination is a loop, for those on it and those who enter it (planted fault)', () => {
    const loops = followRoutes([0, 1, 2, 3], (at, destination) => (destination === 3 ? [1, 2, 1, -1][at]! : destination));
    assert.deepEqual(loops, { pairs: 12, reached: 9, looping: 3 });
  });
});
