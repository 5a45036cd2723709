/**
 * Duplicate filter: port of firmware/core/crypto/duplicate-filter.ts, whose rules are the norm. A table of 8-octet entries in buckets of 4,
 *   flow u32 | counter u16 | stamp u16        stamp: 0x8000 | (second mod 2^15); 0 never used
 * in memory that the caller gives: `table` is its address, 4-octet aligned.
 */

const ENTRY: u32 = 8;
const BUCKET: u32 = 4 * ENTRY;
const NEVER: u32 = 0x8000;

/** Record a packet; 1 if it was there within the window. buckets: capacity / 4, a power of two. */
export function filterSeen(table: usize, buckets: u32, window: u32, flow: u32, counter: u32, second: u32): u32 {
  const hash = ((flow ^ (counter * 0x9e3779b1)) * 0x85ebca6b) >>> 15;
  let entry = table + (hash & (buckets - 1)) * BUCKET;
  const end = entry + BUCKET;
  let victim = entry;
  let victimAge: i32 = -1;
  for (; entry < end; entry += ENTRY) {
    const packet = load<u32>(entry, 4);
    const stamp = packet >>> 16;
    const age = stamp == 0 ? NEVER : (second - stamp) & 0x7fff;
    if (age < window && load<u32>(entry) == flow && (packet & 0xffff) == counter) return 1;
    const rank = min(age, window) as i32;
    if (rank > victimAge) {
      victim = entry;
      victimAge = rank;
    }
  }
  store<u32>(victim, flow);
  store<u32>(victim, counter | (((second & 0x7fff) | 0x8000) << 16), 4);
  return 0;
}
