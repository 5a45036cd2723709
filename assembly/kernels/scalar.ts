/**
 * Scalars: integers modulo the group's order n = 2^256 - C, C of 129 bits, as eight words (words.ts) below n. Constant time in the values.
 * Speed matters little here (a verification has two dozen products), so the loops stay rolled.
 */
import { SCALAR_PRODUCT, SCALAR_WIDE } from './curve-memory';
import { invert, INVERT_N } from './modular-inverse';
import { isZeroWords, MODULI, N, notBelow, subtractModulus } from './words';

// prettier-ignore
const CONSTANTS: usize = memory.data<u32>([
  0x2fc9bebf, 0x402da173, 0x50b75fc4, 0x45512319, 1, // C
  0x3daa8a14, 0x9284eb15, 0xe86c90e4, 0xa7d46bcd, 0x3086d221, // G1
  0x221208ad, 0x0abfe4c4, 0x6f547fa9, 0x010e8828, 0xe4437ed6, // G2
  0x9284eb15, 0xe86c90e4, 0xa7d46bcd, 0x3086d221, 0, // A1 = B2
  0x9d44cfd8, 0x57c1108d, 0xa8e2f3f6, 0x14ca50f7, 1, // A2
  0x0abfe4c3, 0x6f547fa9, 0x010e8828, 0xe4437ed6, 0, // -B1
]);
/** The constants, of five words, by their offset in CONSTANTS. */
const C: usize = 0;
const G1: usize = 20;
const G2: usize = 40;
const A1: usize = 60;
const A2: usize = 80;
const MINUS_B1: usize = 100;

/** r (words + 5 words) = a (`words` words) x the constant. */
function multiplyConstant(r: usize, a: usize, words: usize, constant: usize): void {
  for (let i: usize = 0; i < 20; i += 4) store<u32>(r + i, 0);
  for (let i: usize = 0; i < words; i += 1) {
    const x: u64 = load<u32>(a);
    let s: u64 = 0;
    for (let j: usize = 0; j < 20; j += 4) {
      s += x * load<u32>(constant + j, CONSTANTS) + load<u32>(r + j);
      store<u32>(r + j, s as u32);
      s >>= 32;
    }
    store<u32>(r, s as u32, 20);
    a += 4;
    r += 4;
  }
}

/** SCALAR_WIDE = its lower eight words plus C times the `words` words above them. */
function foldWide(words: usize): void {
  multiplyConstant(SCALAR_PRODUCT, SCALAR_WIDE + 32, words, C);
  let s: u64 = 0;
  for (let i: usize = 0; i < 52; i += 4) {
    if (i < 32) s += load<u32>(SCALAR_WIDE + i);
    if (i < (words + 5) << 2) s += load<u32>(SCALAR_PRODUCT + i);
    store<u32>(SCALAR_WIDE + i, s as u32);
    s >>= 32;
  }
}

export function scMultiply(r: usize, a: usize, b: usize): void {
  for (let i: usize = 0; i < 32; i += 4) store<u32>(SCALAR_WIDE + i, 0);
  for (let i: usize = 0; i < 32; i += 4) {
    const x: u64 = load<u32>(a + i);
    let s: u64 = 0;
    for (let j: usize = 0; j < 32; j += 4) {
      s += x * load<u32>(b + j) + load<u32>(SCALAR_WIDE + i + j);
      store<u32>(SCALAR_WIDE + i + j, s as u32);
      s >>= 32;
    }
    store<u32>(SCALAR_WIDE + i, s as u32, 32);
  }
  // 512 bits become 386, 259 and 257.
  foldWide(8);
  foldWide(5);
  foldWide(1);
  subtractModulus(r, SCALAR_WIDE, N, -(load<u32>(SCALAR_WIDE, 32) | notBelow(SCALAR_WIDE, N)));
}

/** r = a modulo n, for any 256 bits. */
export function scReduce(r: usize, a: usize): void {
  subtractModulus(r, a, N, -notBelow(a, N));
}

export function scAdd(r: usize, a: usize, b: usize): void {
  let s: u64 = 0;
  for (let i: usize = 0; i < 32; i += 4) {
    s += (load<u32>(a + i) as u64) + load<u32>(b + i);
    store<u32>(r + i, s as u32);
    s >>= 32;
  }
  subtractModulus(r, r, N, -((s as u32) | notBelow(r, N)));
}

/** r = a / 2: n makes it even, then a shift. */
export function scHalve(r: usize, a: usize): void {
  const odd: u32 = -(load<u32>(a) & 1);
  let s: u64 = 0;
  let below: u32 = 0;
  for (let i: usize = 0; i < 32; i += 4) {
    s += (load<u32>(a + i) as u64) + (load<u32>(N + i, MODULI) & odd);
    const w = s as u32;
    if (i > 0) store<u32>(r + i - 4, (below >>> 1) | (w << 31));
    below = w;
    s >>= 32;
  }
  store<u32>(r, (below >>> 1) | ((s as u32) << 31), 28);
}

/** 1 if a exceeds (n - 1) / 2: the malleable half. */
export function scIsHigh(a: usize): u32 {
  // 2 a >= n, n being odd.
  let s: u64 = 0;
  for (let i: usize = 0; i < 32; i += 4) {
    s += (load<u32>(a + i) as u64) << 1;
    store<u32>(SCALAR_WIDE + i, s as u32);
    s >>= 32;
  }
  return (s as u32) | notBelow(SCALAR_WIDE, N);
}

/** r = 1 / a. */
export function scInvert(r: usize, a: usize): void {
  invert(r, a, INVERT_N);
}

/** 1 if a secret: neither 0 nor n or more. */
export function scIsValid(a: usize): u32 {
  return (isZeroWords(a) | notBelow(a, N)) ^ 1;
}

/** r (five words) = the nearest integer to k x constant / 2^288. */
function nearest(r: usize, k: usize, constant: usize): void {
  multiplyConstant(SCALAR_PRODUCT, k, 8, constant);
  store<u32>(SCALAR_PRODUCT, 0, 52);
  let s: u64 = load<u32>(SCALAR_PRODUCT, 32) >>> 31;
  for (let i: usize = 0; i < 20; i += 4) {
    s += load<u32>(SCALAR_PRODUCT + i, 36);
    store<u32>(r + i, s as u32);
    s >>= 32;
  }
}

/** r += a x constant modulo 2^160; all of five words. */
function addProduct(r: usize, a: usize, constant: usize): void {
  for (let i: usize = 0; i < 20; i += 4) {
    const x: u64 = load<u32>(a + i);
    let s: u64 = 0;
    for (let j: usize = 0; i + j < 20; j += 4) {
      s += x * load<u32>(constant + j, CONSTANTS) + load<u32>(r + i + j);
      store<u32>(r + i + j, s as u32);
      s >>= 32;
    }
  }
}

function complement(r: usize, a: usize): void {
  for (let i: usize = 0; i < 20; i += 4) store<u32>(r + i, ~load<u32>(a + i));
}

/**
 * Write k as k1 + k2 lambda with halves of 128 bits (Gallant, Lambert, Vanstone 2001; Hankerson, Menezes, Vanstone, "Guide to Elliptic Curve
 * Cryptography", algorithm 3.74, with its lattice basis (A1, B1), (A2, B2) for this curve). r: k1 and k2 as two's complements of five words.
 * The quotients k B2 / n and -k B1 / n are found by products with G = round(2^288 B / n), which is off by less than 2^-32:
 * |k1| < 0.64 x 2^128 and |k2| < 0.55 x 2^128. Integers modulo 2^160 suffice, since the results fit.
 */
export function scSplit(r: usize, k: usize): void {
  const c = SCALAR_WIDE;
  const k1 = r;
  const k2 = r + 20;
  // k1 = k - c1 A1 - c2 A2, k2 = -c2 B2 - c1 B1; a - b is ~(~a + b).
  nearest(c, k, G1);
  complement(k1, k);
  addProduct(k1, c, A1);
  for (let i: usize = 0; i < 20; i += 4) store<u32>(k2 + i, 0);
  addProduct(k2, c, MINUS_B1);
  complement(k2, k2);
  nearest(c, k, G2);
  addProduct(k1, c, A2);
  complement(k1, k1);
  addProduct(k2, c, A1);
  complement(k2, k2);
}
