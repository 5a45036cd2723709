/**
 * Airtime by traffic class: a bucket of microseconds each, refilled at a share of the time that passes. Order between classes is the outbox's;
 * this keeps the urgent from taking everything.
 */
import { TokenBucket, type Millis } from '../base/index.js';

/** Classes by urgency: the smaller goes first. Link control (routing) travels as control. */
export const Rank = { Sos: 0, Control: 1, Paid: 2, Free: 3 } as const;
export type Rank = (typeof Rank)[keyof typeof Rank];

/** Share of time in thousandths: SOS at most a fifth (decided for the whole island); control as much; paid and free leave room for the others to speak. */
const SHARES = [200, 200, 800, 600];
/** A bucket holds what this many milliseconds refill: a burst, not a night's savings. */
const WINDOW = 2000;

export class AirtimeBudget {
  readonly #buckets = SHARES.map((share) => new TokenBucket(share * WINDOW, share));

  /** Milliseconds until the rank may use the air again; 0: now. A frame may overdraw: its bucket is then below zero for a while. */
  wait(rank: Rank, now: Millis): number {
    return this.#buckets[rank]!.wait(now, 0);
  }

  spend(rank: Rank, micros: number): void {
    this.#buckets[rank]!.spend(micros);
  }
}
