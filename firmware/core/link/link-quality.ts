/**
 * Link quality as pure functions: a history of 16 chances, newest in bit 0, of which a set bit arrived; and the cost of a link from the share that
 * arrives each way. ETX = 1 / (p q): De Couto et al., "A High-Throughput Path Metric for Multi-Hop Wireless Routing", 2003; RFC 8966 appendix A.2.2.
 */

export const HISTORY_BITS = 16;
/** Share 255/255: everything arrives. */
export const PERFECT = 255;
/** A link that needs more transmissions than this for one delivery is not used: two hops of ETX 2 are better than one of 8 on any path seen. */
const ETX_LIMIT = 8;
export const COST_INFINITE = 0xffff;

/** Shift `count` equal chances into a history. */
export function recordChances(history: number, arrived: boolean, count: number): number {
  for (let i = 0; i < count && i < HISTORY_BITS; i += 1) history = ((history << 1) | (arrived ? 1 : 0)) & 0xffff;
  return history;
}

/** Share of the newest `length` chances that arrived, 0..255; 0 without any chance. */
export function share(history: number, length: number): number {
  if (length === 0) return 0;
  const mask = length >= HISTORY_BITS ? 0xffff : (1 << length) - 1;
  return Math.floor((bitCount(history & mask) * PERFECT + (length >> 1)) / length);
}

/** Cost = lossless cost x ETX, rounded up; infinite beyond the ETX limit. Shares are 0..255. */
export function linkCost(lossless: number, inward: number, outward: number): number {
  const product = inward * outward;
  if (product * ETX_LIMIT < PERFECT * PERFECT) return COST_INFINITE;
  return Math.ceil((lossless * PERFECT * PERFECT) / product);
}

/** Whether a new cost is worth telling: usable or not, or a quarter apart. A share over 16 chances at 20 % loss has a deviation of an eighth. */
export function worthTelling(told: number, now: number): boolean {
  if (told === now) return false;
  if (told === COST_INFINITE || now === COST_INFINITE) return true;
  return Math.abs(now - told) * 4 > told;
}

function bitCount(bits: number): number {
  let count = 0;
  for (; bits !== 0; bits &= bits - 1) count += 1;
  return count;
}
