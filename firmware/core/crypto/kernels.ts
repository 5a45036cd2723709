/**
 * Kernels in TypeScript over noble: the oracle that the wasm and C kernels are tested against, and what runs where neither is at hand.
 * Sources: FIPS 180-4 (sha256), the Keccak submission with its first padding as Ethereum uses it (keccak256), RFC 2104, RFC 5869, RFC 8439.
 */
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { CodedError } from '../base/index.js';
import type { DuplicateFilter, DuplicateFilterOptions, HashKind, Kernels, RouteTable, RouteTableOptions } from '../ports/index.js';
import { createDuplicateFilter } from './duplicate-filter.js';
import { createRouteTable } from './route-table.js';
import { expectLength } from './expect-length.js';

const DIGEST = 32;
const KEY = 32;
const NONCE = 12;
const TAG = 16;
/** RFC 5869 section 2.3: at most 255 blocks of the hash. */
const HKDF_MOST = 255 * DIGEST;

export function createKernels(): Kernels {
  return new NobleKernels();
}

type RunningHash = ReturnType<typeof sha256.create> | ReturnType<typeof keccak_256.create>;

class NobleKernels implements Kernels {
  readonly name = 'typescript';
  #running: RunningHash | undefined;

  keccak256(out: Uint8Array, data: Uint8Array): void {
    expectLength('digest', out, DIGEST);
    out.set(keccak_256(data));
  }

  sha256(out: Uint8Array, data: Uint8Array): void {
    expectLength('digest', out, DIGEST);
    out.set(sha256(data));
  }

  hashStart(kind: HashKind): void {
    this.#running = kind === 'sha256' ? sha256.create() : keccak_256.create();
  }

  hashUpdate(data: Uint8Array): void {
    this.#started().update(data);
  }

  hashFinish(out: Uint8Array): void {
    expectLength('digest', out, DIGEST);
    out.set(this.#started().digest());
    this.#running = undefined;
  }

  hmacSha256(out: Uint8Array, key: Uint8Array, data: Uint8Array): void {
    expectLength('digest', out, DIGEST);
    out.set(hmac(sha256, key, data));
  }

  hkdfSha256(out: Uint8Array, ikm: Uint8Array, salt: Uint8Array, info: Uint8Array): void {
    if (out.length < 1 || out.length > HKDF_MOST)
      throw new CodedError('kernel-length', `hkdf gives 1 to ${HKDF_MOST} octets, not ${out.length}`);
    out.set(hkdf(sha256, ikm, salt, info, out.length));
  }

  aeadSeal(out: Uint8Array, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): void {
    expectLength('key', key, KEY);
    expectLength('nonce', nonce, NONCE);
    expectLength('sealed', out, plain.length + TAG);
    out.set(chacha20poly1305(key, nonce, aad).encrypt(plain));
  }

  aeadOpen(out: Uint8Array, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): boolean {
    expectLength('key', key, KEY);
    expectLength('nonce', nonce, NONCE);
    if (sealed.length < TAG) throw new CodedError('kernel-length', `sealed text has at least ${TAG} octets, not ${sealed.length}`);
    expectLength('plain', out, sealed.length - TAG);
    try {
      out.set(chacha20poly1305(key, nonce, aad).decrypt(sealed));
      return true;
    } catch {
      out.fill(0);
      return false;
    }
  }

  duplicateFilter(options: DuplicateFilterOptions): DuplicateFilter {
    return createDuplicateFilter(options);
  }

  routeTable(options: RouteTableOptions): RouteTable {
    return createRouteTable(options);
  }

  #started(): RunningHash {
    if (this.#running === undefined) throw new CodedError('hash-not-started', 'hashStart comes first');
    return this.#running;
  }
}
