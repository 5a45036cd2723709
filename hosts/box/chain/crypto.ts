/** The wasm kernels as the chain uses them: plain functions, addresses, and the injected cryptography of the @ethereumjs libraries. */
import type { CustomCrypto } from '@ethereumjs/common';
import type { Identity } from './chain.js';
import type { ConsensusCrypto } from './consensus/index.js';
import { loadWasmKernels } from '../../../assembly/wasm/node.js';
import { proveVrf, verifyVrf, vrfOutput } from '../../../firmware/core/crypto/index.js';

/** One instance for a process: everything here runs to its end before anything else does. */
const { kernels, curve } = loadWasmKernels();

export function keccak256(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(32);
  kernels.keccak256(out, data);
  return out;
}

export function sha256(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(32);
  kernels.sha256(out, data);
  return out;
}

/** x and y of the key that made the signature (65 octets), or undefined. */
function recoverPoint(signature: Uint8Array, digest: Uint8Array): Uint8Array | undefined {
  const key = recoverKey(signature, digest);
  const point = new Uint8Array(64);
  return key && curve.decompress(point, key) ? point : undefined;
}

/** The compressed key that made the signature (r, s, recovery id), or undefined. */
export function recoverKey(signature: Uint8Array, digest: Uint8Array): Uint8Array | undefined {
  const key = new Uint8Array(33);
  return curve.recover(key, signature, digest) ? key : undefined;
}

/** Ethereum address of a compressed public key, 20 octets. */
export function addressOf(key: Uint8Array): Uint8Array {
  const point = new Uint8Array(64);
  if (!curve.decompress(point, key)) throw new Error('not a public key');
  return keccak256(point).subarray(12);
}

/** `v` is 0 or 1, 27 or 28, or that of EIP-155. */
export const customCrypto: CustomCrypto = {
  keccak256,
  sha256,
  ecrecover(digest, v, r, s, chainId) {
    const recovery = v <= 1n ? v : chainId === undefined ? v - 27n : v - (chainId * 2n + 35n);
    if (recovery !== 0n && recovery !== 1n) throw new Error('the recovery id of a signature is 0 or 1');
    const point = recoverPoint(signatureOf(r, s, Number(recovery)), digest);
    if (!point) throw new Error('nothing can be recovered from the signature');
    return point;
  },
  ecdsaRecover(signature, recovery, digest) {
    const key = recoverKey(signatureOf(signature.subarray(0, 32), signature.subarray(32), recovery), digest);
    if (!key) throw new Error('nothing can be recovered from the signature');
    return key;
  },
};

/** r and s may come without their leading zeros. */
function signatureOf(r: Uint8Array, s: Uint8Array, recovery: number): Uint8Array {
  const signature = new Uint8Array(65);
  signature.set(r, 32 - r.length);
  signature.set(s, 64 - s.length);
  signature[64] = recovery;
  return signature;
}

export const consensusCrypto: ConsensusCrypto = {
  keccak256,
  recoverKey,
  addressOf,
  verifySignature: (signature, digest, key) => curve.verify(signature, digest, key, true),
  verifyProof: (key, input, proof) => verifyVrf({ curve, hashes: kernels }, key, input, proof),
  proofOutput: (proof) => vrfOutput(kernels, proof),
};

/** An identity on a secret that lies in memory: for simulations and tools. A box's secret stays behind its Signer. */
export function identityOf(secret: Uint8Array): Identity {
  const key = new Uint8Array(33);
  if (!curve.publicKey(key, secret)) throw new Error('not a secret key');
  return {
    key,
    async sign(digest) {
      const signature = new Uint8Array(65);
      curve.sign(signature, digest, secret);
      return signature;
    },
    prove: async (input) => proveVrf({ curve, hashes: kernels }, secret, key, input)!,
  };
}
