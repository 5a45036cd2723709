/**
 * keccak256: Keccak-f[1600] at rate 1,088 with the submission's padding, as Ethereum uses it (FIPS 202's SHA3-256 pads differently).
 * start -> update* -> finish, over a context in linear memory (memory.ts).
 *
 * RV32IMAC has neither 64-bit registers nor a rotate instruction nor and-not, so: lanes are bit-interleaved (half 0 the even bits, half 1 the
 * odd ones: a rotation of a lane is two of words); six lanes are stored complemented, which leaves one NOT to a plane (the Keccak team's
 * "lane complementing"); a round reads one set of lanes and writes the other, half 0 of every plane before half 1, so that at most 26
 * words are alive at a time: 490 instructions a round, of which 2 are spills.
 * Source: https://keccak.team/files/Keccak-implementation-3.2.pdf, 2.1 and 2.2.
 */
import { KECCAK_SCRATCH, KECCAK_SIZE, within } from './memory';

/** In a context, after its Lanes: the block in filling, and how full it is. */
const BLOCK: usize = 224;
const FILL: usize = 360;
const RATE: u32 = 136;
const ROUNDS: usize = 24;

/** Round constants (FIPS 202, 3.2.5), interleaved. */
const IOTA: usize = memory.data<u32>([
  0x00000001, 0x00000000, 0x00000000, 0x00000089, 0x00000000, 0x8000008b, 0x00000000, 0x80008080, 0x00000001, 0x0000008b,
  0x00000001, 0x00008000, 0x00000001, 0x80008088, 0x00000001, 0x80000082, 0x00000000, 0x0000000b, 0x00000000, 0x0000000a,
  0x00000001, 0x00008082, 0x00000000, 0x00008003, 0x00000001, 0x0000808b, 0x00000001, 0x8000000b, 0x00000001, 0x8000008a,
  0x00000001, 0x80000081, 0x00000000, 0x80000081, 0x00000000, 0x80000008, 0x00000000, 0x00000083, 0x00000000, 0x80008003,
  0x00000001, 0x80008088, 0x00000000, 0x80000088, 0x00000001, 0x00008000, 0x00000000, 0x80008082,
]);

/**
 * A set of lanes under the Keccak team's names: plane b, g, k, m, s, then column a, e, i, o, u, then half. Complemented are be, bi, go, ki,
 * mi and sa. Then the column parities of the half 0.
 */
@unmanaged
class Lanes {
  ba0: u32; ba1: u32; be0: u32; be1: u32; bi0: u32; bi1: u32; bo0: u32; bo1: u32; bu0: u32; bu1: u32;
  ga0: u32; ga1: u32; ge0: u32; ge1: u32; gi0: u32; gi1: u32; go0: u32; go1: u32; gu0: u32; gu1: u32;
  ka0: u32; ka1: u32; ke0: u32; ke1: u32; ki0: u32; ki1: u32; ko0: u32; ko1: u32; ku0: u32; ku1: u32;
  ma0: u32; ma1: u32; me0: u32; me1: u32; mi0: u32; mi1: u32; mo0: u32; mo1: u32; mu0: u32; mu1: u32;
  sa0: u32; sa1: u32; se0: u32; se1: u32; si0: u32; si1: u32; so0: u32; so1: u32; su0: u32; su1: u32;
  ca: u32; ce: u32; ci: u32; co: u32; cu: u32;
}

/** Keccak-f[1600] in place: an even number of rounds, so the lanes end where they were. */
function permute(state: usize): void {
  let from = changetype<Lanes>(state);
  let to = changetype<Lanes>(KECCAK_SCRATCH);
  let ca1 = from.sa1 ^ from.ma1 ^ from.ka1 ^ from.ga1 ^ from.ba1;
  let ce1 = from.se1 ^ from.me1 ^ from.ke1 ^ from.ge1 ^ from.be1;
  let ci1 = from.si1 ^ from.mi1 ^ from.ki1 ^ from.gi1 ^ from.bi1;
  let co1 = from.so1 ^ from.mo1 ^ from.ko1 ^ from.go1 ^ from.bo1;
  let cu1 = from.su1 ^ from.mu1 ^ from.ku1 ^ from.gu1 ^ from.bu1;
  from.ca = from.sa0 ^ from.ma0 ^ from.ka0 ^ from.ga0 ^ from.ba0;
  from.ce = from.se0 ^ from.me0 ^ from.ke0 ^ from.ge0 ^ from.be0;
  from.ci = from.si0 ^ from.mi0 ^ from.ki0 ^ from.gi0 ^ from.bi0;
  from.co = from.so0 ^ from.mo0 ^ from.ko0 ^ from.go0 ^ from.bo0;
  from.cu = from.su0 ^ from.mu0 ^ from.ku0 ^ from.gu0 ^ from.bu0;
  let b0: u32;
  let b1: u32;
  let b2: u32;
  let b3: u32;
  let b4: u32;
  for (let round: usize = 0; round < 8 * ROUNDS; round += 8) {
    let ca0 = from.ca;
    let ce0 = from.ce;
    let ci0 = from.ci;
    let co0 = from.co;
    let cu0 = from.cu;
    const da0 = cu0 ^ rotl(ce1, 1);
    const da1 = cu1 ^ ce0;
    const de0 = ca0 ^ rotl(ci1, 1);
    const de1 = ca1 ^ ci0;
    const di0 = ce0 ^ rotl(co1, 1);
    const di1 = ce1 ^ co0;
    const do0 = ci0 ^ rotl(cu1, 1);
    const do1 = ci1 ^ cu0;
    const du0 = co0 ^ rotl(ca1, 1);
    const du1 = co1 ^ ca0;
    b0 = from.ba0 ^ da0;
    b1 = rotl(from.ge0 ^ de0, 22);
    b2 = rotl(from.ki1 ^ di1, 22);
    b3 = rotl(from.mo1 ^ do1, 11);
    b4 = rotl(from.su0 ^ du0, 7);
    ca0 = to.ba0 = b0 ^ (b1 | b2) ^ load<u32>(round, IOTA);
    ce0 = to.be0 = b1 ^ (~b2 | b3);
    ci0 = to.bi0 = b2 ^ (b3 & b4);
    co0 = to.bo0 = b3 ^ (b4 | b0);
    cu0 = to.bu0 = b4 ^ (b0 & b1);
    b0 = rotl(from.bo0 ^ do0, 14);
    b1 = rotl(from.gu0 ^ du0, 10);
    b2 = rotl(from.ka1 ^ da1, 2);
    b3 = rotl(from.me1 ^ de1, 23);
    b4 = rotl(from.si1 ^ di1, 31);
    ca0 ^= to.ga0 = b0 ^ (b1 | b2);
    ce0 ^= to.ge0 = b1 ^ (b2 & b3);
    ci0 ^= to.gi0 = b2 ^ (b3 | ~b4);
    co0 ^= to.go0 = b3 ^ (b4 | b0);
    cu0 ^= to.gu0 = b4 ^ (b0 & b1);
    b0 = rotl(from.be1 ^ de1, 1);
    b1 = rotl(from.gi0 ^ di0, 3);
    b2 = rotl(from.ko1 ^ do1, 13);
    b3 = rotl(from.mu0 ^ du0, 4);
    b4 = rotl(from.sa0 ^ da0, 9);
    ca0 ^= to.ka0 = b0 ^ (b1 | b2);
    ce0 ^= to.ke0 = b1 ^ (b2 & b3);
    ci0 ^= to.ki0 = b2 ^ (~b3 & b4);
    co0 ^= to.ko0 = ~b3 ^ (b4 | b0);
    cu0 ^= to.ku0 = b4 ^ (b0 & b1);
    b0 = rotl(from.bu1 ^ du1, 14);
    b1 = rotl(from.ga0 ^ da0, 18);
    b2 = rotl(from.ke0 ^ de0, 5);
    b3 = rotl(from.mi1 ^ di1, 8);
    b4 = rotl(from.so0 ^ do0, 28);
    ca0 ^= to.ma0 = b0 ^ (b1 & b2);
    ce0 ^= to.me0 = b1 ^ (b2 | b3);
    ci0 ^= to.mi0 = b2 ^ (~b3 | b4);
    co0 ^= to.mo0 = ~b3 ^ (b4 & b0);
    cu0 ^= to.mu0 = b4 ^ (b0 | b1);
    b0 = rotl(from.bi0 ^ di0, 31);
    b1 = rotl(from.go1 ^ do1, 28);
    b2 = rotl(from.ku1 ^ du1, 20);
    b3 = rotl(from.ma1 ^ da1, 21);
    b4 = rotl(from.se0 ^ de0, 1);
    ca0 ^= to.sa0 = b0 ^ (~b1 & b2);
    ce0 ^= to.se0 = ~b1 ^ (b2 | b3);
    ci0 ^= to.si0 = b2 ^ (b3 & b4);
    co0 ^= to.so0 = b3 ^ (b4 | b0);
    cu0 ^= to.su0 = b4 ^ (b0 & b1);
    to.ca = ca0;
    to.ce = ce0;
    to.ci = ci0;
    to.co = co0;
    to.cu = cu0;
    b0 = from.ba1 ^ da1;
    b1 = rotl(from.ge1 ^ de1, 22);
    b2 = rotl(from.ki0 ^ di0, 21);
    b3 = rotl(from.mo0 ^ do0, 10);
    b4 = rotl(from.su1 ^ du1, 7);
    ca1 = to.ba1 = b0 ^ (b1 | b2) ^ load<u32>(round, IOTA + 4);
    ce1 = to.be1 = b1 ^ (~b2 | b3);
    ci1 = to.bi1 = b2 ^ (b3 & b4);
    co1 = to.bo1 = b3 ^ (b4 | b0);
    cu1 = to.bu1 = b4 ^ (b0 & b1);
    b0 = rotl(from.bo1 ^ do1, 14);
    b1 = rotl(from.gu1 ^ du1, 10);
    b2 = rotl(from.ka0 ^ da0, 1);
    b3 = rotl(from.me0 ^ de0, 22);
    b4 = rotl(from.si0 ^ di0, 30);
    ca1 ^= to.ga1 = b0 ^ (b1 | b2);
    ce1 ^= to.ge1 = b1 ^ (b2 & b3);
    ci1 ^= to.gi1 = b2 ^ (b3 | ~b4);
    co1 ^= to.go1 = b3 ^ (b4 | b0);
    cu1 ^= to.gu1 = b4 ^ (b0 & b1);
    b0 = from.be0 ^ de0;
    b1 = rotl(from.gi1 ^ di1, 3);
    b2 = rotl(from.ko0 ^ do0, 12);
    b3 = rotl(from.mu1 ^ du1, 4);
    b4 = rotl(from.sa1 ^ da1, 9);
    ca1 ^= to.ka1 = b0 ^ (b1 | b2);
    ce1 ^= to.ke1 = b1 ^ (b2 & b3);
    ci1 ^= to.ki1 = b2 ^ (~b3 & b4);
    co1 ^= to.ko1 = ~b3 ^ (b4 | b0);
    cu1 ^= to.ku1 = b4 ^ (b0 & b1);
    b0 = rotl(from.bu0 ^ du0, 13);
    b1 = rotl(from.ga1 ^ da1, 18);
    b2 = rotl(from.ke1 ^ de1, 5);
    b3 = rotl(from.mi0 ^ di0, 7);
    b4 = rotl(from.so1 ^ do1, 28);
    ca1 ^= to.ma1 = b0 ^ (b1 & b2);
    ce1 ^= to.me1 = b1 ^ (b2 | b3);
    ci1 ^= to.mi1 = b2 ^ (~b3 | b4);
    co1 ^= to.mo1 = ~b3 ^ (b4 & b0);
    cu1 ^= to.mu1 = b4 ^ (b0 | b1);
    b0 = rotl(from.bi1 ^ di1, 31);
    b1 = rotl(from.go0 ^ do0, 27);
    b2 = rotl(from.ku0 ^ du0, 19);
    b3 = rotl(from.ma0 ^ da0, 20);
    b4 = rotl(from.se1 ^ de1, 1);
    ca1 ^= to.sa1 = b0 ^ (~b1 & b2);
    ce1 ^= to.se1 = ~b1 ^ (b2 | b3);
    ci1 ^= to.si1 = b2 ^ (b3 & b4);
    co1 ^= to.so1 = b3 ^ (b4 | b0);
    cu1 ^= to.su1 = b4 ^ (b0 & b1);
    const next = from;
    from = to;
    to = next;
  }
  }


/** Even bits to the low half, odd bits to the high half. */
// @ts-ignore: decorator
@inline
function unshuffle(word: u32): u32 {
  let t = (word ^ (word >>> 1)) & 0x22222222;
  word ^= t ^ (t << 1);
  t = (word ^ (word >>> 2)) & 0x0c0c0c0c;
  word ^= t ^ (t << 2);
  t = (word ^ (word >>> 4)) & 0x00f000f0;
  word ^= t ^ (t << 4);
  t = (word ^ (word >>> 8)) & 0x0000ff00;
  return word ^ t ^ (t << 8);
}

function shuffle(word: u32): u32 {
  let t = (word ^ (word >>> 8)) & 0x0000ff00;
  word ^= t ^ (t << 8);
  t = (word ^ (word >>> 4)) & 0x00f000f0;
  word ^= t ^ (t << 4);
  t = (word ^ (word >>> 2)) & 0x0c0c0c0c;
  word ^= t ^ (t << 2);
  t = (word ^ (word >>> 1)) & 0x22222222;
  return word ^ t ^ (t << 1);
}

/** One block of 136 octets at `block` (4-octet aligned). */
function absorb(context: usize, block: usize): void {
  within(context, KECCAK_SIZE);
  within(block, RATE);
  for (let i: usize = 0; i < RATE; i += 8) {
    const high = unshuffle(load<u32>(block + i, 4));
    const low = unshuffle(load<u32>(block + i));
    const lane = context + i;
    store<u32>(lane, load<u32>(lane, 4) ^ ((high & 0xffff0000) | (low >>> 16)), 4);
    store<u32>(lane, load<u32>(lane) ^ ((high << 16) | (low & 0xffff)));
  }
  permute(context);
}

export function keccakStart(context: usize): void {
  memory.fill(context, 0, KECCAK_SIZE);
  const lanes = changetype<Lanes>(context);
  lanes.be0 = lanes.be1 = lanes.bi0 = lanes.bi1 = lanes.go0 = lanes.go1 = -1;
  lanes.ki0 = lanes.ki1 = lanes.mi0 = lanes.mi1 = lanes.sa0 = lanes.sa1 = -1;
}

export function keccakUpdate(context: usize, from: usize, length: u32): void {
  let fill = load<u32>(context, FILL);
  while (fill + length >= RATE) {
    const piece = RATE - fill;
    if (piece == RATE && (from & 3) == 0) absorb(context, from);
    else {
      memory.copy(context + BLOCK + fill, from, piece);
      absorb(context, context + BLOCK);
    }
    from += piece;
    length -= piece;
    fill = 0;
  }
  memory.copy(context + BLOCK + fill, from, length);
  store<u32>(context, fill + length, FILL);
}

/** out: 32 octets, 4-octet aligned. */
export function keccakFinish(context: usize, out: usize): void {
  const fill = load<u32>(context, FILL);
  memory.fill(context + BLOCK + fill, 0, RATE - fill);
  store<u8>(context + fill, 0x01, BLOCK);
  store<u8>(context, load<u8>(context, BLOCK + RATE - 1) | 0x80, BLOCK + RATE - 1);
  absorb(context, context + BLOCK);
  const lanes = changetype<Lanes>(context);
  squeeze(out, lanes.ba0, lanes.ba1);
  squeeze(out + 8, ~lanes.be0, ~lanes.be1);
  squeeze(out + 16, ~lanes.bi0, ~lanes.bi1);
  squeeze(out + 24, lanes.bo0, lanes.bo1);
}

function squeeze(out: usize, even: u32, odd: u32): void {
  store<u32>(out, shuffle((even >>> 16) | (odd & 0xffff0000)), 4);
  store<u32>(out, shuffle((even & 0xffff) | (odd << 16)));
}
