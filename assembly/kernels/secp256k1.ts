/**
 * secp256k1 (SEC 2, 2.4.1): ECDSA with RFC 6979 nonces and low S, recovery, public keys, ECDH, and the two forms of a point. Parameters and
 * results lie at SECRET, DIGEST, SIGNATURE, POINT (memory.ts), BATCH and AFFINE (curve-memory.ts), in octets, most significant first.
 * A job answers SECP_OK or why not, and writes its result only if it is SECP_OK.
 *
 * Constant time in the secret are publicKey, sign and ecdh: their branches and addresses depend only on whether the secret is valid and
 * whether a nonce is (all but 2^-128 of them are). They wipe the secret and all scratch. The others handle nothing secret.
 */
// prettier-ignore
import {
  AFFINE, BATCH, BATCH_MOST, CURVE_END, CURVE_ZERO, KEY_X, KEY_Y, PICK, SCALAR0, SCALAR1, SCALAR2, SCALAR3, SCALAR4, SUM, TABLE,
} from './curve-memory';
import { feInvert, feIsZero, feMul, feSqr, feSub } from './field';
import { multiplyGenerator } from './generator';
import { DIGEST, HMAC_SIZE, NONCE_HMAC, POINT, SECRET, SIGNATURE } from './memory';
import { linearCombination, multiplySecret } from './multiples';
import { compress, decompress, pointAffine, scaleAffine, solveY, Y, Z } from './point';
import { nonceNext, nonceRefuse, nonceStart } from './rfc6979';
import { scAdd, scInvert, scIsHigh, scIsValid, scMultiply, scReduce } from './scalar';
import { copy, equals, fromOctets, isZeroWords, MODULI, N, negateIf, notBelow, P, toOctets } from './words';

export const SECP_OK: i32 = 0;
/** The secret is 0 or not below n. */
export const SECP_BAD_SECRET: i32 = -16;
/** No point on the curve. */
export const SECP_BAD_POINT: i32 = -17;
/** r or s is 0 or not below n, the recovery id is not 0 to 3, or no key belongs to them. */
export const SECP_BAD_SIGNATURE: i32 = -18;
/** s is in the upper, malleable half. */
export const SECP_HIGH_S: i32 = -19;
/** A well-formed signature by another key or of another digest. */
export const SECP_MISMATCH: i32 = -20;
/** A batch of none or of more than BATCH_MOST. */
export const SECP_BAD_COUNT: i32 = -21;

/** Leave nothing of a secret job behind. */
function wipe(code: i32): i32 {
  memory.fill(SECRET, 0, 32);
  memory.fill(NONCE_HMAC, 0, HMAC_SIZE);
  memory.fill(CURVE_ZERO, 0, CURVE_END - CURVE_ZERO);
  return code;
}

/** SCALAR0 = SECRET; 0 if it is none. */
function readSecret(): u32 {
  fromOctets(SCALAR0, SECRET);
  return scIsValid(SCALAR0);
}

/** POINT = the public key of SECRET. */
export function secpPublicKey(): i32 {
  if (readSecret() == 0) return wipe(SECP_BAD_SECRET);
  multiplyGenerator(SCALAR0);
  pointAffine(SUM);
  compress(POINT, SUM, SUM + Y);
  return wipe(SECP_OK);
}

/** A batch's entry: digest 32, signature r, s, recovery id 65, and 3 unused: as DIGEST and SIGNATURE lie. */
const ENTRY: usize = 100;
/** Its scratch in TABLE: the nonce's point X, Y, Z; the nonce; the products of all Z and of all nonces up to it. */
const WORK: usize = 192;
const NONCE: usize = 96;
const Z_PRODUCT: usize = 128;
const NONCE_PRODUCT: usize = 160;

/** Sign `count` digests (SEC 1, 4.1.3), with one inversion of each kind for all of them (Montgomery's trick). */
function sign(entries: usize, count: usize): i32 {
  const d = SCALAR0;
  const z = SCALAR1;
  const r = SCALAR2;
  const s = SCALAR3;
  const inverse = SCALAR4;
  if (readSecret() == 0) return wipe(SECP_BAD_SECRET);
  for (let i: usize = 0; i < count; i += 1) {
    const work = TABLE + i * WORK;
    fromOctets(z, entries + i * ENTRY);
    scReduce(z, z);
    nonceStart(d, z);
    for (nonceNext(work + NONCE); scIsValid(work + NONCE) == 0; nonceNext(work + NONCE)) nonceRefuse();
    multiplyGenerator(work + NONCE);
    copy(work, SUM);
    copy(work + Y, SUM + Y);
    copy(work + Z, SUM + Z);
    copy(work + Z_PRODUCT, SUM + Z);
    copy(work + NONCE_PRODUCT, work + NONCE);
    if (i > 0) {
      feMul(work + Z_PRODUCT, work + Z_PRODUCT, work - WORK + Z_PRODUCT);
      scMultiply(work + NONCE_PRODUCT, work + NONCE_PRODUCT, work - WORK + NONCE_PRODUCT);
    }
  }
  const last = TABLE + (count - 1) * WORK;
  feInvert(PICK, last + Z_PRODUCT);
  scInvert(inverse, last + NONCE_PRODUCT);
  for (let i = count; i > 0;) {
    i -= 1;
    const work = TABLE + i * WORK;
    const entry = entries + i * ENTRY;
    copy(SUM, PICK); // 1 / Z
    copy(s, inverse); // 1 / nonce
    if (i > 0) {
      feMul(SUM, PICK, work - WORK + Z_PRODUCT);
      feMul(PICK, PICK, work + Z);
      scMultiply(s, inverse, work - WORK + NONCE_PRODUCT);
      scMultiply(inverse, inverse, work + NONCE);
    }
    scaleAffine(work, SUM);
    const overflow = notBelow(work, N);
    scReduce(r, work);
    fromOctets(z, entry);
    scReduce(z, z);
    scMultiply(SUM, r, d);
    scAdd(z, z, SUM);
    scMultiply(s, s, z);
    const high = scIsHigh(s);
    negateIf(s, s, N, -high);
    toOctets(entry + 32, r);
    toOctets(entry + 64, s);
    store<u8>(entry, (overflow << 1) | ((load<u32>(work, Y) & 1) ^ high), 96);
  }
  return wipe(SECP_OK);
}

/** SIGNATURE = that of DIGEST by SECRET. (That r or s is 0 has a chance of 2^-256, and no digest is known to bring it about.) */
export function secpSign(): i32 {
  return sign(DIGEST, 1);
}

/** The signatures of the first `count` digests in BATCH by SECRET. */
export function secpSignBatch(count: u32): i32 {
  if (count == 0 || count > BATCH_MOST) return wipe(SECP_BAD_COUNT);
  return sign(BATCH, count);
}

/** SCALAR0 and SCALAR1 = r and s of SIGNATURE; 0 if they are none. */
function readSignature(): u32 {
  fromOctets(SCALAR0, SIGNATURE);
  fromOctets(SCALAR1, SIGNATURE + 32);
  return scIsValid(SCALAR0) & scIsValid(SCALAR1);
}

/** r = r + n; 0 if that is not below p. */
function addOrder(r: usize): u32 {
  let s: u64 = 0;
  for (let i: usize = 0; i < 32; i += 4) {
    s += (load<u32>(r + i) as u64) + load<u32>(N + i, MODULI);
    store<u32>(r + i, s as u32);
    s >>= 32;
  }
  return ((s as u32) | notBelow(r, P)) ^ 1;
}

/** 1 if SUM's affine x is r. */
function hasX(r: usize): u32 {
  feSqr(PICK, SUM + Z);
  feMul(PICK, PICK, r);
  feSub(PICK, PICK, SUM);
  return feIsZero(PICK);
}

/** Is SIGNATURE (r and s) one of DIGEST by the key at POINT (SEC 1, 4.1.4)? lowS: refuse the upper half of s. */
export function secpVerify(lowS: bool): i32 {
  const r = SCALAR0;
  const s = SCALAR1;
  const z = SCALAR2;
  if (readSignature() == 0) return SECP_BAD_SIGNATURE;
  if (lowS && scIsHigh(s)) return SECP_HIGH_S;
  if (decompress(KEY_X, KEY_Y, POINT) == 0) return SECP_BAD_POINT;
  fromOctets(z, DIGEST);
  scReduce(z, z);
  scInvert(s, s);
  scMultiply(z, z, s);
  scMultiply(s, r, s);
  if (linearCombination(z, s, KEY_X, KEY_Y) == 0) return SECP_MISMATCH;
  // x modulo n is r: x is r, or r + n if that is a field element.
  return hasX(r) || (addOrder(r) && hasX(r)) ? SECP_OK : SECP_MISMATCH;
}

/** POINT = the key of which SIGNATURE, with its recovery id, is one of DIGEST (SEC 1, 4.1.6). */
export function secpRecover(): i32 {
  const r = SCALAR0;
  const s = SCALAR1;
  const z = SCALAR2;
  const id = load<u8>(SIGNATURE, 64);
  if (readSignature() == 0 || id > 3) return SECP_BAD_SIGNATURE;
  copy(KEY_X, r);
  if (id & 2 && addOrder(KEY_X) == 0) return SECP_BAD_SIGNATURE;
  if (solveY(KEY_Y, KEY_X, id & 1) == 0) return SECP_BAD_SIGNATURE;
  fromOctets(z, DIGEST);
  scReduce(z, z);
  // The key is s/r R - z/r G.
  scInvert(r, r);
  scMultiply(s, s, r);
  scMultiply(z, z, r);
  if (isZeroWords(z) == 0) negateIf(z, z, N, -1);
  if (linearCombination(z, s, KEY_X, KEY_Y) == 0) return SECP_BAD_SIGNATURE;
  pointAffine(SUM);
  compress(POINT, SUM, SUM + Y);
  return SECP_OK;
}

/** POINT = SECRET times the key at POINT. */
export function secpEcdh(): i32 {
  if (readSecret() == 0) return wipe(SECP_BAD_SECRET);
  if (decompress(KEY_X, KEY_Y, POINT) == 0) return wipe(SECP_BAD_POINT);
  multiplySecret(SCALAR0, KEY_X, KEY_Y);
  pointAffine(SUM);
  compress(POINT, SUM, SUM + Y);
  return wipe(SECP_OK);
}

/** AFFINE = x and y of POINT: what an Ethereum address is hashed from. */
export function secpDecompress(): i32 {
  if (decompress(KEY_X, KEY_Y, POINT) == 0) return SECP_BAD_POINT;
  toOctets(AFFINE, KEY_X);
  toOctets(AFFINE + 32, KEY_Y);
  return SECP_OK;
}

/** POINT = the compressed form of AFFINE. */
export function secpCompress(): i32 {
  fromOctets(KEY_X, AFFINE);
  fromOctets(PICK, AFFINE + 32);
  if (notBelow(KEY_X, P) || notBelow(PICK, P) || solveY(KEY_Y, KEY_X, load<u32>(PICK) & 1) == 0) return SECP_BAD_POINT;
  if (equals(KEY_Y, PICK) == 0) return SECP_BAD_POINT;
  compress(POINT, KEY_X, KEY_Y);
  return SECP_OK;
}
