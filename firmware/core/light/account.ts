/** What the trie of accounts and a storage trie hold under a key. */
import { copyOf } from './hash.js';
import { RlpReader } from './rlp.js';

export interface Account {
  readonly nonce: number;
  /** 32 octets, big-endian. */
  readonly balance: Uint8Array;
  /** Root of its storage trie, 32 octets. */
  readonly storage: Uint8Array;
  /** keccak256 of its code, 32 octets. */
  readonly code: Uint8Array;
}

/** A copy, so that the node it came in may go; undefined if the trie holds something else. */
export function decodeAccount(value: Uint8Array): Account | undefined {
  const rlp = new RlpReader();
  if (!rlp.read(value, 0, value.length) || !rlp.isList || rlp.to !== value.length) return undefined;
  const end = rlp.to;
  if (!rlp.read(value, rlp.from, end) || rlp.isList || rlp.to - rlp.from > 6) return undefined;
  let nonce = 0;
  for (let i = rlp.from; i < rlp.to; i += 1) nonce = nonce * 256 + value[i]!;
  const balance = readWord(rlp, value, rlp.to, end);
  if (balance === undefined) return undefined;
  const storage = readHash(rlp, value, rlp.to, end);
  if (storage === undefined) return undefined;
  const code = readHash(rlp, value, rlp.to, end);
  return code === undefined || rlp.to !== end ? undefined : { nonce, balance, storage, code };
}

/** A storage slot's value as 32 octets; undefined if the trie holds something else. */
export function decodeSlot(value: Uint8Array): Uint8Array | undefined {
  const rlp = new RlpReader();
  const word = readWord(rlp, value, 0, value.length);
  return rlp.to === value.length ? word : undefined;
}

function readWord(rlp: RlpReader, bytes: Uint8Array, at: number, end: number): Uint8Array | undefined {
  if (!rlp.read(bytes, at, end) || rlp.isList || rlp.to - rlp.from > 32) return undefined;
  const word = new Uint8Array(32);
  word.set(bytes.subarray(rlp.from, rlp.to), 32 - (rlp.to - rlp.from));
  return word;
}

function readHash(rlp: RlpReader, bytes: Uint8Array, at: number, end: number): Uint8Array | undefined {
  return rlp.read(bytes, at, end) && !rlp.isList && rlp.to - rlp.from === 32 ? copyOf(bytes.subarray(rlp.from, rlp.to)) : undefined;
}
