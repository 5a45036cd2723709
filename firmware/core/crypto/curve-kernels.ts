/**
 * Asymmetric kernels in TypeScript over @noble/secp256k1: the oracle of the wasm and C kernels. Sources: SEC 1 (ECDSA, ECDH, recovery), RFC 6979.
 * Every refusal of noble for well-sized input (a scalar out of range, a point off the curve) is `false` here; wrong sizes are our own misuse.
 * noble's constant time is a best effort in JavaScript; boards use the C kernel.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import * as secp from '@noble/secp256k1';
import type { CurveKernels } from '../ports/index.js';
import { expectLength } from './expect-length.js';

const SECRET = 32;
const KEY = 33;
const DIGEST = 32;

export function createCurveKernels(): CurveKernels {
  secp.hashes.sha256 = (message) => sha256(message);
  secp.hashes.hmacSha256 = (key, message) => hmac(sha256, key, message);
  return new NobleCurveKernels();
}

class NobleCurveKernels implements CurveKernels {
  readonly name = 'typescript';

  publicKey(out: Uint8Array, secret: Uint8Array): boolean {
    expectLength('public key', out, KEY);
    expectLength('secret', secret, SECRET);
    return accepted(() => out.set(secp.getPublicKey(secret, true)));
  }

  sign(out: Uint8Array, digest: Uint8Array, secret: Uint8Array): boolean {
    expectLength('signature', out, 65);
    expectLength('digest', digest, DIGEST);
    expectLength('secret', secret, SECRET);
    return accepted(() => {
      // noble's recovered format puts the recovery id first, ours last.
      const signature = secp.sign(digest, secret, { prehash: false, lowS: true, format: 'recovered' });
      out.set(signature.subarray(1));
      out[64] = signature[0]!;
    });
  }

  verify(signature: Uint8Array, digest: Uint8Array, key: Uint8Array, lowS: boolean): boolean {
    expectLength('signature', signature, 64);
    expectLength('digest', digest, DIGEST);
    expectLength('public key', key, KEY);
    let valid = false;
    return accepted(() => (valid = secp.verify(signature, digest, key, { prehash: false, lowS }))) && valid;
  }

  recover(out: Uint8Array, signature: Uint8Array, digest: Uint8Array): boolean {
    expectLength('public key', out, KEY);
    expectLength('signature', signature, 65);
    expectLength('digest', digest, DIGEST);
    return accepted(() => {
      const recovered = new Uint8Array(65);
      recovered[0] = signature[64]!;
      recovered.set(signature.subarray(0, 64), 1);
      out.set(secp.recoverPublicKey(recovered, digest, { prehash: false }));
    });
  }

  ecdh(out: Uint8Array, secret: Uint8Array, peer: Uint8Array): boolean {
    expectLength('shared point', out, KEY);
    expectLength('secret', secret, SECRET);
    expectLength('public key', peer, KEY);
    return accepted(() => out.set(secp.getSharedSecret(secret, peer, true)));
  }
}

function accepted(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
