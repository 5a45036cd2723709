/** The original contract's digests and signatures, made by every implementation of the hashes and of the curve. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createKernels } from '../../firmware/core/crypto/index.js';
import { curveImplementations } from '../kernels/curve-implementations.js';
import { implementations } from '../kernels/implementations.js';
import { digestsBy } from '../portable/channel-layouts.js';
import golden from './photon-contract.json' with { type: 'json' };

const octets = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.slice(2), 'hex'));

let hashes: Awaited<ReturnType<typeof implementations>>;
before(async () => (hashes = await implementations()));
after(() => hashes.close());

test('TypeScript, wasm and C make the digests of the vectors', () => {
  assert.equal(hashes.all.length, 3);
  for (const kernels of hashes.all)
    for (const { kind, digest } of golden.signed) {
      const made = Buffer.from(digestsBy(kernels)[kind]!()).toString('hex');
      assert.equal(made, digest.slice(2), `${kernels.name}: ${kind}`);
    }
});

const digests = digestsBy(createKernels());

test('TypeScript, wasm and C make the signatures of the vectors, and refuse them damaged', async () => {
  const { all } = await curveImplementations();
  assert.equal(all.length, 3);
  let made = 0;
  for (const curve of all)
    for (const { kind, signer, signature } of golden.signed) {
      const secret = octets(golden.keys[signer as 'A' | 'B'].priv);
      const key = new Uint8Array(33);
      const out = new Uint8Array(65);
      assert.ok(curve.publicKey(key, secret));
      assert.ok(curve.sign(out, digests[kind]!(), secret));
      out[64]! += 27;
      assert.equal(Buffer.from(out).toString('hex'), signature.slice(2), `${curve.name}: ${kind}`);
      assert.ok(curve.verify(out.subarray(0, 64), digests[kind]!(), key, true), `${curve.name}: ${kind}`);
      out[5]! ^= 1;
      assert.ok(!curve.verify(out.subarray(0, 64), digests[kind]!(), key, true), `${curve.name}: damaged ${kind}`);
      made += 1;
    }
  assert.equal(made, 18);
});
