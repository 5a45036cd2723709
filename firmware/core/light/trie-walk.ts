/**
 * A Merkle-Patricia proof, checked node by node from the root down (yellow paper, appendix D). Holds one expected hash and a key, never the proof.
 *
 *   waiting -> waiting    the node's hash is the expected one and it leads on
 *   waiting -> found      it holds the key's value: `value`, a view into the node that was just fed
 *   waiting -> absent     it shows that the trie does not hold the key
 *   waiting -> a fault    the walk is over
 */
import { CodedError, sameOctets } from '../base/index.js';
import type { Kernels } from '../ports/index.js';
import { Hash } from './hash.js';
import { RlpReader } from './rlp.js';

export type WalkState = 'waiting' | 'found' | 'absent' | WalkFault;
/** too-long: over NODE_MAX. forged: not the node that its parent names. malformed: the trie itself holds it, so whoever made the root did. */
export type WalkFault = 'too-long' | 'forged' | 'malformed';

/** A branch with 16 hashes takes 532 octets; the longest leaf here is an account of 70 to 110, a receipt's may take the rest. */
export const NODE_MAX = 1_024;
const FULL_BRANCH = 532;
/** Longest key, in octets; a hashed one has 32. */
const KEY_MAX = 32;

/** Root of a trie without entries: keccak256 of the empty string's RLP. */
const EMPTY_ROOT = Uint8Array.of(
  ...[0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45, 0xe6, 0x92, 0xc0, 0xf8, 0x6e],
  ...[0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c, 0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21],
);
const NOTHING = new Uint8Array(0);

export class TrieWalk {
  value: Uint8Array = NOTHING;
  readonly #kernels: Kernels;
  readonly #expected = new Hash();
  readonly #hash = new Hash();
  readonly #key = new Uint8Array(KEY_MAX);
  readonly #rlp = new RlpReader();
  #nibbles = 0;
  #depth = 0;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  /** key: the trie's own, so for accounts and storage the hash of the address or slot. */
  start(root: Uint8Array, key: Uint8Array): WalkState {
    if (root.length !== 32 || key.length > KEY_MAX)
      throw new CodedError('light-lengths', `a root has 32 octets and a key at most ${KEY_MAX}`);
    this.#expected.octets.set(root);
    this.#key.set(key);
    this.#nibbles = 2 * key.length;
    this.#depth = 0;
    this.value = NOTHING;
    return sameOctets(root, 0, EMPTY_ROOT, 0, 32) ? 'absent' : 'waiting';
  }

  feed(node: Uint8Array): WalkState {
    if (node.length > NODE_MAX) return 'too-long';
    this.#kernels.keccak256(this.#hash.octets, node);
    if (!this.#hash.equals(this.#expected)) return 'forged';
    const { length } = node;
    return length === FULL_BRANCH && this.#isFullBranch(node) ? this.#descend(node) : this.#enter(node, 0, length);
  }

  /**
   * A branch of 16 hashes and no value: most nodes of a great trie. With keys of one length no branch holds a value, so two hashes at the front of 532
   * octets leave room for fourteen more and nothing else. Reading it item by item takes four times as long on XS.
   */
  #isFullBranch(node: Uint8Array): boolean {
    const items = node[0] === 0xf9 && node[1] === 0x02 && node[2] === 0x11 && node[3] === 0xa0 && node[36] === 0xa0 && node[531] === 0x80;
    return items && this.#nibbles === 2 * KEY_MAX && this.#depth < this.#nibbles;
  }

  #descend(node: Uint8Array): 'waiting' {
    const at = 4 + 33 * this.#nibble(this.#depth++);
    this.#expected.octets.set(node.subarray(at, at + 32));
    return 'waiting';
  }

  /** A node in bytes[at..end), and those that are embedded in it because they are shorter than a hash. */
  #enter(bytes: Uint8Array, at: number, end: number): WalkState {
    const rlp = this.#rlp;
    // Each embedded node is inside the one before it, so this ends.
    for (;;) {
      if (!rlp.read(bytes, at, end) || !rlp.isList || rlp.to !== end) return 'malformed';
      const last = rlp.to;
      if (!rlp.read(bytes, rlp.from, last)) return 'malformed';
      const { start: first, from, to, isList } = rlp;
      if (!rlp.read(bytes, to, last)) return 'malformed';
      if (rlp.to === last) {
        const { from: child, to: childEnd } = rlp;
        if (isList || from === to) return 'malformed';
        const leads = this.#path(bytes, from, to);
        if (leads !== 'leaf' && leads !== 'extension') return leads;
        if (leads === 'leaf') return this.#found(bytes, child, childEnd);
      } else if (!this.#branch(bytes, first, last)) return 'malformed';
      else if (this.#depth > this.#nibbles) return rlp.from === rlp.to ? 'absent' : this.#found(bytes, rlp.from, rlp.to);
      // rlp stands on the child: a hash, nothing, or a node embedded.
      if (rlp.isList) {
        at = rlp.start;
        end = rlp.to;
        continue;
      }
      if (rlp.from === rlp.to) return 'absent';
      if (rlp.to - rlp.from !== 32) return 'malformed';
      this.#expected.octets.set(bytes.subarray(rlp.from, rlp.to));
      return 'waiting';
    }
  }

  /** Steps to the child for the key's next nibble, or to the value once the key is used up. */
  #branch(bytes: Uint8Array, at: number, end: number): boolean {
    const rlp = this.#rlp;
    const index = this.#depth < this.#nibbles ? this.#nibble(this.#depth) : 16;
    this.#depth += 1;
    for (let i = 0; i < index; i += 1) {
      // Nearly every item is a hash or empty: no need to read those in full.
      const head = bytes[at]!;
      if (head === 0xa0) at += 33;
      else if (head === 0x80) at += 1;
      else if (rlp.read(bytes, at, end)) at = rlp.to;
      else return false;
      if (at >= end) return false;
    }
    return rlp.read(bytes, at, end);
  }

  /** Compares a leaf's or an extension's part of the key (hex-prefix encoding). Leaves `rlp` on the child. */
  #path(bytes: Uint8Array, from: number, to: number): 'leaf' | 'extension' | 'absent' | 'malformed' {
    const head = bytes[from]! >> 4;
    if (head > 3) return 'malformed';
    const isLeaf = head >= 2;
    let depth = this.#depth;
    const length = 2 * (to - from - 1) + (head & 1);
    if (depth + length > this.#nibbles || (isLeaf && depth + length < this.#nibbles)) return 'absent';
    if ((head & 1) === 1 && (bytes[from]! & 15) !== this.#nibble(depth++)) return 'absent';
    for (let i = from + 1; i < to; i += 1, depth += 2) {
      const octet =
        (depth & 1) === 0 ? this.#key[depth >> 1]! : ((this.#key[depth >> 1]! << 4) & 0xf0) | (this.#key[(depth >> 1) + 1]! >> 4);
      if (bytes[i] !== octet) return 'absent';
    }
    this.#depth = depth;
    return isLeaf ? 'leaf' : 'extension';
  }

  #nibble(index: number): number {
    const octet = this.#key[index >> 1]!;
    return (index & 1) === 0 ? octet >> 4 : octet & 15;
  }

  #found(bytes: Uint8Array, from: number, to: number): 'found' {
    this.value = bytes.subarray(from, to);
    return 'found';
  }
}
