/**
 * Poly1305 (RFC 8439, 2.5) for whole blocks of 16 octets, as its AEAD pads them.
 *
 * Limbs of 32 bits: r is clamped, so a sum of four products stays below 2^64, and r1 to r3 are multiples of 4, so that what passes 2^130
 * comes back as r + r/4 (the trick of OpenSSL's 32-bit code). 16 products a block instead of 25 with limbs of 26 bits, and no repacking.
 */
import { POLY, within } from './memory';

/** The accumulator (h4: what is above 2^128), the clamped key, and what is added at the end. */
@unmanaged
class Poly {
  h0: u32;
  h1: u32;
  h2: u32;
  h3: u32;
  h4: u32;
  r0: u32;
  r1: u32;
  r2: u32;
  r3: u32;
  pad0: u32;
  pad1: u32;
  pad2: u32;
  pad3: u32;
}

/** key: 32 octets, 4-octet aligned. */
export function polyStart(key: usize): void {
  const poly = changetype<Poly>(POLY);
  memory.fill(POLY, 0, 20);
  poly.r0 = load<u32>(key) & 0x0fffffff;
  poly.r1 = load<u32>(key, 4) & 0x0ffffffc;
  poly.r2 = load<u32>(key, 8) & 0x0ffffffc;
  poly.r3 = load<u32>(key, 12) & 0x0ffffffc;
  memory.copy(POLY + 36, key + 16, 16);
}

// @ts-ignore: decorator
@inline
function times(a: u32, b: u32): u64 {
  return (a as u64) * (b as u64);
}

/** length: a multiple of 16; `from` 4-octet aligned. */
export function polyBlocks(from: usize, length: u32): void {
  within(from, length);
  const poly = changetype<Poly>(POLY);
  const r0 = poly.r0;
  const r1 = poly.r1;
  const r2 = poly.r2;
  const r3 = poly.r3;
  const s1 = r1 + (r1 >>> 2);
  const s2 = r2 + (r2 >>> 2);
  const s3 = r3 + (r3 >>> 2);
  let h0 = poly.h0;
  let h1 = poly.h1;
  let h2 = poly.h2;
  let h3 = poly.h3;
  let h4 = poly.h4;
  for (const end = from + length; from < end; from += 16) {
    let d = (h0 as u64) + load<u32>(from);
    h0 = d as u32;
    d = (d >>> 32) + h1 + load<u32>(from, 4);
    h1 = d as u32;
    d = (d >>> 32) + h2 + load<u32>(from, 8);
    h2 = d as u32;
    d = (d >>> 32) + h3 + load<u32>(from, 12);
    h3 = d as u32;
    h4 += (d >>> 32) as u32 + 1;

    const d0 = times(h0, r0) + times(h1, s3) + times(h2, s2) + times(h3, s1);
    const d1 = times(h0, r1) + times(h1, r0) + times(h2, s3) + times(h3, s2) + h4 * s1;
    const d2 = times(h0, r2) + times(h1, r1) + times(h2, r0) + times(h3, s3) + h4 * s2;
    const d3 = times(h0, r3) + times(h1, r2) + times(h2, r1) + times(h3, r0) + h4 * s3;

    h0 = d0 as u32;
    d = d1 + (d0 >>> 32);
    h1 = d as u32;
    d = d2 + (d >>> 32);
    h2 = d as u32;
    d = d3 + (d >>> 32);
    h3 = d as u32;
    h4 = h4 * r0 + ((d >>> 32) as u32);

    // What is above 2^130, times 5, comes back at the bottom.
    d = (h0 as u64) + ((h4 >>> 2) + (h4 & ~3));
    h0 = d as u32;
    d = (d >>> 32) + h1;
    h1 = d as u32;
    d = (d >>> 32) + h2;
    h2 = d as u32;
    d = (d >>> 32) + h3;
    h3 = d as u32;
    h4 = (h4 & 3) + ((d >>> 32) as u32);
  }
  poly.h0 = h0;
  poly.h1 = h1;
  poly.h2 = h2;
  poly.h3 = h3;
  poly.h4 = h4;
}

/** The tag of 16 octets to `out`, 4-octet aligned. */
export function polyFinish(out: usize): void {
  const poly = changetype<Poly>(POLY);
  // g = h + 5 - 2^130: h is at least p exactly if that does not borrow.
  let d = (poly.h0 as u64) + 5;
  d = (d >>> 32) + poly.h1;
  d = (d >>> 32) + poly.h2;
  d = (d >>> 32) + poly.h3;
  const five: u64 = ((poly.h4 + ((d >>> 32) as u32)) >>> 2) * 5;
  d = five + poly.h0 + poly.pad0;
  store<u32>(out, d as u32);
  d = (d >>> 32) + poly.h1 + poly.pad1;
  store<u32>(out, d as u32, 4);
  d = (d >>> 32) + poly.h2 + poly.pad2;
  store<u32>(out, d as u32, 8);
  d = (d >>> 32) + poly.h3 + poly.pad3;
  store<u32>(out, d as u32, 12);
}
