/**
 * What the settlement contract hashes and verifies: ids, lock roots and the six signed layouts, packed big-endian. Source: the TokensNetwork contract of
 * Photon (version 0.6), whose values the golden vectors hold.
 *
 *   digest = keccak256("\x19Spectrum Signed Message:\n" | length in ASCII | fields)
 */
import { ByteWriter, concat } from '../base/index.js';
import type { Kernels } from '../ports/index.js';
import { putAmount, writeWord } from './numbers.js';

/** Octets of each layout's fields, as the contract's prefix states them. */
export const LAYOUT_OCTETS = {
  balanceProof: 176,
  balanceProofDelegation: 144,
  cooperativeSettle: 176,
  withdraw: 156,
  disposedProof: 136,
  unlockDelegation: 188,
} as const;
const LONGEST = 188;
/** 128 bits are beyond guessing, and 16 octets less for each hop. */
export const SEED = 16;
const PREFIX = '\x19Spectrum Signed Message:\n';
const PREFIX_OCTETS = PREFIX.length + 3;

export interface Network {
  readonly chainId: number;
  /** 20 octets: TokensNetwork. */
  readonly contract: Uint8Array;
}

/** One opening of a channel: what a withdrawal or a new opening makes void. */
export interface Epoch {
  /** 32 octets. */
  readonly id: Uint8Array;
  readonly openBlock: number;
}

export interface BalanceProof {
  readonly transferred: bigint;
  /** 32 octets, zeros without locks. */
  readonly locksroot: Uint8Array;
  readonly nonce: number;
}

export interface HashLock {
  readonly expiryBlock: number;
  readonly amount: bigint;
  /** 32 octets: sha256 of the secret. */
  readonly hash: Uint8Array;
}

export class Layouts {
  readonly kernels: Kernels;
  readonly #network: Network;
  readonly #scratch = new Uint8Array(PREFIX_OCTETS + LONGEST);
  readonly #pair = new Uint8Array(96);

  constructor(kernels: Kernels, network: Network) {
    this.kernels = kernels;
    this.#network = network;
  }

  /** Of the two participants' addresses, in either order, and the token's. */
  channelId(a: Uint8Array, b: Uint8Array, token: Uint8Array): Uint8Array {
    const [low, high] = compare(a, b) < 0 ? [a, b] : [b, a];
    return this.keccak(concat(low, high, token, this.#network.contract));
  }

  secretHash(secret: Uint8Array): Uint8Array {
    const out = new Uint8Array(32);
    this.kernels.sha256(out, secret);
    return out;
  }

  /** The secret as the contract takes it, of what travels: 32 octets, or 16 whose sha256 it is. */
  wholeSecret(revealed: Uint8Array): Uint8Array {
    return revealed.length === SEED ? this.secretHash(revealed) : revealed;
  }

  lockHash({ expiryBlock, amount, hash }: HashLock): Uint8Array {
    const pair = this.#pair;
    putAmount(pair, 0, 32, BigInt(expiryBlock));
    putAmount(pair, 32, 32, amount);
    pair.set(hash, 64);
    return this.keccak(pair);
  }

  /** Of lock hashes in their order: pairs sorted and hashed, an odd one moves up unchanged. */
  locksroot(hashes: readonly Uint8Array[]): Uint8Array {
    if (hashes.length === 0) return new Uint8Array(32);
    let layer = hashes;
    while (layer.length > 1) layer = this.#above(layer);
    return layer[0]!;
  }

  /** The hashes beside the way from one lock to the root, as `unlock` takes them. */
  merkleProof(hashes: readonly Uint8Array[], index: number): Uint8Array {
    const proof: Uint8Array[] = [];
    for (let layer = hashes; layer.length > 1; layer = this.#above(layer)) {
      const sibling = layer[index ^ 1];
      if (sibling !== undefined) proof.push(sibling);
      index >>= 1;
    }
    return concat(...proof);
  }

  balanceProof(epoch: Epoch, proof: BalanceProof, additional: Uint8Array): Uint8Array {
    const w = this.#begin(LAYOUT_OCTETS.balanceProof);
    writeProof(w, proof);
    w.bytes(additional);
    return this.#end(w, epoch);
  }

  balanceProofDelegation(epoch: Epoch, proof: BalanceProof): Uint8Array {
    const w = this.#begin(LAYOUT_OCTETS.balanceProofDelegation);
    writeProof(w, proof);
    return this.#end(w, epoch);
  }

  cooperativeSettle(epoch: Epoch, first: Uint8Array, firstBalance: bigint, second: Uint8Array, secondBalance: bigint): Uint8Array {
    const w = this.#begin(LAYOUT_OCTETS.cooperativeSettle);
    w.bytes(first);
    writeWord(w, firstBalance);
    w.bytes(second);
    writeWord(w, secondBalance);
    return this.#end(w, epoch);
  }

  withdraw(epoch: Epoch, participant: Uint8Array, balance: bigint, amount: bigint): Uint8Array {
    const w = this.#begin(LAYOUT_OCTETS.withdraw);
    w.bytes(participant);
    writeWord(w, balance);
    writeWord(w, amount);
    return this.#end(w, epoch);
  }

  disposedProof(epoch: Epoch, lockHash: Uint8Array, additional: Uint8Array): Uint8Array {
    const w = this.#begin(LAYOUT_OCTETS.disposedProof);
    w.bytes(lockHash);
    writeEpoch(w, epoch);
    this.#chainId(w);
    w.bytes(additional);
    return this.keccak(w.written());
  }

  unlockDelegation(epoch: Epoch, delegate: Uint8Array, lock: HashLock): Uint8Array {
    const w = this.#begin(LAYOUT_OCTETS.unlockDelegation);
    w.bytes(delegate);
    writeWord(w, BigInt(lock.expiryBlock));
    writeWord(w, lock.amount);
    w.bytes(lock.hash);
    return this.#end(w, epoch);
  }

  keccak(data: Uint8Array): Uint8Array {
    const out = new Uint8Array(32);
    this.kernels.keccak256(out, data);
    return out;
  }

  #above(layer: readonly Uint8Array[]): Uint8Array[] {
    const above: Uint8Array[] = [];
    for (let i = 0; i < layer.length; i += 2) {
      const [left, right] = [layer[i]!, layer[i + 1]];
      if (right === undefined) above.push(left);
      else above.push(this.keccak(compare(left, right) < 0 ? concat(left, right) : concat(right, left)));
    }
    return above;
  }

  #begin(octets: number): ByteWriter {
    const w = new ByteWriter(this.#scratch);
    for (let i = 0; i < PREFIX.length; i += 1) w.u8(PREFIX.charCodeAt(i));
    const length = String(octets);
    for (let i = 0; i < length.length; i += 1) w.u8(length.charCodeAt(i));
    return w;
  }

  #end(w: ByteWriter, epoch: Epoch): Uint8Array {
    writeEpoch(w, epoch);
    this.#chainId(w);
    return this.keccak(w.written());
  }

  #chainId(w: ByteWriter): void {
    writeWord(w, BigInt(this.#network.chainId));
  }
}

/** As the contract compares hashes and addresses: as big-endian numbers. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}

function writeProof(w: ByteWriter, { transferred, locksroot, nonce }: BalanceProof): void {
  writeWord(w, transferred);
  w.bytes(locksroot);
  writeU64(w, nonce);
}

function writeEpoch(w: ByteWriter, { id, openBlock }: Epoch): void {
  w.bytes(id);
  writeU64(w, openBlock);
}

function writeU64(w: ByteWriter, value: number): void {
  w.u32(Math.floor(value / 2 ** 32));
  w.u32(value >>> 0);
}
