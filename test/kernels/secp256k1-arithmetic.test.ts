/**
 * The curve's arithmetic against BigInt: the field, the scalars, inverses, halves by the endomorphism, additions with every exception.
 * Operands mix random words with words of all zeros and all ones, which is where carries run far.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { Point } from '@noble/secp256k1';
import { buildVariant } from './kernels-variant.js';
import { seeded } from './seeded.js';

const p = 2n ** 256n - 2n ** 32n - 977n;
const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const lambda = 0x5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72n;
const ROUNDS = 2000;
const whole = 2n ** 256n;
const internals = `
export { feMul, feSqr, feAdd, feSub, feSubTwice, feThreeHalves, feHalf, feCanonical, feIsZero, feInvert, feSqrt } from './field';
export { pointDouble, pointAdd, pointAddSecret, pointAffine } from './point';
export { scMultiply, scAdd, scHalve, scReduce, scIsHigh, scInvert, scSplit } from './scalar';
export { multiplyGenerator } from './generator';
export { linearCombination, multiplySecret } from './multiples';
export { negateIf, notBelow, subtractModulus } from './words';
export { nonceStart, nonceNext, nonceRefuse } from './rfc6979';
export { COMB, ODD } from './generator-table';
export { SUM, SCALAR0, SCALAR1, SCALAR2, SCALAR3, KEY_X, KEY_Y, HALVES } from './curve-memory';`;

type Internals = Record<string, (...operands: number[]) => number> & Record<'SUM' | 'SCALAR0', { value: number }>;
let kernel: Internals;
let words: Uint32Array;
/** Operands of this test, far from each other. */
let a: number, b: number, r: number;
const random = seeded(256);

before(async () => {
  const variant = await buildVariant({ exports: internals });
  const { instance } = await WebAssembly.instantiate(await readFile(join(variant.output, 'kernels.wasm')));
  await variant.remove();
  kernel = instance.exports as unknown as Internals;
  words = new Uint32Array((instance.exports.memory as WebAssembly.Memory).buffer);
  [a, b, r] = ['SCALAR0', 'SCALAR1', 'SCALAR2'].map(at) as [number, number, number];
});

function at(name: string): number {
  return (kernel as unknown as Record<string, { value: number }>)[name]!.value;
}

function put(offset: number, value: bigint, length = 8): void {
  for (let i = 0; i < length; i += 1) words[offset / 4 + i] = Number((value >> BigInt(32 * i)) & 0xffffffffn);
}

function get(offset: number, length = 8): bigint {
  let value = 0n;
  for (let i = length - 1; i >= 0; i -= 1) value = (value << 32n) | BigInt(words[offset / 4 + i]!);
  return value;
}

const mod = (value: bigint, modulus: bigint): bigint => ((value % modulus) + modulus) % modulus;

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let e = exponent, x = mod(base, modulus); e > 0n; e >>= 1n, x = (x * x) % modulus) if (e & 1n) result = (result * x) % modulus;
  return result;
}

const edges = [
  0n,
  1n,
  2n,
  977n,
  2n ** 32n + 977n,
  p - 1n,
  p,
  p + 1n,
  n - 1n,
  n,
  n + 1n,
  whole - 2n,
  whole - 1n,
  whole - 2n ** 32n,
  2n ** 255n,
];

/** Any 256 bits: an edge, or words each random, all zeros or all ones. */
function any(round: number): bigint {
  if (round < edges.length) return edges[round]!;
  let value = 0n;
  for (let i = 0; i < 8; i += 1) {
    const kind = random(4);
    value = (value << 32n) | (kind === 0 ? 0n : kind === 1 ? 0xffffffffn : BigInt(random(2 ** 32)));
  }
  return value;
}

/** Every pair of edges, then random pairs. */
function* pairs(): Generator<[bigint, bigint]> {
  for (const x of edges) for (const y of edges) yield [x, y];
  for (let i = 0; i < ROUNDS; i += 1) yield [any(edges.length), any(edges.length)];
}

suite('field', () => {
  const binary: Record<string, (x: bigint, y: bigint) => bigint> = {
    feMul: (x, y) => x * y,
    feAdd: (x, y) => x + y,
    feSub: (x, y) => x - y,
    feSubTwice: (x, y) => x - 2n * y,
  };
  for (const [name, expected] of Object.entries(binary))
    test(name, () => {
      for (const [x, y] of pairs())
        for (const to of [r, a, b]) {
          put(a, x);
          put(b, y);
          kernel[name]!(to, a, b);
          assert.equal(mod(get(to), p), mod(expected(x, y), p), `${name}(${x}, ${y})`);
        }
    });

  const half = (p + 1n) / 2n;
  const unary: Record<string, (x: bigint) => bigint> = {
    feSqr: (x) => x * x,
    feHalf: (x) => x * half,
    feThreeHalves: (x) => 3n * x * half,
    feCanonical: (x) => x,
  };
  for (const [name, expected] of Object.entries(unary))
    test(name, () => {
      for (const [x] of pairs())
        for (const to of [r, a]) {
          put(a, x);
          kernel[name]!(to, a);
          assert.equal(mod(get(to), p), mod(expected(x), p), `${name}(${x})`);
          if (name === 'feCanonical') assert.ok(get(to) < p);
        }
    });

  test('feIsZero knows both zeros and nothing else', () => {
    for (const [x] of pairs()) {
      put(a, x);
      assert.equal(kernel.feIsZero!(a), x === 0n || x === p ? 1 : 0);
    }
  });

  test('feInvert and feSqrt', () => {
    for (let i = 0; i < 300; i += 1) {
      const x = any(i);
      put(a, x);
      kernel.feInvert!(r, a);
      assert.equal(get(r), power(x, p - 2n, p), `1 / ${x}`);
      const square = kernel.feSqrt!(r, a);
      const residue = power(x, (p - 1n) / 2n, p) <= 1n;
      assert.equal(square, residue ? 1 : 0, `is ${x} a square`);
      if (residue) assert.equal(mod(get(r) ** 2n, p), mod(x, p));
    }
  });
});

suite('scalars', () => {
  test('products, sums and halves', () => {
    for (const [x, y] of pairs()) {
      const [s, t] = [mod(x, n), mod(y, n)];
      put(a, s);
      put(b, t);
      kernel.scMultiply!(r, a, b);
      assert.equal(get(r), mod(s * t, n), `${s} x ${t}`);
      kernel.scAdd!(r, a, b);
      assert.equal(get(r), mod(s + t, n), `${s} + ${t}`);
      kernel.scHalve!(r, a);
      assert.equal(get(r), mod(s * ((n + 1n) / 2n), n), `${s} / 2`);
      assert.equal(kernel.scIsHigh!(a), s > n / 2n ? 1 : 0);
      put(a, x);
      kernel.scReduce!(r, a);
      assert.equal(get(r), s);
    }
  });

  test('inverses', () => {
    for (let i = 0; i < 300; i += 1) {
      const x = mod(any(i), n);
      put(a, x);
      kernel.scInvert!(r, a);
      assert.equal(get(r), power(x, n - 2n, n), `1 / ${x}`);
    }
  });

  test('halves are short and make up the scalar', () => {
    for (const [x] of pairs()) {
      const k = mod(x, n);
      put(a, k);
      kernel.scSplit!(at('HALVES'), a);
      const [k1, k2] = [0, 20].map((offset) => BigInt.asIntN(160, get(at('HALVES') + offset, 5))) as [bigint, bigint];
      assert.equal(mod(k1 + k2 * lambda, n), k);
      for (const half of [k1, k2]) assert.ok(half > -(2n ** 128n) && half < 2n ** 128n, `${half} has more than 128 bits`);
    }
  });
});

suite('points', () => {
  const random256 = (): bigint => 1n + (any(edges.length) % (n - 1n));
  const affine = (k: bigint): { x: bigint; y: bigint } => Point.BASE.multiply(k).toAffine();

  /** Put k G at SUM with a random Z, or infinity. */
  function putSum(k: bigint): void {
    const [sum, z] = [at('SUM'), random256() % p];
    if (mod(k, n) === 0n) {
      put(sum, random256());
      put(sum + 32, random256());
      return put(sum + 64, 0n);
    }
    const { x, y } = affine(mod(k, n));
    put(sum, mod(x * z ** 2n, p));
    put(sum + 32, mod(y * z ** 3n, p));
    put(sum + 64, z);
  }

  function getSum(): { x: bigint; y: bigint } | 'infinity' {
    if (mod(get(at('SUM') + 64), p) === 0n) return 'infinity';
    kernel.pointAffine!(at('SUM'));
    return { x: get(at('SUM')), y: get(at('SUM') + 32) };
  }

  const expected = (k: bigint): unknown => (mod(k, n) === 0n ? 'infinity' : affine(mod(k, n)));
  /** Sums with themselves, their opposite, infinity, points of equal y (k lambda) and of opposite y (-k lambda), and strangers. */
  function* sums(): Generator<[bigint, bigint]> {
    for (let i = 0; i < 12; i += 1) {
      const k = random256();
      for (const other of [k, n - k, 0n, mod(k * lambda, n), mod(-k * lambda, n), mod(k * lambda ** 2n, n), random256()]) yield [other, k];
    }
  }

  test('the secret addition has no exception', () => {
    for (const [sum, other] of sums()) {
      putSum(sum);
      const { x, y } = affine(other);
      put(at('KEY_X'), x);
      put(at('KEY_Y'), y);
      kernel.pointAddSecret!(at('SUM'), at('KEY_X'), at('KEY_Y'));
      assert.deepEqual(getSum(), expected(sum + other));
    }
  });

  test('the public addition says when the sum is infinity', () => {
    for (const [sum, other] of sums()) {
      if (sum === 0n) continue;
      putSum(sum);
      const { x, y } = affine(other);
      put(at('KEY_X'), x);
      put(at('KEY_Y'), y);
      const finite = kernel.pointAdd!(at('SUM'), at('KEY_X'), at('KEY_Y'), at('SUM') + 64);
      assert.equal(finite, mod(sum + other, n) === 0n ? 0 : 1);
      if (finite) assert.deepEqual(getSum(), expected(sum + other));
    }
  });

  test('doubling', () => {
    for (const [k] of sums()) {
      putSum(k);
      kernel.pointDouble!(at('SUM'));
      assert.deepEqual(getSum(), expected(2n * k));
    }
  });

  test('multiples of the generator, of a point, and of both', () => {
    const scalars = [0n, 1n, 2n, 3n, 2n ** 128n, lambda, n - lambda, n / 2n, n - 2n, n - 1n, random256(), random256()];
    for (const k of scalars) {
      put(at('SCALAR0'), k);
      kernel.multiplyGenerator!(at('SCALAR0'));
      assert.deepEqual(getSum(), expected(k), `${k} G`);
      for (const q of [1n, n - 1n, lambda, random256()]) {
        const { x, y } = affine(q);
        put(at('KEY_X'), x);
        put(at('KEY_Y'), y);
        if (k > 0n) {
          kernel.multiplySecret!(at('SCALAR0'), at('KEY_X'), at('KEY_Y'));
          assert.deepEqual(getSum(), expected(k * q), `${k} x ${q} G`);
        }
        for (const g of [0n, 1n, mod(-k * q, n), mod(k * q, n), random256()]) {
          put(at('SCALAR1'), g);
          const finite = kernel.linearCombination!(at('SCALAR1'), at('SCALAR0'), at('KEY_X'), at('KEY_Y'));
          assert.equal(finite, mod(g + k * q, n) === 0n ? 0 : 1, `${g} G + ${k} x ${q} G`);
          if (finite) assert.deepEqual(getSum(), expected(g + k * q), `${g} G + ${k} x ${q} G`);
        }
      }
    }
  });

  test('the constant tables are the multiples that generator-table.mjs says', () => {
    const entry = (table: string, index: number): { x: bigint; y: bigint } => ({
      x: get(at(table) + 64 * index),
      y: get(at(table) + 64 * index + 32),
    });
    for (let i = 0; i < 32; i += 1) assert.deepEqual(entry('ODD', i), affine(BigInt(2 * i + 1)));
    for (let block = 0; block < 4; block += 1)
      for (let signs = 0; signs < 16; signs += 1) {
        let k = 0n;
        for (let tooth = 0; tooth < 5; tooth += 1) {
          const weight = 2n ** BigInt((5 * block + tooth) * 13);
          k += tooth === 4 || (signs >> tooth) & 1 ? weight : -weight;
        }
        assert.deepEqual(entry('COMB', 16 * block + signs), affine(mod(k, n)));
      }
  });
});
