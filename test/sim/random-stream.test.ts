import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { RandomStream } from '../../hosts/sim/random-stream.js';

suite('seeded randomness', () => {
  test('streams are named by their words: same words same stream, other words another', () => {
    const first = (...words: (string | number)[]): number => new RandomStream(...words).u32();
    assert.equal(first(1, 'access', 2), first(1, 'access', 2));
    assert.notEqual(first(1, 'access', 2), first(1, 'access', 3));
    assert.notEqual(first(1, 'access', 2), first(2, 'access', 2));
  });

  test('normal deviates have mean 0 and variance 1', () => {
    const random = new RandomStream(1, 'normal');
    const count = 20_000;
    let sum = 0;
    let squares = 0;
    for (let k = 0; k < count; k += 1) {
      const z = random.gaussian();
      sum += z;
      squares += z * z;
    }
    assert.ok(Math.abs(sum / count) < 3.3 / Math.sqrt(count), `${sum / count}`);
    assert.ok(Math.abs(squares / count - 1) < 3.3 * Math.sqrt(2 / count), `${squares / count}`);
  });
});
