/**
 * CurveKernels over the wasm module `kernels` (assembly/kernels/secp256k1.ts). Arguments are copied into its linear memory, and results out
 * of it; secrets are wiped there by the kernel. One instance serves one job at a time.
 */
import { CodedError } from '../../firmware/core/base/index.js';
import type { CurveKernels } from '../../firmware/core/ports/index.js';
import { expectLength } from './expect-length.js';

/** What this face uses of the module's exports. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBufferLike };
  readonly SECRET: Offset;
  readonly DIGEST: Offset;
  readonly SIGNATURE: Offset;
  readonly POINT: Offset;
  readonly AFFINE: Offset;
  readonly BATCH: Offset;
  readonly BATCH_MOST: Offset;
  readonly SECP_OK: Offset;
  secpPublicKey(): number;
  secpSign(): number;
  secpSignBatch(count: number): number;
  secpVerify(lowS: boolean): number;
  secpRecover(): number;
  secpEcdh(): number;
  secpDecompress(): number;
  secpCompress(): number;
}
interface Offset {
  readonly value: number;
}

const SECRET = 32;
const DIGEST = 32;
const SIGNATURE = 65;
const POINT = 33;
const AFFINE = 64;
/** A batch's entry in linear memory: digest, signature, and 3 octets unused. */
const ENTRY = 100;

/** CurveKernels, and what only hosts need of the kernels. */
export interface WasmCurveKernels extends CurveKernels {
  readonly name: 'wasm';
  /** Signatures (n x 65 octets) of n digests (n x 32) by one secret, about a tenth faster each than one by one. False for a bad secret. */
  signBatch(out: Uint8Array, digests: Uint8Array, secret: Uint8Array): boolean;
  /** out: 64 octets, x and y of the compressed key (33), as Ethereum addresses are hashed from. False if it is no point. */
  decompress(out: Uint8Array, key: Uint8Array): boolean;
  /** out: 33 octets. False if x and y (64 octets) are not on the curve. */
  compress(out: Uint8Array, affine: Uint8Array): boolean;
}

/** exports: of an instance of the module `kernels`. */
export function createCurveKernels(exports: unknown): WasmCurveKernels {
  return new WasmCurve(exports as Exports);
}

class WasmCurve implements WasmCurveKernels {
  readonly name = 'wasm';
  readonly #kernels: Exports;
  readonly #memory: Uint8Array;

  constructor(exports: Exports) {
    this.#kernels = exports;
    this.#memory = new Uint8Array(exports.memory.buffer);
  }

  publicKey(out: Uint8Array, secret: Uint8Array): boolean {
    expectLength('public key', out, POINT);
    this.#put('secret', this.#kernels.SECRET, secret, SECRET);
    return this.#take(this.#kernels.secpPublicKey(), out, this.#kernels.POINT);
  }

  sign(out: Uint8Array, digest: Uint8Array, secret: Uint8Array): boolean {
    expectLength('signature', out, SIGNATURE);
    this.#put('digest', this.#kernels.DIGEST, digest, DIGEST);
    this.#put('secret', this.#kernels.SECRET, secret, SECRET);
    return this.#take(this.#kernels.secpSign(), out, this.#kernels.SIGNATURE);
  }

  signBatch(out: Uint8Array, digests: Uint8Array, secret: Uint8Array): boolean {
    const count = digests.length / DIGEST;
    if (!Number.isInteger(count)) throw new CodedError('kernel-length', `digests have ${DIGEST} octets each, not ${digests.length} in all`);
    expectLength('signatures', out, count * SIGNATURE);
    const most = this.#kernels.BATCH_MOST.value;
    const batch = this.#kernels.BATCH.value;
    for (let first = 0; first < count; first += most) {
      const some = Math.min(most, count - first);
      for (let i = 0; i < some; i += 1) {
        const digest = (first + i) * DIGEST;
        this.#memory.set(digests.subarray(digest, digest + DIGEST), batch + i * ENTRY);
      }
      this.#put('secret', this.#kernels.SECRET, secret, SECRET);
      if (this.#kernels.secpSignBatch(some) !== this.#kernels.SECP_OK.value) return false;
      for (let i = 0; i < some; i += 1) {
        const signature = batch + i * ENTRY + DIGEST;
        out.set(this.#memory.subarray(signature, signature + SIGNATURE), (first + i) * SIGNATURE);
      }
    }
    return true;
  }

  verify(signature: Uint8Array, digest: Uint8Array, key: Uint8Array, lowS: boolean): boolean {
    this.#put('signature', this.#kernels.SIGNATURE, signature, SIGNATURE - 1);
    this.#put('digest', this.#kernels.DIGEST, digest, DIGEST);
    this.#put('public key', this.#kernels.POINT, key, POINT);
    return this.#kernels.secpVerify(lowS) === this.#kernels.SECP_OK.value;
  }

  recover(out: Uint8Array, signature: Uint8Array, digest: Uint8Array): boolean {
    expectLength('public key', out, POINT);
    this.#put('signature', this.#kernels.SIGNATURE, signature, SIGNATURE);
    this.#put('digest', this.#kernels.DIGEST, digest, DIGEST);
    return this.#take(this.#kernels.secpRecover(), out, this.#kernels.POINT);
  }

  ecdh(out: Uint8Array, secret: Uint8Array, peer: Uint8Array): boolean {
    expectLength('shared point', out, POINT);
    this.#put('public key', this.#kernels.POINT, peer, POINT);
    this.#put('secret', this.#kernels.SECRET, secret, SECRET);
    return this.#take(this.#kernels.secpEcdh(), out, this.#kernels.POINT);
  }

  decompress(out: Uint8Array, key: Uint8Array): boolean {
    expectLength('affine point', out, AFFINE);
    this.#put('public key', this.#kernels.POINT, key, POINT);
    return this.#take(this.#kernels.secpDecompress(), out, this.#kernels.AFFINE);
  }

  compress(out: Uint8Array, affine: Uint8Array): boolean {
    expectLength('public key', out, POINT);
    this.#put('affine point', this.#kernels.AFFINE, affine, AFFINE);
    return this.#take(this.#kernels.secpCompress(), out, this.#kernels.POINT);
  }

  #put(what: string, at: Offset, bytes: Uint8Array, length: number): void {
    expectLength(what, bytes, length);
    this.#memory.set(bytes, at.value);
  }

  #take(code: number, out: Uint8Array, at: Offset): boolean {
    if (code !== this.#kernels.SECP_OK.value) return false;
    out.set(this.#memory.subarray(at.value, at.value + out.length));
    return true;
  }
}
