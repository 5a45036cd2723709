/**
 * What is known of the way to each correspondent: round trip, how many segments may be under way, how many are. A preallocated byte table;
 * when it is full the path unused longest gives way.
 *
 * Round trip and timeout after RFC 6298 in integers; the window grows by one for each segment acknowledged below the threshold and by one for each
 * window above it (RFC 5681), halves on a timeout and shrinks by a quarter on a loss seen earlier: on a half-duplex channel of several hops a burst
 * meets its own forwarding, so the window is small and its losses mild.
 */
import { CodedError, sameOctets } from '../base/index.js';
import type { Address } from './address.js';

/** Before any sample: 12 hops of 20 ms each way and a busy queue. */
const FIRST_TIMEOUT = 1500;
const LEAST_TIMEOUT = 250;
const MOST_TIMEOUT = 6000;
/** In sixteenths of a segment. */
const FIRST_WINDOW = 2 * 16;
const LEAST_WINDOW = 16;
/** A receipt names 128 segments behind a gap; more than 12 under way only fill relays' queues (a board's holds 24 frames of all flows). */
const MOST_WINDOW = 12 * 16;

const OCTETS = 16;
const WORDS = 7;
const SMOOTHED = 0;
const DEVIATION = 1;
const TIMEOUT = 2;
const WINDOW = 3;
const THRESHOLD = 4;
const FLYING = 5;
const USED = 6;

export class Paths {
  readonly #ids: Uint8Array;
  readonly #words: Int32Array;
  readonly #capacity: number;
  #uses = 0;

  constructor(capacity: number) {
    if (capacity < 1) throw new CodedError('paths-capacity', `${capacity} is less than 1`);
    this.#capacity = capacity;
    this.#ids = new Uint8Array(capacity * OCTETS);
    this.#words = new Int32Array(capacity * WORDS);
  }

  /** Slot of the path to a correspondent, made if need be; -1 if every path has segments under way. */
  open(to: Address): number {
    let slot = this.#find(to);
    if (slot < 0) {
      slot = this.#oldestIdle();
      if (slot < 0) return -1;
      this.#ids.fill(0, slot * OCTETS, (slot + 1) * OCTETS);
      this.#ids.set(to.node, slot * OCTETS);
      if (to.leaf !== undefined) this.#ids.set(to.leaf, slot * OCTETS + 8);
      this.#words.fill(0, slot * WORDS, (slot + 1) * WORDS);
      this.#words[slot * WORDS + TIMEOUT] = FIRST_TIMEOUT;
      this.#words[slot * WORDS + WINDOW] = FIRST_WINDOW;
      this.#words[slot * WORDS + THRESHOLD] = MOST_WINDOW;
    }
    this.#uses += 1;
    this.#words[slot * WORDS + USED] = this.#uses;
    return slot;
  }

  timeout(slot: number): number {
    return this.#words[slot * WORDS + TIMEOUT]!;
  }

  /** Segments that may be under way together. */
  window(slot: number): number {
    return this.#words[slot * WORDS + WINDOW]! >> 4;
  }

  hasRoom(slot: number): boolean {
    return this.#words[slot * WORDS + FLYING]! < this.window(slot);
  }

  left(slot: number): void {
    this.#add(slot, FLYING, 1);
  }

  /** So many segments are no longer under way: acknowledged or given up for lost. */
  landed(slot: number, count: number): void {
    this.#add(slot, FLYING, -count);
  }

  /** A segment sent once was acknowledged after so many milliseconds. */
  sample(slot: number, elapsed: number): void {
    const at = slot * WORDS;
    const smoothed = this.#words[at + SMOOTHED]!;
    if (smoothed === 0) {
      this.#words[at + SMOOTHED] = elapsed << 3;
      this.#words[at + DEVIATION] = elapsed << 1;
    } else {
      const error = elapsed - (smoothed >> 3);
      this.#words[at + SMOOTHED] = smoothed + error;
      const deviation = this.#words[at + DEVIATION]!;
      this.#words[at + DEVIATION] = deviation + (error < 0 ? -error : error) - (deviation >> 2);
    }
    this.#setTimeout(slot, (this.#words[at + SMOOTHED]! >> 3) + this.#words[at + DEVIATION]!);
  }

  acknowledged(slot: number, count: number): void {
    const at = slot * WORDS;
    const window = this.#words[at + WINDOW]!;
    const growth = window < this.#words[at + THRESHOLD]! ? count << 4 : Math.floor((count << 8) / window);
    this.#words[at + WINDOW] = Math.min(window + growth, MOST_WINDOW);
  }

  /** Segments are missing behind ones that arrived. */
  lost(slot: number): void {
    const window = this.#words[slot * WORDS + WINDOW]!;
    this.#shrink(slot, window - (window >> 2));
  }

  timedOut(slot: number): void {
    this.#shrink(slot, this.#words[slot * WORDS + WINDOW]! >> 1);
    this.#setTimeout(slot, this.timeout(slot) * 2);
  }

  #shrink(slot: number, window: number): void {
    const at = slot * WORDS;
    this.#words[at + WINDOW] = window < LEAST_WINDOW ? LEAST_WINDOW : window;
    this.#words[at + THRESHOLD] = this.#words[at + WINDOW]!;
  }

  #setTimeout(slot: number, wait: number): void {
    this.#words[slot * WORDS + TIMEOUT] = wait < LEAST_TIMEOUT ? LEAST_TIMEOUT : wait > MOST_TIMEOUT ? MOST_TIMEOUT : wait;
  }

  #add(slot: number, field: number, count: number): void {
    this.#words[slot * WORDS + field] = this.#words[slot * WORDS + field]! + count;
  }

  #find({ node, leaf }: Address): number {
    for (let slot = 0; slot < this.#capacity; slot += 1) {
      if (this.#words[slot * WORDS + USED] === 0 || !sameOctets(this.#ids, slot * OCTETS, node, 0, 8)) continue;
      const at = slot * OCTETS + 8;
      if (leaf === undefined ? sameOctets(this.#ids, at, NO_LEAF, 0, 8) : sameOctets(this.#ids, at, leaf, 0, 8)) return slot;
    }
    return -1;
  }

  #oldestIdle(): number {
    let oldest = -1;
    for (let slot = 0; slot < this.#capacity; slot += 1) {
      const at = slot * WORDS;
      if (this.#words[at + FLYING] !== 0) continue;
      if (oldest < 0 || this.#words[at + USED]! < this.#words[oldest * WORDS + USED]!) oldest = slot;
    }
    return oldest;
  }
}

const NO_LEAF = new Uint8Array(8);
