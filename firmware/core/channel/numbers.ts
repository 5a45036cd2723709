/** Amounts: whole numbers of a token's smallest unit, big-endian on the wire and in hashes. */
import type { ByteWriter } from '../base/index.js';

/** An amount takes at most 16 octets on the wire: 3.4e38; the whole MESH supply with 18 decimals is 1e28. */
export const AMOUNT_LIMIT = 1n << 128n;

const LOW = 0xffff_ffff_ffff_ffffn;

/** Writes `value` into out[at..at + length), with zeros in front; length is at least 16. */
export function putAmount(out: Uint8Array, at: number, length: number, value: bigint): void {
  const view = new DataView(out.buffer, out.byteOffset + at, length);
  out.fill(0, at, at + length - 16);
  view.setBigUint64(length - 16, value >> 64n);
  view.setBigUint64(length - 8, value & LOW);
}

/** A uint256 of a contract's packed layout. */
export function writeWord(w: ByteWriter, value: bigint): void {
  putAmount(w.buffer, w.at, 32, value);
  w.at += 32;
}

/** The shortest octets; none for 0. */
export function amountOctets(value: bigint): Uint8Array {
  const out = new Uint8Array(16);
  putAmount(out, 0, 16, value);
  let first = 0;
  while (first < 16 && out[first] === 0) first += 1;
  return out.subarray(first);
}

export function amountOf(octets: Uint8Array): bigint {
  let value = 0n;
  let at = 0;
  for (; at + 4 <= octets.length; at += 4)
    value = (value << 32n) | BigInt(((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0);
  for (; at < octets.length; at += 1) value = (value << 8n) | BigInt(octets[at]!);
  return value;
}
