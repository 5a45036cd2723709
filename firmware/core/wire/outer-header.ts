/**
 * The chain's outer header: 334 octets of fixed layout, big-endian, the same on the air, on disk and under the hash.
 *   parent 32 | number 4 | time 4 | payload 32 | state 32 | receipts 32 | weights 32 | proposer 20 | proof 81 | seal 65
 * The hash is keccak256 of the 269 octets in front of the seal: two permutations. The seal (r, s and recovery id) signs
 *   keccak256("MeshBox header 1\n" genesis-hash hash).
 */
import { CodedError, Reason, u32At, type ByteWriter } from '../base/index.js';

export interface OuterHeader {
  /** Hash of the parent, 32 octets. */
  readonly parent: Uint8Array;
  readonly number: number;
  /** Seconds since 1970: start of its slot, plus the stand-in's step. Four octets last until 2106. */
  readonly time: number;
  /** Hash of the execution header, 32 octets. */
  readonly payload: Uint8Array;
  /** Root of the accounts' trie after the block, 32 octets. */
  readonly state: Uint8Array;
  readonly receipts: Uint8Array;
  /** Commits to committees, weights and the rest of the consensus state (chain.cddl), 32 octets. */
  readonly weights: Uint8Array;
  /** Address, 20 octets. */
  readonly proposer: Uint8Array;
  /** Of the verifiable random function, 81 octets. */
  readonly proof: Uint8Array;
  /** 65 octets. */
  readonly seal: Uint8Array;
}

export const OUTER_HEADER_SIZE = 334;
/** What is hashed: all but the seal. */
export const OUTER_HEADER_HASHED = 269;

export function encodeOuterHeader(w: ByteWriter, header: OuterHeader): void {
  const start = w.at;
  w.bytes(header.parent);
  w.u32(header.number);
  w.u32(header.time);
  w.bytes(header.payload);
  w.bytes(header.state);
  w.bytes(header.receipts);
  w.bytes(header.weights);
  w.bytes(header.proposer);
  w.bytes(header.proof);
  w.bytes(header.seal);
  if (!w.overflow && w.at - start !== OUTER_HEADER_SIZE)
    throw new CodedError('wire-bounds', `an outer header has ${OUTER_HEADER_SIZE} octets, not ${w.at - start}`);
}

/** Octet strings of the answer are views. */
export function decodeOuterHeader(bytes: Uint8Array, at: number, end: number): OuterHeader | Reason {
  if (end - at < OUTER_HEADER_SIZE) return Reason.Truncated;
  if (end - at > OUTER_HEADER_SIZE) return Reason.TrailingBytes;
  const view = (from: number, to: number): Uint8Array => bytes.subarray(at + from, at + to);
  return {
    parent: view(0, 32),
    number: u32At(bytes, at + 32),
    time: u32At(bytes, at + 36),
    payload: view(40, 72),
    state: view(72, 104),
    receipts: view(104, 136),
    weights: view(136, 168),
    proposer: view(168, 188),
    proof: view(188, 269),
    seal: view(269, 334),
  };
}
