/**
 * Points of y^2 = x^3 + 7 over the field. Jacobian (X, Y, Z) stands for (X / Z^2, Y / Z^3) and takes 96 octets; Z = 0 is the point at infinity.
 * An affine point is two field elements at two pointers.
 *
 * Formulas: Guide to Elliptic Curve Cryptography 3.2.2 with Z scaled by 1/2 (doubling, 3M + 4S) and the mixed addition (8M + 3S);
 * for secrets the unified addition of Brier and Joye, "Weierstrass Elliptic Curves and Side-Channel Attacks" (2002), completed for
 * opposite y as in bitcoin-core/secp256k1 (7M + 5S), in which no branch and no address depends on the points.
 */
import { ADD0, ADD1, ADD2, ADD3, ADD4, ADD5, ADD6 } from './curve-memory';
import { feAdd, feCanonical, feHalf, feInvert, feIsZero, feMul, feNegate, feSqr, feSqrt, feSub, feSubTwice, feThreeHalves } from './field';
import { copy, fromOctets, notBelow, P, select, toOctets } from './words';

/** Octets from one coordinate to the next. */
export const Y: usize = 32;
export const Z: usize = 64;

export function setOne(r: usize): void {
  store<u32>(r, 1);
  for (let i: usize = 4; i < 32; i += 4) store<u32>(r + i, 0);
}

/** r = 2r; infinity stays so. */
export function pointDouble(r: usize): void {
  // L = 3/2 X^2, S = Y^2, T = X S; X' = L^2 - 2 T, Y' = L (T - X') - S^2, Z' = Y Z.
  feMul(r + Z, r + Y, r + Z);
  feSqr(ADD0, r);
  feThreeHalves(ADD0, ADD0);
  feSqr(ADD1, r + Y);
  feMul(ADD2, r, ADD1);
  feSqr(r, ADD0);
  feSubTwice(r, r, ADD2);
  feSub(ADD2, ADD2, r);
  feMul(ADD2, ADD2, ADD0);
  feSqr(ADD1, ADD1);
  feSub(r + Y, ADD2, ADD1);
}

/**
 * r = r + (x, y), r not infinity; the affine point counts in a Jacobian scale: z is the r.Z it meets (r.Z itself unless tables are scaled).
 * Answers 0 if the sum is infinity, else 1. Variable time.
 */
export function pointAdd(r: usize, x: usize, y: usize, z: usize): u32 {
  // H = x z^2 - X, R = y z^3 - Y, V = X H^2; X' = R^2 - H^3 - 2 V, Y' = R (V - X') - Y H^3, Z' = Z H.
  feSqr(ADD0, z);
  feMul(ADD3, x, ADD0);
  feSub(ADD3, ADD3, r);
  feMul(ADD0, ADD0, z);
  feMul(ADD0, ADD0, y);
  feSub(ADD0, ADD0, r + Y);
  if (feIsZero(ADD3)) {
    if (feIsZero(ADD0) == 0) return 0;
    pointDouble(r);
    return 1;
  }
  feMul(r + Z, r + Z, ADD3);
  feSqr(ADD1, ADD3);
  feMul(ADD2, r, ADD1);
  feMul(ADD1, ADD1, ADD3);
  feSqr(r, ADD0);
  feSub(r, r, ADD1);
  feSubTwice(r, r, ADD2);
  feSub(ADD2, ADD2, r);
  feMul(ADD2, ADD2, ADD0);
  feMul(ADD1, ADD1, r + Y);
  feSub(r + Y, ADD2, ADD1);
  return 1;
}

/** r = r + (x, y) for any r, also infinity, the same point and the opposite one. Constant time. */
export function pointAddSecret(r: usize, x: usize, y: usize): void {
  const infinity: u32 = -feIsZero(r + Z);
  // U1 = X, S1 = Y, U2 = x Z^2, S2 = y Z^3, T = U1 + U2, M = S1 + S2, R = T^2 - U1 U2: the slope is R / (M Z).
  feSqr(ADD0, r + Z);
  feMul(ADD1, x, ADD0); // U2
  feMul(ADD0, ADD0, r + Z);
  feMul(ADD2, y, ADD0); // S2
  feAdd(ADD3, r, ADD1); // T
  feAdd(ADD2, r + Y, ADD2); // M
  feMul(ADD4, r, ADD1);
  feSqr(ADD5, ADD3);
  feSub(ADD4, ADD5, ADD4); // R
  // Where M = 0 the slope is (S1 - S2) / (U1 - U2) = 2 S1 / (U1 - U2).
  const opposite: u32 = -feIsZero(ADD2);
  feSub(ADD1, r, ADD1);
  feAdd(ADD5, r + Y, r + Y);
  select(ADD4, ADD5, opposite); // R'
  copy(ADD6, ADD2);
  select(ADD6, ADD1, opposite); // M'
  // N = M'^2, Q = T N: X' = R'^2 - Q, Y' = (R' (Q - 2 X') - M M'^3) / 2, Z' = Z M'.
  feSqr(ADD0, ADD6); // N
  feMul(ADD3, ADD3, ADD0); // Q
  feSqr(ADD0, ADD0); // M'^4, where M is M'
  select(ADD0, ADD2, opposite); // M M'^3 = 0 where M = 0
  feMul(r + Z, r + Z, ADD6);
  feSqr(r, ADD4);
  feSub(r, r, ADD3);
  feSubTwice(ADD3, ADD3, r);
  feMul(ADD3, ADD3, ADD4);
  feSub(ADD3, ADD3, ADD0);
  feHalf(r + Y, ADD3);
  setOne(ADD0);
  select(r, x, infinity);
  select(r + Y, y, infinity);
  select(r + Z, ADD0, infinity);
}

/** (X, Y) = (X / Z^2, Y / Z^3), below p, inverse being 1 / Z. Constant time. */
export function scaleAffine(r: usize, inverse: usize): void {
  feSqr(ADD1, inverse);
  feMul(r, r, ADD1);
  feMul(ADD1, ADD1, inverse);
  feMul(r + Y, r + Y, ADD1);
  feCanonical(r, r);
  feCanonical(r + Y, r + Y);
}

/** (X, Y) = the affine point, below p; r is not infinity. Constant time. */
export function pointAffine(r: usize): void {
  feInvert(ADD0, r + Z);
  scaleAffine(r, ADD0);
}

/** y of the point with this x and this parity, below p; 0 if there is none. y is not x. */
export function solveY(y: usize, x: usize, odd: u32): u32 {
  feSqr(ADD0, x);
  feMul(ADD0, ADD0, x);
  setOne(ADD1);
  store<u32>(ADD1, 7);
  feAdd(ADD0, ADD0, ADD1);
  if (feSqrt(y, ADD0) == 0) return 0;
  feCanonical(y, y);
  if ((load<u32>(y) & 1) != odd) {
    feNegate(y, y);
    feCanonical(y, y);
  }
  return 1;
}

/** From 33 octets (SEC 1, 2.3.4); 0 if they are no point. */
export function decompress(x: usize, y: usize, octets: usize): u32 {
  const prefix = load<u8>(octets);
  fromOctets(x, octets + 1);
  if ((prefix & 0xfe) != 2 || notBelow(x, P)) return 0;
  return solveY(y, x, prefix & 1);
}

/** Into 33 octets (SEC 1, 2.3.3), from coordinates below p. */
export function compress(octets: usize, x: usize, y: usize): void {
  store<u8>(octets, 2 | (load<u32>(y) & 1));
  toOctets(octets + 1, x);
}
