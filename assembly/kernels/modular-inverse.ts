/**
 * Inverses modulo p and n by safegcd: Bernstein and Yang, "Fast constant-time gcd computation and modular inversion" (2019), in the variant
 * that starts at delta = 1/2, for which 590 division steps suffice for 256 bits (bitcoin-core/secp256k1, doc/safegcd_implementation.md).
 * Twenty times: 30 division steps on the lowest words of f and g give a 2x2 matrix, which is then applied to (f, g) and, modulo the
 * modulus, to (d, e). Constant time: the loops have fixed counts and the steps are masks.
 *
 * Numbers are nine signed limbs of 30 bits; all but the highest lie in [0, 2^30).
 */
import { INVERSE } from './curve-memory';

const BITS: i64 = 30;
const LOW: i32 = 0x3fffffff;
const STEPS: i32 = 30;
const ROUNDS: i32 = 20;

const D: usize = INVERSE;
const E: usize = INVERSE + 36;
const F: usize = INVERSE + 72;
const G: usize = INVERSE + 108;

/** Moduli by their offset in LIMBS: nine limbs, then the inverse modulo 2^30. */
export const INVERT_P: usize = 0;
export const INVERT_N: usize = 40;
// prettier-ignore
const LIMBS: usize = memory.data<i32>([
  -977, -4, 0, 0, 0, 0, 0, 0, 65536, 0x2ddacacf,
  0x10364141, 0x3f497a33, 0x348a03bb, 0x2bb739ab, -0x146, 0, 0, 0, 65536, 0x2a774ec1,
]);

/** x = (u x + v y + mx modulus) / 2^30, y = (q x + r y + my modulus) / 2^30; both divisions are exact. */
function apply(x: usize, y: usize, u: i32, v: i32, q: i32, r: i32, mx: i32, my: i32, modulus: usize): void {
  let xi = load<i32>(x) as i64;
  let yi = load<i32>(y) as i64;
  let m = load<i32>(modulus, LIMBS) as i64;
  let cx = (xi * (u as i64) + yi * (v as i64) + m * (mx as i64)) >> BITS;
  let cy = (xi * (q as i64) + yi * (r as i64) + m * (my as i64)) >> BITS;
  for (let i: usize = 4; i < 36; i += 4) {
    xi = load<i32>(x + i) as i64;
    yi = load<i32>(y + i) as i64;
    m = load<i32>(modulus + i, LIMBS) as i64;
    cx += xi * (u as i64) + yi * (v as i64) + m * (mx as i64);
    cy += xi * (q as i64) + yi * (r as i64) + m * (my as i64);
    store<i32>(x + i - 4, (cx as i32) & LOW);
    store<i32>(y + i - 4, (cy as i32) & LOW);
    cx >>= BITS;
    cy >>= BITS;
  }
  store<i32>(x, cx as i32, 32);
  store<i32>(y, cy as i32, 32);
}

/** d = (d ^ flip) - flip + (modulus & mask), that is plus or minus d plus the modulus or nothing, limbs carried. */
function settle(flip: i32, mask: i32, modulus: usize): void {
  let c: i32 = 0;
  for (let i: usize = 0; i < 36; i += 4) {
    c += (load<i32>(D + i) ^ flip) - flip + (load<i32>(modulus + i, LIMBS) & mask);
    store<i32>(D + i, i == 32 ? c : c & LOW);
    c >>= BITS as i32;
  }
}

/** r = 1 / a modulo the modulus, 0 for 0. a: eight words, below the modulus. r may be a. */
export function invert(r: usize, a: usize, modulus: usize): void {
  let below: u32 = 0;
  for (let i: u32 = 0; i < 9; i += 1) {
    const at = i << 2;
    const word = i < 8 ? load<u32>(a + at) : 0;
    // Limb i is bits 30 i .. 30 i + 29: the lowest 30 - 2 i of word i over the highest 2 i of word i - 1.
    store<u32>(G + at, (((word as u64) << (2 * i)) | ((below as u64) >> (32 - 2 * i))) as u32 & LOW);
    below = word;
    store<i32>(F + at, load<i32>(modulus + at, LIMBS));
    store<i32>(D + at, 0);
    store<i32>(E + at, 0);
  }
  store<i32>(E, 1);
  const inverse = load<i32>(modulus, LIMBS + 36);

  let zeta: i32 = -1; // -(delta + 1/2)
  for (let round = 0; round < ROUNDS; round += 1) {
    let f = load<i32>(F); // 30 steps look at 30 bits
    let g = load<i32>(G);
    let u: i32 = 1;
    let v: i32 = 0;
    let q: i32 = 0;
    let s: i32 = 1;
    for (let step = 0; step < STEPS; step += 1) {
      const odd = -(g & 1);
      let swap = zeta >> 31;
      g += ((f ^ swap) - swap) & odd;
      q += ((u ^ swap) - swap) & odd;
      s += ((v ^ swap) - swap) & odd;
      swap &= odd;
      zeta = (zeta ^ swap) - 1;
      f += g & swap;
      u = (u + (q & swap)) << 1;
      v = (v + (s & swap)) << 1;
      g >>= 1;
    }
    // Multiples of the modulus that keep d and e in (-2 M, M) and clear their lowest 30 bits.
    const ds = load<i32>(D, 32) >> 31;
    const es = load<i32>(E, 32) >> 31;
    const d0 = load<i32>(D);
    const e0 = load<i32>(E);
    let md = (u & ds) + (v & es);
    let me = (q & ds) + (s & es);
    md -= (inverse * (u * d0 + v * e0) + md) & LOW;
    me -= (inverse * (q * d0 + s * e0) + me) & LOW;
    apply(D, E, u, v, q, s, md, me, modulus);
    apply(F, G, u, v, q, s, 0, 0, modulus);
  }
  // f is now 1 or -1, and the inverse is f d.
  settle(0, load<i32>(D, 32) >> 31, modulus);
  settle(load<i32>(F, 32) >> 31, 0, modulus);
  settle(0, load<i32>(D, 32) >> 31, modulus);
  for (let i: u32 = 0; i < 8; i += 1) {
    const at = i << 2;
    store<u32>(r + at, (load<u32>(D + at) >>> (2 * i)) | (load<u32>(D + at, 4) << (30 - 2 * i)));
  }
}
