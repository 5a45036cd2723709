/**
 * Segments that arrive: joined, handed over once, acknowledged by receipts. A receipt goes when the message is whole, when a segment asks for one, when
 * one comes again, and when there is no room.
 */
import type { Millis } from '../base/index.js';
import { Drop, type Counters } from '../link/index.js';
import type { Receipt, Segment } from '../wire/index.js';
import type { Address } from './address.js';
import { Delivered } from './delivered.js';
import { Reassembly, type ReassemblyCaps } from './reassembly.js';

export interface Arrival {
  /** The whole message, in memory of its own; absent if this segment did not complete one. */
  readonly payload?: Uint8Array;
  /** What to answer, but for who answers; absent: nothing. */
  readonly receipt?: Omit<Receipt, 'node'>;
}

const NOTHING: Arrival = {};

export class Arrivals {
  readonly #counters: Counters;
  readonly #reassembly: Reassembly;
  readonly #delivered: Delivered;

  constructor(caps: ReassemblyCaps & { readonly delivered: number }, counters: Counters) {
    this.#counters = counters;
    this.#reassembly = new Reassembly(caps);
    this.#delivered = new Delivered(caps.delivered);
  }

  /** `last`: the segment asks for a receipt. */
  take(now: Millis, from: Address, segment: Segment, last: boolean): Arrival {
    const { number, count, index, payload } = segment;
    const sender = from.leaf ?? from.node;
    const whole = { kind: 'receipt', number, next: count } as const;
    if (index >= count) return this.#drop(Drop.Malformed);
    if (this.#delivered.has(sender, number)) {
      this.#counters.duplicates += 1;
      return { receipt: whole };
    }
    if (count === 1) return this.#complete(sender, payload.slice(), whole);
    const placed = this.#reassembly.place(now, sender, segment);
    if (placed === 'malformed') return this.#drop(Drop.Malformed);
    if (placed === 'no-room' || placed === 'too-long') {
      this.#counters.drop(Drop.NoRoom);
      return { receipt: { ...whole, next: 0, refusal: placed } };
    }
    if (!placed.isWhole) return last ? { receipt: { ...whole, ...placed.missing() } } : NOTHING;
    this.#reassembly.remove(placed);
    return this.#complete(sender, placed.join(), whole);
  }

  #complete(sender: Uint8Array, payload: Uint8Array, receipt: Omit<Receipt, 'node'>): Arrival {
    this.#delivered.add(sender, receipt.number);
    this.#counters.delivered += 1;
    return { payload, receipt };
  }

  #drop(why: Drop): Arrival {
    this.#counters.drop(why);
    return NOTHING;
  }
}
