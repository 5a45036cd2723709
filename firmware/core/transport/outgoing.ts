/**
 * One message on its way: which segments are unsent, under way or acknowledged.
 *
 *   unsent -> flying         it leaves
 *   flying -> acknowledged   a receipt names it
 *   flying -> unsent         segments sent later arrived without it, or the timeout passed
 */
import type { Millis } from '../base/index.js';
import type { Receipt } from '../wire/index.js';
import type { Address } from './address.js';

export type TrafficClass = 'sos' | 'control' | 'paid' | 'free';

const State = { Unsent: 0, Flying: 1, Acknowledged: 2 } as const;
/** A segment counts as lost when this many that left after it have arrived: retries of single hops reorder by less. */
const REORDER = 3;

export interface OutgoingOptions {
  readonly token: number;
  readonly to: Address;
  readonly class: TrafficClass;
  readonly payload: Uint8Array;
  readonly number: number;
  /** Octets of every segment but the last. */
  readonly segment: number;
  /** Slot of its path. */
  readonly path: number;
  readonly now: Millis;
}

/** What a receipt told. */
export interface Acknowledged {
  /** Segments acknowledged for the first time. */
  readonly acknowledged: number;
  /** Segments no longer under way. */
  readonly landed: number;
  /** Of those, the ones that it proves lost. */
  readonly lost: number;
  /** A round trip in milliseconds if it measured one, else -1. */
  readonly elapsed: number;
}

export class Outgoing {
  readonly options: OutgoingOptions;
  readonly count: number;
  done = 0;
  /** When a receipt last brought something new, or the message began. */
  progressAt: Millis;
  /** When the segments under way count as lost; 0: none is. */
  timeoutAt = 0;
  /** Nothing is sent before this: the other end had no room. */
  pausedUntil = 0;
  refusals = 0;
  readonly #states: Uint8Array;
  /** In which order each segment last left. */
  readonly #departures: Uint16Array;
  #departed = 0;
  #flying = 0;
  #sinceAsked = 0;
  #timed = -1;
  #timedDeparture = 0;
  #timedAt = 0;

  constructor(options: OutgoingOptions) {
    this.options = options;
    this.count = Math.max(1, Math.ceil(options.payload.length / options.segment));
    this.#states = new Uint8Array(this.count);
    this.#departures = new Uint16Array(this.count);
    this.progressAt = options.now;
  }

  get flying(): number {
    return this.#flying;
  }

  /** The first segment that has to leave, or -1. */
  nextUnsent(): number {
    for (let index = 0; index < this.count; index += 1) if (this.#states[index] === State.Unsent) return index;
    return -1;
  }

  payloadOf(index: number): Uint8Array {
    const { payload, segment } = this.options;
    return payload.subarray(index * segment, Math.min((index + 1) * segment, payload.length));
  }

  /**
   * unsent -> flying. Answers whether it asks for a receipt: the last that can leave now does, and one in every half window, so that receipts come
   * while segments are under way. `full`: the window is, after this one.
   */
  leave(index: number, now: Millis, window: number, full: boolean): boolean {
    this.#states[index] = State.Flying;
    this.#departures[index] = this.#departed;
    this.#departed = (this.#departed + 1) & 0xffff;
    this.#flying += 1;
    this.#sinceAsked += 1;
    const asks = full || this.nextUnsent() < 0 || this.#sinceAsked * 2 >= window;
    if (asks) this.#sinceAsked = 0;
    if (asks && this.#timed < 0) {
      this.#timed = index;
      this.#timedDeparture = this.#departures[index]!;
      this.#timedAt = now;
    }
    return asks;
  }

  /** Takes a receipt. */
  acknowledge(receipt: Receipt, now: Millis): Acknowledged {
    let acknowledged = 0;
    let landed = 0;
    let newest = -1;
    let elapsed = -1;
    for (let index = 0; index < this.count; index += 1) {
      if (!arrived(receipt, index) || this.#states[index] === State.Acknowledged) continue;
      if (this.#states[index] === State.Flying) {
        landed += 1;
        const age = this.#age(index);
        if (newest < 0 || age < newest) newest = age;
        if (index === this.#timed) {
          if (this.#departures[index] === this.#timedDeparture) elapsed = now - this.#timedAt;
          this.#timed = -1;
        }
      }
      this.#states[index] = State.Acknowledged;
      acknowledged += 1;
    }
    this.done += acknowledged;
    this.#flying -= landed;
    const lost = newest < 0 ? 0 : this.#loseBefore(newest);
    return { acknowledged, landed: landed + lost, lost, elapsed };
  }

  /** Everything under way counts as lost. How many. */
  loseAll(): number {
    let lost = 0;
    for (let index = 0; index < this.count; index += 1) {
      if (this.#states[index] !== State.Flying) continue;
      this.#states[index] = State.Unsent;
      lost += 1;
    }
    this.#flying = 0;
    this.#timed = -1;
    this.#sinceAsked = 0;
    return lost;
  }

  #loseBefore(newest: number): number {
    let lost = 0;
    for (let index = 0; index < this.count; index += 1) {
      if (this.#states[index] !== State.Flying || this.#age(index) < newest + REORDER) continue;
      this.#states[index] = State.Unsent;
      if (index === this.#timed) this.#timed = -1;
      lost += 1;
    }
    this.#flying -= lost;
    return lost;
  }

  /** Departures since this segment's. */
  #age(index: number): number {
    return (this.#departed - this.#departures[index]!) & 0xffff;
  }
}

function arrived(receipt: Receipt, index: number): boolean {
  if (index < receipt.next) return true;
  const bit = index - receipt.next;
  return receipt.arrived !== undefined && bit >> 3 < receipt.arrived.length && (receipt.arrived[bit >> 3]! & (0x80 >> (bit & 7))) !== 0;
}
