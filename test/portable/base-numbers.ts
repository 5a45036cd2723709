/** Chance and allowances: the generator's sequence is fixed for all engines, a bucket gives what it promises. */
import { Prng, TokenBucket } from '../../firmware/core/base/index.js';
import { check, equal, suite, throws } from './harness.js';

suite('Prng', (t) => {
  t.test('sfc32 from a zero seed, as PractRand computes it', () => {
    // Computed by a straightforward transcription of sfc32 into C (uint32_t arithmetic), 15 outputs discarded.
    const prng = new Prng(new Uint8Array(16));
    equal(hexOf(prng), ZERO_SEED);
  });

  t.test('a seed of another length is misuse', () => throws(() => new Prng(new Uint8Array(15)), 'prng-seed'));

  t.test('the same seed gives the same numbers, another seed others', () => {
    equal(hexOf(new Prng(seeded(1))), hexOf(new Prng(seeded(1))));
    check(hexOf(new Prng(seeded(1))) !== hexOf(new Prng(seeded(2))), 'two seeds give the same sequence');
  });

  t.test('between takes every value of its range and no other', () => {
    const prng = new Prng(seeded(7));
    const seen = new Array<number>(6).fill(0);
    for (let i = 0; i < 600; i += 1) {
      const value = prng.between(-2, 3);
      check(value >= -2 && value <= 3, `${value} is out of range`);
      seen[value + 2]! += 1;
    }
    for (const count of seen) check(count > 50, `a value came ${count} times of 600`);
  });
});

suite('TokenBucket', (t) => {
  t.test('full at first, then as fast as it refills', () => {
    const bucket = new TokenBucket(3000, 1);
    for (let i = 0; i < 3; i += 1) {
      equal(bucket.wait(10, 1000), 0);
      bucket.spend(1000);
    }
    equal(bucket.wait(10, 1000), 1000);
    equal(bucket.wait(510, 1000), 500);
    equal(bucket.wait(1010, 1000), 0);
  });

  t.test('never holds more than its capacity, and overdraws only what is spent', () => {
    const bucket = new TokenBucket(100, 10);
    equal(bucket.wait(1_000_000, 100), 0);
    bucket.spend(250);
    equal(bucket.wait(1_000_000, 0), 15);
    equal(bucket.wait(1_000_015, 0), 0);
  });

  t.test('time that goes back refills nothing', () => {
    const bucket = new TokenBucket(10, 1);
    bucket.wait(100, 0);
    bucket.spend(10);
    bucket.wait(50, 0);
    equal(bucket.wait(100, 10), 10);
  });
});

function seeded(first: number): Uint8Array {
  const seed = new Uint8Array(16);
  seed[0] = first;
  return seed;
}

function hexOf(prng: Prng): string {
  let text = '';
  for (let i = 0; i < 4; i += 1) text += `${prng.u32()} `;
  return text;
}

const ZERO_SEED = '808754475 4216505632 947923937 2491578854 ';
