/** The verifiable random function against the known answers that witnet/vrf-rs, vechain/go-ecvrf and aergo share (suite SECP256K1_SHA256_TAI), over each kind of kernels. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadWasmKernels } from '../../assembly/wasm/node.js';
import { hex } from '../../firmware/core/base/index.js';
import { createCurveKernels, createKernels, proveVrf, verifyVrf, vrfOutput } from '../../firmware/core/crypto/index.js';

const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const secret = unhex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721');
const key = unhex('032c8c31fc9f990c6b55e3865a184a4ce50e09481f2eaeb3e60ec1cea13a6ae645');
const sample = new Uint8Array(Buffer.from('sample'));
const gamma = '031f4dbca087a1972d04a07a779b7df1caa99e0f5db2aa21f3aecc4f9e10e85d08';
const proof = unhex(`${gamma}748c9fbe6b95d17359707bfb8e8ab0c93ba0c515333adcb8b64f372c535e115ccf66ebf5abe6fadb01b5efb37c0a0ec9`);
/** Made by another implementation with another nonce. */
const foreign = unhex(`${gamma}14faa89697b482daa377fb6b4a8b0191a65d34a6d90a8a2461e5db9205d4cf0bb4b2c31b5ef6997a585a9f1a72517b6f`);
const output = '612065e309e937ef46c2ef04d5886b9c6efd2991ac484ec64a9b014366fc5d81';

const wasm = loadWasmKernels();
const implementations = [
  { curve: createCurveKernels(), hashes: createKernels() },
  { curve: wasm.curve, hashes: wasm.kernels },
];

for (const kernels of implementations)
  test(`ECVRF over the ${kernels.curve.name} kernels`, () => {
    assert.equal(hex(proveVrf(kernels, secret, key, sample)!), hex(proof));
    assert.equal(hex(vrfOutput(kernels.hashes, proof)), output);
    for (const given of [proof, foreign]) assert.equal(hex(verifyVrf(kernels, key, sample, given)!), output);
    assert.equal(verifyVrf(kernels, key, new Uint8Array(Buffer.from('Sample')), proof), undefined, 'another input');
    assert.equal(
      verifyVrf(kernels, unhex(`02${'79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'}`), sample, proof),
      undefined,
      'another key',
    );
    assert.equal(proveVrf(kernels, new Uint8Array(32), key, sample), undefined, 'a bad secret');
  });

test('a proof with any octet changed is refused', () => {
  const kernels = implementations[1]!;
  for (let at = 0; at < proof.length; at += 1) {
    const changed = proof.slice();
    changed[at]! ^= 1;
    assert.equal(verifyVrf(kernels, key, sample, changed), undefined, `octet ${at}`);
  }
  assert.equal(verifyVrf(kernels, key, sample, proof.subarray(1)), undefined, 'a short proof');
});
