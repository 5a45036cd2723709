/**
 * Duplicate filter: a fixed-size, time-windowed set of packet names (flow, counter). The oracle of the AssemblyScript kernel:
 * every step below is normative, all arithmetic is on unsigned integers.
 *
 * Memory: one table of `capacity` entries of 8 octets, in buckets of 4 neighbouring entries:
 *   flow u32 | counter u16 | stamp u16
 * A stamp is 0x8000 | (second mod 2^15); stamp 0 marks an entry never used. Age = (second - stamp) mod 2^15.
 *
 * seen(flow, counter, second):
 *   1. h = (flow xor (counter * 0x9e3779b1)) * 0x85ebca6b, both products mod 2^32 (murmur3's first finaliser constant and the golden ratio:
 *      flows are random already, counters are not); bucket = (h >>> 15) mod (capacity / 4).
 *   2. Entries 0 to 3 of the bucket in order: one that is used, has this flow and counter, and an age below `window` -> true. Nothing changes:
 *      the window counts from the first sighting.
 *   3. Otherwise write (flow, counter, stamp) into: the first entry that is unused or whose age is at least `window`; if there is none,
 *      the oldest entry (largest age; of equal ages the first). -> false.
 *
 * Limit: an entry left untouched for 2^15 s (9 h) looks fresh again for `window` seconds; a packet is wrongly dropped only if the same random
 * 32-bit flow and counter come back then.
 */
import { CodedError } from '../base/index.js';
import type { DuplicateFilter, DuplicateFilterOptions } from '../ports/index.js';

/** Entries of a bucket: with 4, a filter filled to half its capacity within one window loses under 2 % of its entries early (Poisson). */
const WAYS = 4;

export function createDuplicateFilter(options: DuplicateFilterOptions): DuplicateFilter {
  const { capacity, window } = options;
  if (capacity < WAYS || capacity > 0x8000 || (capacity & (capacity - 1)) !== 0)
    throw new CodedError('duplicate-filter-capacity', `${capacity} is not a power of two in ${WAYS}..32768`);
  if (window < 1 || window >= 0x8000) throw new CodedError('duplicate-filter-window', `${window} s is not in 1..32767`);
  return new ByteDuplicateFilter(capacity, window);
}

class ByteDuplicateFilter implements DuplicateFilter {
  readonly #flows: Uint32Array;
  /** Counter and stamp of each entry, interleaved. */
  readonly #halves: Uint16Array;
  readonly #bucketMask: number;
  readonly #window: number;

  constructor(capacity: number, window: number) {
    this.#flows = new Uint32Array(capacity);
    this.#halves = new Uint16Array(2 * capacity);
    this.#bucketMask = capacity / WAYS - 1;
    this.#window = window;
  }

  seen(flow: number, counter: number, second: number): boolean {
    const hash = Math.imul(flow ^ Math.imul(counter, 0x9e3779b1), 0x85ebca6b) >>> 15;
    const first = (hash & this.#bucketMask) * WAYS;
    const window = this.#window;
    let victim = first;
    let victimAge = -1;
    for (let entry = first; entry < first + WAYS; entry += 1) {
      const stamp = this.#halves[2 * entry + 1]!;
      const age = stamp === 0 ? 0x8000 : (second - stamp) & 0x7fff;
      if (age < window && this.#flows[entry] === flow && this.#halves[2 * entry] === counter) return true;
      // Every expired entry is as good as an unused one, so its age counts as `window`: the first of them wins.
      const rank = age < window ? age : window;
      if (rank > victimAge) {
        victim = entry;
        victimAge = rank;
      }
    }
    this.#flows[victim] = flow;
    this.#halves[2 * victim] = counter;
    this.#halves[2 * victim + 1] = 0x8000 | (second & 0x7fff);
    return false;
  }
}
