/**
 * Multiples of a point that is not the generator, with scalars cut in halves by the endomorphism lambda (x, y) = (beta x, y) (scalar.ts).
 * Both ways use a table of odd multiples, brought to one Z without an inversion ("effective affine", bitcoin-core/secp256k1): entries are
 * affine on the isomorphic curve on which the true Z is TABLE_Z.
 *
 * linearCombination is variable time, for what is public: interleaved wNAF (Guide to Elliptic Curve Cryptography, algorithm 3.51).
 * multiplySecret is constant time: windows of five signed bits, none of them 0, every lookup reading all of the table.
 */
import { ADD0, ADD1, ADD2, BETA, DIGITS, HALVES, PICK, SCALED_Z, SUM, TABLE, TABLE_Z } from './curve-memory';
import { feCanonical, feMul, feSqr, feSub } from './field';
import { ODD, ODD_WINDOW } from './generator-table';
import { pointAdd, pointAddSecret, pointDouble, setOne, Y, Z } from './point';
import { scAdd, scHalve, scSplit } from './scalar';
import { CHOICE, ENTRIES, InArena, pickSecret } from './secret-lookup';
import { copy, negateIf, P } from './words';

const ENTRY: usize = 96;
/** Offset of beta x in an entry. */
const BETA_X: usize = 64;

/** Window of the point's wNAF: 8 entries; a wider one costs more to make than it saves. */
const WINDOW: u32 = 5;
/** Bits of a half of less than 2^128, and the carry. */
const LENGTH: u32 = 129;
const DIGITS_SIZE: usize = 132;

/** Bits of a secret half: 26 choices. */
const SECRET_LENGTH: i32 = 130;
/** Octets of a half (scalar.ts). */
const HALF: usize = 20;

/** Cube root of 1 modulo p. */
// prettier-ignore
const BETA_WORDS: usize = memory.data<u32>([
  0x719501ee, 0xc1396c28, 0x12f58995, 0x9cf04975, 0xac3434e9, 0x6e64479e, 0x657c0710, 0x7ae96a2b,
]);

/** (1 + lambda)(2^129 - 1) / 2 modulo n. */
// prettier-ignore
const HALF_OF_ONES: usize = memory.data<u32>([
  0xd766ed0d, 0x3aca9034, 0x6b016510, 0x09a4e297, 0xbe08c6b5, 0x615eeb5f, 0xe58981a7, 0xd274453e,
]);

/** The affine point at p, on the curve scaled by z. */
function scale(p: usize, z: usize): void {
  feSqr(SCALED_Z, z);
  feMul(p, p, SCALED_Z);
  feMul(SCALED_Z, SCALED_Z, z);
  feMul(p + Y, p + Y, SCALED_Z);
}

/**
 * TABLE = (1, 3, .. 2 count - 1) times (x, y), on the isomorphic curve of TABLE_Z. Variable time; no sum meets an exception, the order being
 * prime. The double is added again and again by co-Z additions (Meloni, "New Point Addition Formulae for ECC Applications", 2007; 4M + 2S).
 */
function oddMultiples(x: usize, y: usize, count: usize): void {
  for (let i: usize = 0; i < 32; i += 4) store<u32>(BETA + i, load<u32>(i, BETA_WORDS));
  copy(SUM, x);
  copy(SUM + Y, y);
  setOne(SUM + Z);
  pointDouble(SUM);
  // On the curve scaled by the double's Z, the double is affine, and the point itself is (x Z^2, y Z^3).
  copy(TABLE, x);
  copy(TABLE + Y, y);
  scale(TABLE, SUM + Z);
  const last = TABLE + (count - 1) * ENTRY;
  for (let entry = TABLE; entry != last; entry += ENTRY) {
    const factor = entry + BETA_X;
    feSub(factor, SUM, entry); // by which the next entry's Z is larger
    feSqr(ADD0, factor);
    feMul(ADD1, entry, ADD0);
    feMul(SUM, SUM, ADD0);
    feSub(ADD2, SUM + Y, entry + Y);
    feSub(ADD0, SUM, ADD1);
    feMul(SUM + Y, SUM + Y, ADD0); // the double, at the next entry's Z
    const next = entry + ENTRY;
    feSqr(next, ADD2);
    feSub(next, next, ADD1);
    feSub(next, next, SUM);
    feSub(ADD0, SUM, next);
    feMul(ADD0, ADD0, ADD2);
    feSub(next + Y, ADD0, SUM + Y);
  }
  setOne(TABLE_Z);
  for (let entry = last; ; entry -= ENTRY) {
    if (entry != last) {
      feMul(TABLE_Z, TABLE_Z, entry + BETA_X);
      scale(entry, TABLE_Z);
    }
    feCanonical(entry + Y, entry + Y);
    feMul(entry + BETA_X, entry, BETA);
    if (entry == TABLE) break;
  }
  feMul(TABLE_Z, TABLE_Z, SUM + Z);
}

/** `width` bits of the five words at `half` from bit `at`, at most up to bit 159. */
function bits(half: usize, at: u32, width: u32): u32 {
  const p = half + (((at >>> 5) << 2) as usize);
  let w = load<u32>(p) >>> (at & 31);
  if ((at & 31) + width > 32) w |= load<u32>(p, 4) << (32 - (at & 31));
  return w & ((1 << width) - 1);
}

/** Width-w NAF of a two's complement of five words (Guide to Elliptic Curve Cryptography, algorithm 3.35), one signed octet a digit. */
function recode(digits: usize, half: usize, width: u32): void {
  const minus: i32 = load<i32>(half, 16) >> 31;
  let s: u64 = minus & 1;
  for (let i: usize = 0; i < 20; i += 4) {
    s += (load<u32>(half + i) ^ (minus as u32)) as u64;
    store<u32>(half + i, s as u32);
    s >>= 32;
  }
  memory.fill(digits, 0, DIGITS_SIZE);
  let carry: u32 = 0;
  for (let at: u32 = 0; at < LENGTH;) {
    if (bits(half, at, 1) == carry) {
      at += 1;
      continue;
    }
    const digit = bits(half, at, width) + carry;
    carry = digit >>> (width - 1);
    store<i8>(digits + (at as usize), ((((digit as i32) - ((carry as i32) << width)) ^ minus) - minus) as i8);
    at += width;
  }
}

/** SUM = g G + p (x, y), the scalars modulo n; 0 if that is infinity, else 1. Variable time. */
export function linearCombination(g: usize, p: usize, x: usize, y: usize): u32 {
  oddMultiples(x, y, 8);
  scSplit(HALVES, g);
  recode(DIGITS, HALVES, ODD_WINDOW);
  recode(DIGITS + DIGITS_SIZE, HALVES + HALF, ODD_WINDOW);
  scSplit(HALVES, p);
  recode(DIGITS + 2 * DIGITS_SIZE, HALVES, WINDOW);
  recode(DIGITS + 3 * DIGITS_SIZE, HALVES + HALF, WINDOW);
  let finite: u32 = 0;
  for (let at = LENGTH as usize; at > 0;) {
    at -= 1;
    if (finite) pointDouble(SUM);
    for (let half: usize = 0; half < 4; half += 1) {
      const digit: i32 = load<i8>(DIGITS + half * DIGITS_SIZE + at);
      if (digit == 0) continue;
      const index = (abs(digit) >>> 1) as usize;
      const lambda = half & 1;
      const minus = digit >> 31;
      let z = SUM + Z;
      if (half >= 2) {
        const entry = TABLE + index * ENTRY;
        copy(PICK, lambda ? entry + BETA_X : entry);
        negateIf(PICK + Y, entry + Y, P, minus);
      } else {
        for (let i: usize = 0; i < 64; i += 4) store<u32>(PICK + i, load<u32>((index << 6) + i, ODD));
        if (lambda) feMul(PICK, PICK, BETA);
        negateIf(PICK + Y, PICK + Y, P, minus);
        // On the scaled curve the generator's multiples have Z = 1 / TABLE_Z.
        z = SCALED_Z;
        if (finite) feMul(z, SUM + Z, TABLE_Z);
        else scale(PICK, TABLE_Z);
      }
      if (finite) finite = pointAdd(SUM, PICK, PICK + Y, z);
      else {
        copy(SUM, PICK);
        copy(SUM + Y, PICK + Y);
        setOne(SUM + Z);
        finite = 1;
      }
    }
  }
  feMul(SUM + Z, SUM + Z, TABLE_Z);
  return finite;
}

/** SUM = k (x, y), not infinity if k is not 0. Constant time in k. */
export function multiplySecret(k: usize, x: usize, y: usize): void {
  oddMultiples(x, y, ENTRIES);
  // k = sum of +-2^i over the 130 bits of v1, plus lambda times the same of v2, where (v1, v2) - (2^128, 2^128) are the halves of
  // (k + (1 + lambda)(2^129 - 1)) / 2.
  for (let i: usize = 0; i < 32; i += 4) store<u32>(PICK + i, load<u32>(i, HALF_OF_ONES));
  scHalve(SCALED_Z, k);
  scAdd(SCALED_Z, SCALED_Z, PICK);
  scSplit(HALVES, SCALED_Z);
  store<u32>(HALVES, load<u32>(HALVES, 16) + 1, 16);
  store<u32>(HALVES, load<u32>(HALVES, HALF + 16) + 1, HALF + 16);
  for (let at: i32 = SECRET_LENGTH - CHOICE; at >= 0; at -= CHOICE) {
    if (at < SECRET_LENGTH - CHOICE) for (let i: u32 = 0; i < CHOICE; i += 1) pointDouble(SUM);
    pickSecret<InArena>(TABLE, TABLE + Y, ENTRY, bits(HALVES, at, CHOICE));
    if (at == SECRET_LENGTH - CHOICE) {
      copy(SUM, PICK);
      copy(SUM + Y, PICK + Y);
      setOne(SUM + Z);
    } else pointAddSecret(SUM, PICK, PICK + Y);
    pickSecret<InArena>(TABLE + BETA_X, TABLE + Y, ENTRY, bits(HALVES + HALF, at, CHOICE));
    pointAddSecret(SUM, PICK, PICK + Y);
  }
  feMul(SUM + Z, SUM + Z, TABLE_Z);
}
