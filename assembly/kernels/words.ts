/**
 * 256-bit integers as eight 32-bit words in linear memory, least significant first, 4-octet aligned. What the field and the scalars share.
 * Constant time in the values.
 */

import { within } from './memory';

/** The moduli, by their offset in MODULI: the field's p and the group's order n (SEC 2, 2.4.1). */
export const P: usize = 0;
export const N: usize = 32;
// prettier-ignore
export const MODULI: usize = memory.data<u32>([
  0xfffffc2f, 0xfffffffe, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
  0xd0364141, 0xbfd25e8c, 0xaf48a03b, 0xbaaedce6, 0xfffffffe, 0xffffffff, 0xffffffff, 0xffffffff,
]);

/** 1 if w is 0, else 0. */
// @ts-ignore: decorator
@inline
export function isZero(w: u32): u32 {
  return ((w | -w) >>> 31) ^ 1;
}

/** 1 if all of a is 0, else 0. */
export function isZeroWords(a: usize): u32 {
  let all: u32 = 0;
  for (let i: usize = 0; i < 32; i += 4) all |= load<u32>(a + i);
  return isZero(all);
}

export function copy(r: usize, a: usize): void {
  within(r, 32);
  within(a, 32);
  store<u32>(r, load<u32>(a));
  store<u32>(r, load<u32>(a, 4), 4);
  store<u32>(r, load<u32>(a, 8), 8);
  store<u32>(r, load<u32>(a, 12), 12);
  store<u32>(r, load<u32>(a, 16), 16);
  store<u32>(r, load<u32>(a, 20), 20);
  store<u32>(r, load<u32>(a, 24), 24);
  store<u32>(r, load<u32>(a, 28), 28);
}

/** 1 if a and b are the same, else 0. */
export function equals(a: usize, b: usize): u32 {
  let differ: u32 = 0;
  for (let i: usize = 0; i < 32; i += 4) differ |= load<u32>(a + i) ^ load<u32>(b + i);
  return isZero(differ);
}

/** r = a where mask is all ones; mask 0 leaves r. */
export function select(r: usize, a: usize, mask: u32): void {
  within(r, 32);
  within(a, 32);
  const w0 = load<u32>(r);
  store<u32>(r, w0 ^ ((w0 ^ load<u32>(a)) & mask));
  const w1 = load<u32>(r, 4);
  store<u32>(r, w1 ^ ((w1 ^ load<u32>(a, 4)) & mask), 4);
  const w2 = load<u32>(r, 8);
  store<u32>(r, w2 ^ ((w2 ^ load<u32>(a, 8)) & mask), 8);
  const w3 = load<u32>(r, 12);
  store<u32>(r, w3 ^ ((w3 ^ load<u32>(a, 12)) & mask), 12);
  const w4 = load<u32>(r, 16);
  store<u32>(r, w4 ^ ((w4 ^ load<u32>(a, 16)) & mask), 16);
  const w5 = load<u32>(r, 20);
  store<u32>(r, w5 ^ ((w5 ^ load<u32>(a, 20)) & mask), 20);
  const w6 = load<u32>(r, 24);
  store<u32>(r, w6 ^ ((w6 ^ load<u32>(a, 24)) & mask), 24);
  const w7 = load<u32>(r, 28);
  store<u32>(r, w7 ^ ((w7 ^ load<u32>(a, 28)) & mask), 28);
}

/** 1 if a is not below the modulus, else 0. */
export function notBelow(a: usize, modulus: usize): u32 {
  let s: i64 = 0;
  for (let i: usize = 0; i < 32; i += 4) s = (s >> 32) + (load<u32>(a + i) as i64) - (load<u32>(modulus + i, MODULI) as i64);
  return ((s >>> 63) as u32) ^ 1;
}

/** r = a - modulus where mask is all ones, else a. */
export function subtractModulus(r: usize, a: usize, modulus: usize, mask: u32): void {
  let s: i64 = 0;
  for (let i: usize = 0; i < 32; i += 4) {
    s += (load<u32>(a + i) as i64) - ((load<u32>(modulus + i, MODULI) & mask) as i64);
    store<u32>(r + i, s as u32);
    s >>= 32;
  }
}

/** r = modulus - a where mask is all ones, else a; a is below the modulus and not 0. */
export function negateIf(r: usize, a: usize, modulus: usize, mask: u32): void {
  let s: u64 = mask & 1;
  for (let i: usize = 0; i < 32; i += 4) {
    s += ((load<u32>(a + i) ^ mask) as u64) + ((load<u32>(modulus + i, MODULI) & mask) as u64);
    store<u32>(r + i, s as u32);
    s >>= 32;
  }
}

/** From 32 octets, most significant first, of any alignment. */
export function fromOctets(r: usize, octets: usize): void {
  for (let i: usize = 0; i < 32; i += 4) {
    const at = octets + (28 - i);
    store<u32>(r + i, (load<u8>(at) << 24) | (load<u8>(at, 1) << 16) | (load<u8>(at, 2) << 8) | load<u8>(at, 3));
  }
}

/** Into 32 octets, most significant first, of any alignment. */
export function toOctets(octets: usize, a: usize): void {
  for (let i: usize = 0; i < 32; i += 4) {
    const at = octets + (28 - i);
    const w = load<u32>(a + i);
    store<u8>(at, w >>> 24);
    store<u8>(at, w >>> 16, 1);
    store<u8>(at, w >>> 8, 2);
    store<u8>(at, w, 3);
  }
}
