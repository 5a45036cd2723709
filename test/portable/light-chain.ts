/** Makes what a chain of boxes hands to a light client, from its norm (chain.cddl, outer-header.ts) and not from the client's code; and Merkle-Patricia nodes. */
import { ByteWriter, concat } from '../../firmware/core/base/index.js';
import type { Kernels } from '../../firmware/core/ports/index.js';
import { encodeEpochHeader, encodeOuterHeader, EPOCH_HEADER_MAX, OUTER_HEADER_SIZE } from '../../firmware/core/wire/index.js';

/** Signs a digest for the holder of a seat's key: 64 octets. */
export type Sign = (key: Uint8Array, digest: Uint8Array) => Uint8Array;

export interface Epoch {
  readonly number: number;
  readonly time: number;
  readonly state: Uint8Array;
  /** Keys of 17 seats each. */
  readonly previous: Uint8Array;
  readonly current: Uint8Array;
  readonly next: Uint8Array;
  /** Seats that sign. */
  readonly seats: readonly number[];
  /** For who starts from a checkpoint. */
  readonly withCurrent?: boolean;
  readonly genesis?: Uint8Array;
}

export const octets = (value: number, length = 32): Uint8Array => new Uint8Array(length).fill(value);
const u32 = (value: number): Uint8Array => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
export const GENESIS = octets(0x6e);

/** A committee of 17 holders of one seat each; a toy key is the octet of its holder, over and over. */
export function toyCommittee(first: number): Uint8Array {
  return concat(...Array.from({ length: 17 }, (_, seat) => octets(first + seat, 33)));
}

/** Stands for a signature where the curve is too slow: it depends on key and digest, and the one who checks it computes it again. */
export const toySign: Sign = (key, digest) => Uint8Array.from({ length: 64 }, (_, i) => key[i % 33]! ^ digest[i % 32]! ^ i);

export function makeEpochHeader(kernels: Kernels, epoch: Epoch, sign: Sign): { readonly bytes: Uint8Array; readonly hash: Uint8Array } {
  const keccak256 = (...parts: readonly Uint8Array[]): Uint8Array => {
    const out = new Uint8Array(32);
    kernels.keccak256(out, concat(...parts));
    return out;
  };
  const rest = keccak256(u32(epoch.number));
  const header = new ByteWriter(new Uint8Array(OUTER_HEADER_SIZE));
  encodeOuterHeader(header, {
    parent: octets(1),
    number: epoch.number,
    time: epoch.time,
    payload: octets(2),
    state: epoch.state,
    receipts: octets(3),
    weights: keccak256(keccak256(epoch.previous), keccak256(epoch.current), keccak256(epoch.next), rest),
    proposer: octets(4, 20),
    proof: octets(5, 81),
    seal: octets(6, 65),
  });
  const hash = keccak256(header.buffer.subarray(0, 269));
  const child = keccak256(hash);
  const ascii = Uint8Array.from('MeshBox attestation 1\n', (character) => character.charCodeAt(0));
  const digest = keccak256(ascii, epoch.genesis ?? GENESIS, u32(epoch.number), hash, u32(epoch.number + 1), child);
  const signatures = epoch.seats.map((seat) => ({ seat, signature: sign(epoch.current.subarray(33 * seat, 33 * seat + 33), digest) }));
  const w = new ByteWriter(new Uint8Array(EPOCH_HEADER_MAX));
  encodeEpochHeader(w, {
    kind: 'epoch-header',
    header: header.buffer,
    child,
    previous: keccak256(epoch.previous),
    rest,
    signatures,
    next: epoch.next,
    ...(epoch.withCurrent === true && { current: epoch.current }),
  });
  return { bytes: w.buffer.slice(0, w.at), hash };
}

// ---- RLP and trie nodes, the short way

export function rlpString(value: Uint8Array): Uint8Array {
  if (value.length === 1 && value[0]! < 0x80) return value;
  return concat(rlpHead(0x80, value.length), value);
}

export function rlpList(items: readonly Uint8Array[]): Uint8Array {
  const payload = concat(...items);
  return concat(rlpHead(0xc0, payload.length), payload);
}

function rlpHead(base: number, length: number): Uint8Array {
  if (length < 56) return Uint8Array.of(base + length);
  return length < 256 ? Uint8Array.of(base + 56, length) : Uint8Array.of(base + 57, length >> 8, length);
}

/**
 * A proof of `value` under a hashed key, through `depth` full branches to a leaf: as deep as it gets with 16^depth entries. The siblings' hashes are
 * made up; nobody can tell without their nodes.
 */
export function deepProof(
  kernels: Kernels,
  key: Uint8Array,
  value: Uint8Array,
  depth: number,
): { readonly root: Uint8Array; readonly nodes: Uint8Array[] } {
  const nibble = (i: number): number => (i % 2 === 0 ? key[i >> 1]! >> 4 : key[i >> 1]! & 15);
  const rest = Array.from({ length: 64 - depth }, (_, i) => nibble(depth + i));
  const flagged = rest.length % 2 === 1 ? [3, ...rest] : [2, 0, ...rest];
  const path = Uint8Array.from({ length: flagged.length / 2 }, (_, i) => flagged[2 * i]! * 16 + flagged[2 * i + 1]!);
  let node = rlpList([rlpString(path), rlpString(value)]);
  const nodes = [node];
  for (let level = depth - 1; level >= 0; level -= 1) {
    const child = new Uint8Array(32);
    kernels.keccak256(child, node);
    const items = Array.from({ length: 16 }, (_, i) => rlpString(i === nibble(level) ? child : octets(level * 16 + i)));
    node = rlpList([...items, rlpString(new Uint8Array(0))]);
    nodes.unshift(node);
  }
  const root = new Uint8Array(32);
  kernels.keccak256(root, node);
  return { root, nodes };
}

export function accountValue(nonce: number, balance: Uint8Array, storage: Uint8Array): Uint8Array {
  return rlpList([
    rlpString(nonce === 0 ? new Uint8Array(0) : Uint8Array.of(nonce)),
    rlpString(balance),
    rlpString(storage),
    rlpString(octets(7)),
  ]);
}
