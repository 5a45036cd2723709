/**
 * Arithmetic modulo p = 2^256 - 2^32 - 977 (SEC 2, 2.4.1) on 8 saturated 32-bit limbs, little-endian, in linear memory.
 *
 * An element is any value below 2^256: operations answer something congruent, not reduced; feCanonical brings it below p. Pointers are
 * 4-octet aligned and `r` may be an operand. Everything but feSqrt and feInvert is straight-line code: constant time in the values.
 *
 * Why this form: README.md (measured against 10 limbs of 26 bits and 9 of 29).
 */
import { CURVE_ZERO, FE_CHAIN } from './curve-memory';
import { invert, INVERT_P } from './modular-inverse';
import { within } from './memory';
import { copy, isZero, notBelow, P } from './words';

/** 2^256 = 2^32 + FOLD modulo p. */
const FOLD: u64 = 977;
const LOW: u64 = 0xffffffff;

/** r = c * 2^256 + the words; c below 2^34. The first fold may carry once more, and then leaves less than 2^67, so that the second ends in word 2. */
// @ts-ignore: decorator
@inline
function fold(r: usize, c: u64, w0: u32, w1: u32, w2: u32, w3: u32, w4: u32, w5: u32, w6: u32, w7: u32): void {
  let s: u64 = c * FOLD + w0;
  const v0 = s as u32;
  s = (s >> 32) + c + w1;
  const v1 = s as u32;
  s = (s >> 32) + w2;
  const v2 = s as u32;
  s = (s >> 32) + w3;
  const v3 = s as u32;
  s = (s >> 32) + w4;
  const v4 = s as u32;
  s = (s >> 32) + w5;
  const v5 = s as u32;
  s = (s >> 32) + w6;
  const v6 = s as u32;
  s = (s >> 32) + w7;
  store<u32>(r, s as u32, 28);
  store<u32>(r, v6, 24);
  store<u32>(r, v5, 20);
  store<u32>(r, v4, 16);
  store<u32>(r, v3, 12);
  const again = (s >> 32) as u32;
  s = (v0 as u64) + again * (FOLD as u32);
  store<u32>(r, s as u32);
  s = (s >> 32) + v1 + again;
  store<u32>(r, s as u32, 4);
  store<u32>(r, v2 + ((s >> 32) as u32), 8);
}

/** r = the words - b * 2^256; b is 0, 1 or 2. The first fold may borrow once more, and then leaves ones above word 1. */
// @ts-ignore: decorator
@inline
function unfold(r: usize, b: u32, w0: u32, w1: u32, w2: u32, w3: u32, w4: u32, w5: u32, w6: u32, w7: u32): void {
  const less = b * (FOLD as u32);
  const v0 = w0 - less;
  let s = (w1 as i64) - b - ((w0 < less) as i64);
  const v1 = s as u32;
  let k = ((s >> 63) as u32) & 1;
  const v2 = w2 - k;
  k = (w2 < k) as u32;
  const v3 = w3 - k;
  k = (w3 < k) as u32;
  const v4 = w4 - k;
  k = (w4 < k) as u32;
  const v5 = w5 - k;
  k = (w5 < k) as u32;
  const v6 = w6 - k;
  k = (w6 < k) as u32;
  s = (w7 as i64) - k;
  store<u32>(r, s as u32, 28);
  k = ((s >> 63) as u32) & 1;
  store<u32>(r, v6, 24);
  store<u32>(r, v5, 20);
  store<u32>(r, v4, 16);
  store<u32>(r, v3, 12);
  store<u32>(r, v2, 8);
  const again = k * (FOLD as u32);
  store<u32>(r, v1 - k - ((v0 < again) as u32), 4);
  store<u32>(r, v0 - again);
}

/** The product's upper half, times 2^32 + FOLD, onto its lower half. */
// @ts-ignore: decorator
@inline
// prettier-ignore
function reduce(
  r: usize, t0: u32, t1: u32, t2: u32, t3: u32, t4: u32, t5: u32, t6: u32, t7: u32,
  t8: u64, t9: u64, t10: u64, t11: u64, t12: u64, t13: u64, t14: u64, t15: u64,
): void {
  let s: u64 = t8 * FOLD + t0;
  const w0 = s as u32;
  s = (s >> 32) + t9 * FOLD + t8 + t1;
  const w1 = s as u32;
  s = (s >> 32) + t10 * FOLD + t9 + t2;
  const w2 = s as u32;
  s = (s >> 32) + t11 * FOLD + t10 + t3;
  const w3 = s as u32;
  s = (s >> 32) + t12 * FOLD + t11 + t4;
  const w4 = s as u32;
  s = (s >> 32) + t13 * FOLD + t12 + t5;
  const w5 = s as u32;
  s = (s >> 32) + t14 * FOLD + t13 + t6;
  const w6 = s as u32;
  s = (s >> 32) + t15 * FOLD + t14 + t7;
  fold(r, (s >> 32) + t15, w0, w1, w2, w3, w4, w5, w6, s as u32);
}

/** Schoolbook by rows: t is the part of the product that is done, w the eight words under way. */
// prettier-ignore
export function feMul(r: usize, a: usize, b: usize): void {
  within(r, 32);
  within(a, 32);
  within(b, 32);
  const b7: u64 = load<u32>(b, 28), b6: u64 = load<u32>(b, 24), b5: u64 = load<u32>(b, 20), b4: u64 = load<u32>(b, 16);
  const b3: u64 = load<u32>(b, 12), b2: u64 = load<u32>(b, 8), b1: u64 = load<u32>(b, 4), b0: u64 = load<u32>(b);
  let x: u64 = load<u32>(a), p: u64 = x * b0; const t0 = p as u32;
  p = x * b1 + (p >> 32); let w0 = p as u32; p = x * b2 + (p >> 32); let w1 = p as u32; p = x * b3 + (p >> 32); let w2 = p as u32;
  p = x * b4 + (p >> 32); let w3 = p as u32; p = x * b5 + (p >> 32); let w4 = p as u32; p = x * b6 + (p >> 32); let w5 = p as u32;
  p = x * b7 + (p >> 32); let w6 = p as u32; let w7 = (p >> 32) as u32;
  x = load<u32>(a, 4); p = x * b0 + w0; const t1 = p as u32;
  p = x * b1 + w1 + (p >> 32); w0 = p as u32; p = x * b2 + w2 + (p >> 32); w1 = p as u32; p = x * b3 + w3 + (p >> 32); w2 = p as u32;
  p = x * b4 + w4 + (p >> 32); w3 = p as u32; p = x * b5 + w5 + (p >> 32); w4 = p as u32; p = x * b6 + w6 + (p >> 32); w5 = p as u32;
  p = x * b7 + w7 + (p >> 32); w6 = p as u32; w7 = (p >> 32) as u32;
  x = load<u32>(a, 8); p = x * b0 + w0; const t2 = p as u32;
  p = x * b1 + w1 + (p >> 32); w0 = p as u32; p = x * b2 + w2 + (p >> 32); w1 = p as u32; p = x * b3 + w3 + (p >> 32); w2 = p as u32;
  p = x * b4 + w4 + (p >> 32); w3 = p as u32; p = x * b5 + w5 + (p >> 32); w4 = p as u32; p = x * b6 + w6 + (p >> 32); w5 = p as u32;
  p = x * b7 + w7 + (p >> 32); w6 = p as u32; w7 = (p >> 32) as u32;
  x = load<u32>(a, 12); p = x * b0 + w0; const t3 = p as u32;
  p = x * b1 + w1 + (p >> 32); w0 = p as u32; p = x * b2 + w2 + (p >> 32); w1 = p as u32; p = x * b3 + w3 + (p >> 32); w2 = p as u32;
  p = x * b4 + w4 + (p >> 32); w3 = p as u32; p = x * b5 + w5 + (p >> 32); w4 = p as u32; p = x * b6 + w6 + (p >> 32); w5 = p as u32;
  p = x * b7 + w7 + (p >> 32); w6 = p as u32; w7 = (p >> 32) as u32;
  x = load<u32>(a, 16); p = x * b0 + w0; const t4 = p as u32;
  p = x * b1 + w1 + (p >> 32); w0 = p as u32; p = x * b2 + w2 + (p >> 32); w1 = p as u32; p = x * b3 + w3 + (p >> 32); w2 = p as u32;
  p = x * b4 + w4 + (p >> 32); w3 = p as u32; p = x * b5 + w5 + (p >> 32); w4 = p as u32; p = x * b6 + w6 + (p >> 32); w5 = p as u32;
  p = x * b7 + w7 + (p >> 32); w6 = p as u32; w7 = (p >> 32) as u32;
  x = load<u32>(a, 20); p = x * b0 + w0; const t5 = p as u32;
  p = x * b1 + w1 + (p >> 32); w0 = p as u32; p = x * b2 + w2 + (p >> 32); w1 = p as u32; p = x * b3 + w3 + (p >> 32); w2 = p as u32;
  p = x * b4 + w4 + (p >> 32); w3 = p as u32; p = x * b5 + w5 + (p >> 32); w4 = p as u32; p = x * b6 + w6 + (p >> 32); w5 = p as u32;
  p = x * b7 + w7 + (p >> 32); w6 = p as u32; w7 = (p >> 32) as u32;
  x = load<u32>(a, 24); p = x * b0 + w0; const t6 = p as u32;
  p = x * b1 + w1 + (p >> 32); w0 = p as u32; p = x * b2 + w2 + (p >> 32); w1 = p as u32; p = x * b3 + w3 + (p >> 32); w2 = p as u32;
  p = x * b4 + w4 + (p >> 32); w3 = p as u32; p = x * b5 + w5 + (p >> 32); w4 = p as u32; p = x * b6 + w6 + (p >> 32); w5 = p as u32;
  p = x * b7 + w7 + (p >> 32); w6 = p as u32; w7 = (p >> 32) as u32;
  x = load<u32>(a, 28); p = x * b0 + w0; const t7 = p as u32;
  p = x * b1 + w1 + (p >> 32); w0 = p as u32; p = x * b2 + w2 + (p >> 32); w1 = p as u32; p = x * b3 + w3 + (p >> 32); w2 = p as u32;
  p = x * b4 + w4 + (p >> 32); w3 = p as u32; p = x * b5 + w5 + (p >> 32); w4 = p as u32; p = x * b6 + w6 + (p >> 32); w5 = p as u32;
  p = x * b7 + w7 + (p >> 32); w6 = p as u32; w7 = (p >> 32) as u32;
  reduce(r, t0, t1, t2, t3, t4, t5, t6, t7, w0, w1, w2, w3, w4, w5, w6, w7);
}

/** Products of different limbs, doubled on the way to the squares. */
// prettier-ignore
export function feSqr(r: usize, a: usize): void {
  within(r, 32);
  within(a, 32);
  const a7: u64 = load<u32>(a, 28), a6: u64 = load<u32>(a, 24), a5: u64 = load<u32>(a, 20), a4: u64 = load<u32>(a, 16);
  const a3: u64 = load<u32>(a, 12), a2: u64 = load<u32>(a, 8), a1: u64 = load<u32>(a, 4), a0: u64 = load<u32>(a);
  let p: u64 = a0 * a1, q: u64; let t1 = p as u32;
  p = a0 * a2 + (p >> 32); let t2 = p as u32; p = a0 * a3 + (p >> 32); let t3 = p as u32; p = a0 * a4 + (p >> 32); let t4 = p as u32;
  p = a0 * a5 + (p >> 32); let t5 = p as u32; p = a0 * a6 + (p >> 32); let t6 = p as u32; p = a0 * a7 + (p >> 32); let t7 = p as u32;
  let t8 = (p >> 32) as u32;
  p = a1 * a2 + t3; t3 = p as u32; p = a1 * a3 + t4 + (p >> 32); t4 = p as u32; p = a1 * a4 + t5 + (p >> 32); t5 = p as u32;
  p = a1 * a5 + t6 + (p >> 32); t6 = p as u32; p = a1 * a6 + t7 + (p >> 32); t7 = p as u32; p = a1 * a7 + t8 + (p >> 32); t8 = p as u32;
  let t9 = (p >> 32) as u32;
  p = a2 * a3 + t5; t5 = p as u32; p = a2 * a4 + t6 + (p >> 32); t6 = p as u32; p = a2 * a5 + t7 + (p >> 32); t7 = p as u32;
  p = a2 * a6 + t8 + (p >> 32); t8 = p as u32; p = a2 * a7 + t9 + (p >> 32); t9 = p as u32; let t10 = (p >> 32) as u32;
  p = a3 * a4 + t7; t7 = p as u32; p = a3 * a5 + t8 + (p >> 32); t8 = p as u32; p = a3 * a6 + t9 + (p >> 32); t9 = p as u32;
  p = a3 * a7 + t10 + (p >> 32); t10 = p as u32; let t11 = (p >> 32) as u32;
  p = a4 * a5 + t9; t9 = p as u32; p = a4 * a6 + t10 + (p >> 32); t10 = p as u32; p = a4 * a7 + t11 + (p >> 32); t11 = p as u32;
  let t12 = (p >> 32) as u32;
  p = a5 * a6 + t11; t11 = p as u32; p = a5 * a7 + t12 + (p >> 32); t12 = p as u32; let t13 = (p >> 32) as u32;
  p = a6 * a7 + t13; t13 = p as u32; let t14 = (p >> 32) as u32;
  p = a0 * a0; const s0 = p as u32;
  p = (p >> 32) + (t1 << 1); const s1 = p as u32;
  q = a1 * a1; p = (p >> 32) + ((t2 << 1) | (t1 >>> 31)) + (q & LOW); const s2 = p as u32;
  p = (p >> 32) + ((t3 << 1) | (t2 >>> 31)) + (q >> 32); const s3 = p as u32;
  q = a2 * a2; p = (p >> 32) + ((t4 << 1) | (t3 >>> 31)) + (q & LOW); const s4 = p as u32;
  p = (p >> 32) + ((t5 << 1) | (t4 >>> 31)) + (q >> 32); const s5 = p as u32;
  q = a3 * a3; p = (p >> 32) + ((t6 << 1) | (t5 >>> 31)) + (q & LOW); const s6 = p as u32;
  p = (p >> 32) + ((t7 << 1) | (t6 >>> 31)) + (q >> 32); const s7 = p as u32;
  q = a4 * a4; p = (p >> 32) + ((t8 << 1) | (t7 >>> 31)) + (q & LOW); const s8 = p as u32;
  p = (p >> 32) + ((t9 << 1) | (t8 >>> 31)) + (q >> 32); const s9 = p as u32;
  q = a5 * a5; p = (p >> 32) + ((t10 << 1) | (t9 >>> 31)) + (q & LOW); const s10 = p as u32;
  p = (p >> 32) + ((t11 << 1) | (t10 >>> 31)) + (q >> 32); const s11 = p as u32;
  q = a6 * a6; p = (p >> 32) + ((t12 << 1) | (t11 >>> 31)) + (q & LOW); const s12 = p as u32;
  p = (p >> 32) + ((t13 << 1) | (t12 >>> 31)) + (q >> 32); const s13 = p as u32;
  q = a7 * a7; p = (p >> 32) + ((t14 << 1) | (t13 >>> 31)) + (q & LOW); const s14 = p as u32;
  p = (p >> 32) + (t14 >>> 31) + (q >> 32); const s15 = p as u32;
  reduce(r, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15);
}

export function feAdd(r: usize, a: usize, b: usize): void {
  within(r, 32);
  within(a, 32);
  within(b, 32);
  let s: u64 = (load<u32>(a) as u64) + load<u32>(b);
  const w0 = s as u32;
  s = (s >> 32) + load<u32>(a, 4) + load<u32>(b, 4);
  const w1 = s as u32;
  s = (s >> 32) + load<u32>(a, 8) + load<u32>(b, 8);
  const w2 = s as u32;
  s = (s >> 32) + load<u32>(a, 12) + load<u32>(b, 12);
  const w3 = s as u32;
  s = (s >> 32) + load<u32>(a, 16) + load<u32>(b, 16);
  const w4 = s as u32;
  s = (s >> 32) + load<u32>(a, 20) + load<u32>(b, 20);
  const w5 = s as u32;
  s = (s >> 32) + load<u32>(a, 24) + load<u32>(b, 24);
  const w6 = s as u32;
  s = (s >> 32) + load<u32>(a, 28) + load<u32>(b, 28);
  fold(r, s >> 32, w0, w1, w2, w3, w4, w5, w6, s as u32);
}

/** r = a - b. */
export function feSub(r: usize, a: usize, b: usize): void {
  within(r, 32);
  within(a, 32);
  within(b, 32);
  let s: u64 = (load<u32>(a) as u64) + (load<u32>(b) ^ LOW) + 1;
  const w0 = s as u32;
  s = (s >> 32) + load<u32>(a, 4) + (load<u32>(b, 4) ^ LOW);
  const w1 = s as u32;
  s = (s >> 32) + load<u32>(a, 8) + (load<u32>(b, 8) ^ LOW);
  const w2 = s as u32;
  s = (s >> 32) + load<u32>(a, 12) + (load<u32>(b, 12) ^ LOW);
  const w3 = s as u32;
  s = (s >> 32) + load<u32>(a, 16) + (load<u32>(b, 16) ^ LOW);
  const w4 = s as u32;
  s = (s >> 32) + load<u32>(a, 20) + (load<u32>(b, 20) ^ LOW);
  const w5 = s as u32;
  s = (s >> 32) + load<u32>(a, 24) + (load<u32>(b, 24) ^ LOW);
  const w6 = s as u32;
  s = (s >> 32) + load<u32>(a, 28) + (load<u32>(b, 28) ^ LOW);
  unfold(r, 1 - ((s >> 32) as u32), w0, w1, w2, w3, w4, w5, w6, s as u32);
}

/** r = a - 2b. */
export function feSubTwice(r: usize, a: usize, b: usize): void {
  within(r, 32);
  within(a, 32);
  within(b, 32);
  let s: u64 = (load<u32>(a) as u64) + ((load<u32>(b) ^ LOW) << 1) + 2;
  const w0 = s as u32;
  s = (s >> 32) + load<u32>(a, 4) + ((load<u32>(b, 4) ^ LOW) << 1);
  const w1 = s as u32;
  s = (s >> 32) + load<u32>(a, 8) + ((load<u32>(b, 8) ^ LOW) << 1);
  const w2 = s as u32;
  s = (s >> 32) + load<u32>(a, 12) + ((load<u32>(b, 12) ^ LOW) << 1);
  const w3 = s as u32;
  s = (s >> 32) + load<u32>(a, 16) + ((load<u32>(b, 16) ^ LOW) << 1);
  const w4 = s as u32;
  s = (s >> 32) + load<u32>(a, 20) + ((load<u32>(b, 20) ^ LOW) << 1);
  const w5 = s as u32;
  s = (s >> 32) + load<u32>(a, 24) + ((load<u32>(b, 24) ^ LOW) << 1);
  const w6 = s as u32;
  s = (s >> 32) + load<u32>(a, 28) + ((load<u32>(b, 28) ^ LOW) << 1);
  unfold(r, 2 - ((s >> 32) as u32), w0, w1, w2, w3, w4, w5, w6, s as u32);
}

/** r = 3a / 2: a multiple of p makes it even, then a shift. */
export function feThreeHalves(r: usize, a: usize): void {
  halve(r, a, 3);
}

/** r = a / 2. */
export function feHalf(r: usize, a: usize): void {
  halve(r, a, 1);
}

// @ts-ignore: decorator
@inline
function halve(r: usize, a: usize, factor: u64): void {
  within(r, 32);
  within(a, 32);
  const a0 = load<u32>(a);
  const odd: u32 = -(a0 & 1);
  let s: u64 = factor * a0 + (odd & 0xfffffc2f);
  const w0 = s as u32;
  s = (s >> 32) + factor * load<u32>(a, 4) + (odd & 0xfffffffe);
  const w1 = s as u32;
  s = (s >> 32) + factor * load<u32>(a, 8) + odd;
  const w2 = s as u32;
  s = (s >> 32) + factor * load<u32>(a, 12) + odd;
  const w3 = s as u32;
  s = (s >> 32) + factor * load<u32>(a, 16) + odd;
  const w4 = s as u32;
  s = (s >> 32) + factor * load<u32>(a, 20) + odd;
  const w5 = s as u32;
  s = (s >> 32) + factor * load<u32>(a, 24) + odd;
  const w6 = s as u32;
  s = (s >> 32) + factor * load<u32>(a, 28) + odd;
  const w7 = s as u32;
  const w8 = (s >> 32) as u32;
  fold(
    r,
    w8 >>> 1,
    (w0 >>> 1) | (w1 << 31),
    (w1 >>> 1) | (w2 << 31),
    (w2 >>> 1) | (w3 << 31),
    (w3 >>> 1) | (w4 << 31),
    (w4 >>> 1) | (w5 << 31),
    (w5 >>> 1) | (w6 << 31),
    (w6 >>> 1) | (w7 << 31),
    (w7 >>> 1) | (w8 << 31),
  );
}

/** r = a modulo p, below p: a + (2^256 - p) carries exactly if a is not below p, and is then the answer but for that carry. */
export function feCanonical(r: usize, a: usize): void {
  const c: u64 = notBelow(a, P);
  let s: u64 = c * FOLD + load<u32>(a);
  store<u32>(r, s as u32);
  s = (s >> 32) + c + load<u32>(a, 4);
  store<u32>(r, s as u32, 4);
  for (let i: usize = 8; i < 32; i += 4) {
    s = (s >> 32) + load<u32>(a + i);
    store<u32>(r + i, s as u32);
  }
}

/** 1 if a is 0 modulo p, which is 0 or p, else 0. */
export function feIsZero(a: usize): u32 {
  within(a, 32);
  const a0 = load<u32>(a);
  const a1 = load<u32>(a, 4);
  const a2 = load<u32>(a, 8);
  const a3 = load<u32>(a, 12);
  const a4 = load<u32>(a, 16);
  const a5 = load<u32>(a, 20);
  const a6 = load<u32>(a, 24);
  const a7 = load<u32>(a, 28);
  const zero = a0 | a1 | a2 | a3 | a4 | a5 | a6 | a7;
  const p = (a0 ^ 0xfffffc2f) | (a1 ^ 0xfffffffe) | ~(a2 & a3 & a4 & a5 & a6 & a7);
  return isZero(zero) | isZero(p);
}

/** r = -a. */
export function feNegate(r: usize, a: usize): void {
  feSub(r, CURVE_ZERO, a);
}

/** r = 1 / a, and 0 for 0. */
export function feInvert(r: usize, a: usize): void {
  feCanonical(r, a);
  invert(r, r, INVERT_P);
}

/** r = r^(2^n) * a. */
function raise(r: usize, n: u32, a: usize): void {
  for (; n > 0; n -= 1) feSqr(r, r);
  feMul(r, r, a);
}

/**
 * r = the square root a^((p + 1) / 4); 0 if a has none. The exponent is 223 ones, a zero, 22 ones, four zeros, two ones, two zeros;
 * ones(k) below is a^(2^k - 1). r and a differ.
 */
export function feSqrt(r: usize, a: usize): u32 {
  const ones2 = FE_CHAIN;
  const ones3 = FE_CHAIN + 32;
  const ones22 = FE_CHAIN + 64;
  const ones44 = FE_CHAIN + 96;
  const other = FE_CHAIN + 128;
  copy(ones2, a);
  raise(ones2, 1, a);
  copy(ones3, ones2);
  raise(ones3, 1, a);
  copy(r, ones3);
  raise(r, 3, ones3);
  raise(r, 3, ones3);
  raise(r, 2, ones2);
  copy(other, r);
  raise(r, 11, other);
  copy(ones22, r);
  raise(r, 22, ones22);
  copy(ones44, r);
  raise(r, 44, ones44);
  copy(other, r);
  raise(r, 88, other);
  raise(r, 44, ones44);
  raise(r, 3, ones3);
  raise(r, 23, ones22);
  raise(r, 6, ones2);
  feSqr(r, r);
  feSqr(r, r);
  feSqr(other, r);
  feSub(other, other, a);
  return feIsZero(other);
}
