/**
 * The curve's part of linear memory, from CURVE_SCRATCH to ARENA (memory.ts). Field elements and scalars take 32 octets, points 96.
 * From CURVE_ZERO on it is scratch: nothing outlives a job, and jobs with a secret wipe it (secp256k1.ts).
 */
import { CURVE_SCRATCH } from './memory';

/** A batch of signatures: entries of 100, each a digest 32 and a signature 65, as DIGEST and SIGNATURE lie. */
export const BATCH: usize = CURVE_SCRATCH;
export const BATCH_MOST: u32 = 8;
/** An uncompressed point: x 32, y 32. */
export const AFFINE: usize = BATCH + 800;

/** Zero, and never written. */
export const CURVE_ZERO: usize = AFFINE + 64;

/** modular-inverse.ts: d, e, f, g of 36. */
export const INVERSE: usize = CURVE_ZERO + 32;
/** field.ts: the square root's five powers. It never runs inside an inversion. */
export const FE_CHAIN: usize = INVERSE;
/** scalar.ts: a product of 512 bits, and one with a constant, of 13 words and a zero. */
export const SCALAR_WIDE: usize = INVERSE + 160;
export const SCALAR_PRODUCT: usize = SCALAR_WIDE + 64;
/** point.ts: temporaries of an addition. */
export const ADD0: usize = SCALAR_PRODUCT + 56;
export const ADD1: usize = ADD0 + 32;
export const ADD2: usize = ADD0 + 64;
export const ADD3: usize = ADD0 + 96;
export const ADD4: usize = ADD0 + 128;
export const ADD5: usize = ADD0 + 160;
export const ADD6: usize = ADD0 + 192;

/** The point under way. */
export const SUM: usize = ADD0 + 224;
/** An affine point: a table entry picked, or a public key. */
export const PICK: usize = SUM + 96;
/** The scale of the table (multiples.ts), and the product of SUM's Z with it. */
export const TABLE_Z: usize = PICK + 64;
export const SCALED_Z: usize = TABLE_Z + 32;
/** multiples.ts: beta, a cube root of 1. */
export const BETA: usize = SCALED_Z + 32;
/** Scalars of a job: secp256k1.ts. */
export const SCALAR0: usize = BETA + 32;
export const SCALAR1: usize = SCALAR0 + 32;
export const SCALAR2: usize = SCALAR0 + 64;
export const SCALAR3: usize = SCALAR0 + 96;
export const SCALAR4: usize = SCALAR0 + 128;
/** The public key of a job. */
export const KEY_X: usize = SCALAR0 + 160;
export const KEY_Y: usize = KEY_X + 32;
/** Halves of a scalar, two times 20. */
export const HALVES: usize = KEY_Y + 32;
/** The odd multiples of a point: up to 16 entries x, y, beta x of 96; or a batch's work: 8 entries of 192. */
export const TABLE: usize = HALVES + 40;
/** Digits of the four halves of two scalars, 132 octets each. */
export const DIGITS: usize = TABLE + 1536;
/** rfc6979.ts: K 32; V 32, marker 1, secret 32, digest 32. They never run beside the digits. */
export const NONCE_KEY: usize = DIGITS;
export const NONCE_SEED: usize = DIGITS + 32;
export const CURVE_END: usize = DIGITS + 528;
