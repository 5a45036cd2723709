/**
 * The curve on every implementation: the suite, the codes at the kernels' border, batches, and random jobs compared with the oracle.
 * Random: 10,000 signatures and verifications on wasm, 200 in C; a twentieth of the verifications is compared with the oracle's, which takes
 * milliseconds for each, and the others with what is known of them.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Point } from '@noble/secp256k1';
import { curveImplementations } from './curve-implementations.js';
import { b32, bytes, curveSuite, ecdh, hexOf, n, p, publicKey, recover, sign } from './secp256k1-suite.js';
import { octets, seeded } from './seeded.js';

const SEED = 6979;
const RANDOM = { typescript: 0, wasm: 10_000, c: 200 };
const ORACLE_EVERY = 20;

const { oracle, wasm, all } = await curveImplementations();

test('three implementations run', () => assert.deepEqual(all.map(({ name }) => name).sort(), ['c', 'typescript', 'wasm']));

for (const kernels of all) suite(`secp256k1: ${kernels.name}`, () => curveSuite(kernels));

for (const kernels of all.filter(({ name }) => RANDOM[name] > 0))
  test(`random jobs: ${kernels.name} and the oracle agree on ${RANDOM[kernels.name]} (seed ${SEED})`, () => {
    const random = seeded(SEED);
    for (let i = 0; i < RANDOM[kernels.name]; i += 1) {
      const [secret, digest] = [octets(random, 32), octets(random, 32)];
      const signature = sign(kernels, digest, secret)!;
      assert.equal(hexOf(signature), hexOf(sign(oracle, digest, secret)!), `signature ${i}`);
      const key = publicKey(kernels, secret)!;
      assert.equal(hexOf(recover(kernels, signature, digest)!), hexOf(key), `recovery ${i}`);
      const changed = random(2) === 1;
      if (changed) [signature, digest, key][random(3)]![1 + random(31)]! ^= 1 << random(8);
      const valid = kernels.verify(signature.subarray(0, 64), digest, key, true);
      assert.equal(valid, !changed, `verification ${i}`);
      if (i % ORACLE_EVERY !== 0) continue;
      assert.equal(valid, oracle.verify(signature.subarray(0, 64), digest, key, true), `verification ${i}`);
      assert.deepEqual(recover(kernels, signature, digest), recover(oracle, signature, digest), `recovery ${i}`);
      const peer = publicKey(oracle, octets(random, 32))!;
      assert.deepEqual(ecdh(kernels, secret, peer), ecdh(oracle, secret, peer), `shared point ${i}`);
    }
  });

suite('the wasm face', () => {
  const random = seeded(SEED);

  test('a batch has the signatures that single jobs have', () => {
    const secret = octets(random, 32);
    for (const count of [0, 1, 2, 8, 9, 20]) {
      const digests = octets(random, 32 * count);
      const out = new Uint8Array(65 * count);
      assert.ok(wasm.signBatch(out, digests, secret));
      for (let i = 0; i < count; i += 1)
        assert.equal(hexOf(out.subarray(65 * i, 65 * i + 65)), hexOf(sign(oracle, digests.subarray(32 * i, 32 * i + 32), secret)!));
    }
    assert.ok(!wasm.signBatch(new Uint8Array(130), octets(random, 64), b32(n)));
    assert.throws(() => wasm.signBatch(new Uint8Array(65), octets(random, 33), secret), { code: 'kernel-length' });
    assert.throws(() => wasm.signBatch(new Uint8Array(66), octets(random, 32), secret), { code: 'kernel-length' });
  });

  test('points are taken apart and put together', () => {
    const [affine, key] = [new Uint8Array(64), new Uint8Array(33)];
    for (const k of [1n, 2n, n - 1n, n - 2n]) {
      const expected = Point.BASE.multiply(k);
      assert.ok(wasm.decompress(affine, expected.toBytes(true)));
      assert.equal(hexOf(affine), hexOf(expected.toBytes(false).subarray(1)));
      assert.ok(wasm.compress(key, affine));
      assert.equal(hexOf(key), hexOf(expected.toBytes(true)));
      affine[63]! ^= 1;
      assert.ok(!wasm.compress(key, affine), 'off the curve');
    }
    const one = Point.fromHex(`02${hexOf(b32(1n))}`).toAffine();
    assert.ok(wasm.compress(key, Uint8Array.from([...b32(one.x), ...b32(one.y)])));
    assert.ok(!wasm.compress(key, Uint8Array.from([...b32(one.x + p), ...b32(one.y)])), 'x not below p');
    assert.ok(!wasm.compress(key, Uint8Array.from([...b32(one.x), ...b32(p)])), 'y not below p');
    assert.ok(!wasm.decompress(affine, bytes(`02${hexOf(b32(5n))}`)));
  });
});
