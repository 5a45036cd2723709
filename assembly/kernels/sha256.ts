/**
 * SHA-256 (FIPS 180-4) over a context in linear memory (memory.ts). start -> update* -> finish.
 * 32 bits of length: at most 4 GiB - 1. The message schedule stays in locals, so that no two contexts share memory.
 */

export const SHA256_BLOCK: usize = 32;
const LENGTH: usize = 96;

/** FIPS 180-4, 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
  0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
  0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

// @ts-ignore: decorator
@inline
function big(p: usize, offset: usize): u32 {
  return bswap<u32>(load<u32>(p + offset));
}

/** W[t] of 6.2.2 step 1 from W[t-16], W[t-15], W[t-7], W[t-2]. */
// @ts-ignore: decorator
@inline
function expand(w16: u32, w15: u32, w7: u32, w2: u32): u32 {
  return w16 + (rotr(w15, 7) ^ rotr(w15, 18) ^ (w15 >>> 3)) + w7 + (rotr(w2, 17) ^ rotr(w2, 19) ^ (w2 >>> 10));
}

/** T1 of step 3 without its W[t]. */
// @ts-ignore: decorator
@inline
function t1(e: u32, f: u32, g: u32, h: u32, k: u32): u32 {
  return h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + (g ^ (e & (f ^ g))) + k;
}

// @ts-ignore: decorator
@inline
function t2(a: u32, b: u32, c: u32): u32 {
  return (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) | (c & (a | b)));
}

/** One block at p (4-octet aligned). Rounds rename the registers instead of moving them. */
function compress(context: usize, p: usize): void {
  let a = load<u32>(context, 0);
  let b = load<u32>(context, 4);
  let c = load<u32>(context, 8);
  let d = load<u32>(context, 12);
  let e = load<u32>(context, 16);
  let f = load<u32>(context, 20);
  let g = load<u32>(context, 24);
  let h = load<u32>(context, 28);
  let w0 = big(p, 0);
  let w1 = big(p, 4);
  let w2 = big(p, 8);
  let w3 = big(p, 12);
  let w4 = big(p, 16);
  let w5 = big(p, 20);
  let w6 = big(p, 24);
  let w7 = big(p, 28);
  let w8 = big(p, 32);
  let w9 = big(p, 36);
  let w10 = big(p, 40);
  let w11 = big(p, 44);
  let w12 = big(p, 48);
  let w13 = big(p, 52);
  let w14 = big(p, 56);
  let w15 = big(p, 60);
  for (let t: usize = 0; ; t += 64) {
    h = t1(e, f, g, h, load<u32>(t, K)) + w0; d += h; h += t2(a, b, c);
    g = t1(d, e, f, g, load<u32>(t, K + 4)) + w1; c += g; g += t2(h, a, b);
    f = t1(c, d, e, f, load<u32>(t, K + 8)) + w2; b += f; f += t2(g, h, a);
    e = t1(b, c, d, e, load<u32>(t, K + 12)) + w3; a += e; e += t2(f, g, h);
    d = t1(a, b, c, d, load<u32>(t, K + 16)) + w4; h += d; d += t2(e, f, g);
    c = t1(h, a, b, c, load<u32>(t, K + 20)) + w5; g += c; c += t2(d, e, f);
    b = t1(g, h, a, b, load<u32>(t, K + 24)) + w6; f += b; b += t2(c, d, e);
    a = t1(f, g, h, a, load<u32>(t, K + 28)) + w7; e += a; a += t2(b, c, d);
    h = t1(e, f, g, h, load<u32>(t, K + 32)) + w8; d += h; h += t2(a, b, c);
    g = t1(d, e, f, g, load<u32>(t, K + 36)) + w9; c += g; g += t2(h, a, b);
    f = t1(c, d, e, f, load<u32>(t, K + 40)) + w10; b += f; f += t2(g, h, a);
    e = t1(b, c, d, e, load<u32>(t, K + 44)) + w11; a += e; e += t2(f, g, h);
    d = t1(a, b, c, d, load<u32>(t, K + 48)) + w12; h += d; d += t2(e, f, g);
    c = t1(h, a, b, c, load<u32>(t, K + 52)) + w13; g += c; c += t2(d, e, f);
    b = t1(g, h, a, b, load<u32>(t, K + 56)) + w14; f += b; b += t2(c, d, e);
    a = t1(f, g, h, a, load<u32>(t, K + 60)) + w15; e += a; a += t2(b, c, d);
    if (t == 192) break;
    w0 = expand(w0, w1, w9, w14);
    w1 = expand(w1, w2, w10, w15);
    w2 = expand(w2, w3, w11, w0);
    w3 = expand(w3, w4, w12, w1);
    w4 = expand(w4, w5, w13, w2);
    w5 = expand(w5, w6, w14, w3);
    w6 = expand(w6, w7, w15, w4);
    w7 = expand(w7, w8, w0, w5);
    w8 = expand(w8, w9, w1, w6);
    w9 = expand(w9, w10, w2, w7);
    w10 = expand(w10, w11, w3, w8);
    w11 = expand(w11, w12, w4, w9);
    w12 = expand(w12, w13, w5, w10);
    w13 = expand(w13, w14, w6, w11);
    w14 = expand(w14, w15, w7, w12);
    w15 = expand(w15, w0, w8, w13);
  }
  store<u32>(context, load<u32>(context, 0) + a, 0);
  store<u32>(context, load<u32>(context, 4) + b, 4);
  store<u32>(context, load<u32>(context, 8) + c, 8);
  store<u32>(context, load<u32>(context, 12) + d, 12);
  store<u32>(context, load<u32>(context, 16) + e, 16);
  store<u32>(context, load<u32>(context, 20) + f, 20);
  store<u32>(context, load<u32>(context, 24) + g, 24);
  store<u32>(context, load<u32>(context, 28) + h, 28);
}

/** FIPS 180-4, 5.3.3. */
export function sha256Start(context: usize): void {
  store<u32>(context, 0x6a09e667, 0);
  store<u32>(context, 0xbb67ae85, 4);
  store<u32>(context, 0x3c6ef372, 8);
  store<u32>(context, 0xa54ff53a, 12);
  store<u32>(context, 0x510e527f, 16);
  store<u32>(context, 0x9b05688c, 20);
  store<u32>(context, 0x1f83d9ab, 24);
  store<u32>(context, 0x5be0cd19, 28);
  store<u32>(context, 0, LENGTH);
}

export function sha256Update(context: usize, from: usize, length: u32): void {
  const hashed = load<u32>(context, LENGTH);
  store<u32>(context, hashed + length, LENGTH);
  let fill = hashed & 63;
  while (fill + length >= 64) {
    const piece = 64 - fill;
    if (piece == 64 && (from & 3) == 0) compress(context, from);
    else {
      memory.copy(context + SHA256_BLOCK + fill, from, piece);
      compress(context, context + SHA256_BLOCK);
    }
    from += piece;
    length -= piece;
    fill = 0;
  }
  memory.copy(context + SHA256_BLOCK + fill, from, length);
}

/** out: 32 octets, 4-octet aligned. */
export function sha256Finish(context: usize, out: usize): void {
  const hashed = load<u32>(context, LENGTH);
  let fill = hashed & 63;
  store<u8>(context + fill, 0x80, SHA256_BLOCK);
  fill += 1;
  if (fill > 56) {
    memory.fill(context + SHA256_BLOCK + fill, 0, 64 - fill);
    compress(context, context + SHA256_BLOCK);
    fill = 0;
  }
  memory.fill(context + SHA256_BLOCK + fill, 0, 60 - fill);
  store<u32>(context, bswap<u32>(hashed >>> 29), SHA256_BLOCK + 56);
  store<u32>(context, bswap<u32>(hashed << 3), SHA256_BLOCK + 60);
  compress(context, context + SHA256_BLOCK);
  for (let i: usize = 0; i < 32; i += 4) store<u32>(out + i, bswap<u32>(load<u32>(context + i)));
}

/** Keep the state after one whole block. */
export function sha256Save(context: usize, state: usize): void {
  memory.copy(state, context, 32);
}

/** Go on from such a state. */
export function sha256Resume(context: usize, state: usize): void {
  memory.copy(context, state, 32);
  store<u32>(context, 64, LENGTH);
}
