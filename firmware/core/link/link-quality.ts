/**
 * Link quality as pure functions: a history of 16 chances, newest in bit 0, of which a set bit arrived; and the cost of a link from the share that
 * arrives each way. ETX = 1 / (p q): De Couto et al., "A High-Throughput Path Metric for Multi-Hop Wireless Routing", 2003; RFC 8966 appendix A.2.2.
 */

export const HISTORY_BITS = 16;
/** Share 255/255: everything arrives. */
export const PERFECT = 255;
/**
 * Share of a neighbour that is heard at all. Sixteen chances cannot tell 3 % from 0, and a community's map has nodes whose only link carries a tenth:
 * such links are used at their price, when there is no other way.
 */
export const LEAST_SHARE = 8;
export const COST_INFINITE = 0xffff;
/** Four such hops still add up to a metric. */
export const COST_MOST = 0x3fff;

/** Shift `count` equal chances into a history. */
export function recordChances(history: number, arrived: boolean, count: number): number {
  for (let i = 0; i < count && i < HISTORY_BITS; i += 1) history = ((history << 1) | (arrived ? 1 : 0)) & 0xffff;
  return history;
}

/** Arrivals that a young history is credited with, so that the first loss does not halve a link. */
const CREDIT = 3;

/** Share of the newest `length` chances that arrived, 0..255; 0 without any chance. */
export function share(history: number, length: number): number {
  if (length === 0) return 0;
  const mask = length >= HISTORY_BITS ? 0xffff : (1 << length) - 1;
  const credit = Math.min(CREDIT, HISTORY_BITS - length);
  const chances = length + credit;
  return Math.floor(((bitCount(history & mask) + credit) * PERFECT + (chances >> 1)) / chances);
}

/** Cost = lossless cost x ETX, rounded up. Shares are 0..255; 0 either way is no link. */
export function linkCost(lossless: number, inward: number, outward: number): number {
  if (inward === 0 || outward === 0) return COST_INFINITE;
  const cost = Math.ceil((lossless * PERFECT * PERFECT) / (inward * outward));
  return cost < COST_MOST ? cost : COST_MOST;
}

/** A cost doubled so often, as far as costs go. */
export function dearer(cost: number, doublings: number): number {
  return cost === COST_INFINITE ? cost : Math.min(cost << doublings, COST_MOST);
}

/**
 * Whether a new cost is worth telling: usable or not, or a quarter apart; of a poor link (ETX above 4) twice or half. A share over 16 chances at 20 %
 * loss has a deviation of an eighth, at 80 % loss of a half.
 */
export function worthTelling(told: number, now: number, lossless: number): boolean {
  if (told === now) return false;
  if (told === COST_INFINITE || now === COST_INFINITE) return true;
  if (told > 4 * lossless && now > 4 * lossless) return now > 2 * told || told > 2 * now;
  return Math.abs(now - told) * 4 > told;
}

function bitCount(bits: number): number {
  let count = 0;
  for (; bits !== 0; bits &= bits - 1) count += 1;
  return count;
}
