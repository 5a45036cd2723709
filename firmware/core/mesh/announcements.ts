/**
 * What to announce of the routes, and when: memory beside the route table, seven octets a destination.
 *
 *   urgent     found, lost, asked for, or much changed: goes with the next update as news
 *   refresh    what was not announced for a refresh interval; a frame that goes anyway takes along what is due soon
 *   untold     the selected route changed since the node was told
 */
import { CodedError } from '../base/index.js';
import { isNewer } from './sequence.js';

const URGENT = 1;
const UNTOLD = 2;
/** Its number is that of a real update. */
const SAID = 4;

const UNREACHABLE = 0xffff;
/** A number older than this is moved along at a refresh, or it would look newer than the latest some day. */
const NUMBER_OLDEST = 0x4000;

const WORDS = 3;
/** The metric last announced, when (second), and in which update with news (number). */
const METRIC = 0;
const AT = 1;
const NUMBER = 2;

export class Announcements {
  readonly #words: Uint16Array;
  readonly #flags: Uint8Array;
  readonly #capacity: number;
  /** Flags that some slot may have: no walk looks for the others. */
  #held = 0;
  /** Seconds; and the age from which a slot is taken along in a frame that goes anyway: a quarter of the interval early, so frames fill up. */
  readonly #refresh: number;
  readonly #takeAlong: number;

  /** refresh: seconds. */
  constructor(capacity: number, refresh: number) {
    if (capacity < 1) throw new CodedError('announcements-capacity', `${capacity} is less than 1`);
    this.#capacity = capacity;
    this.#refresh = refresh;
    this.#takeAlong = refresh - (refresh >> 2);
    this.#words = new Uint16Array(capacity * WORDS);
    this.#flags = new Uint8Array(capacity);
    for (let slot = 0; slot < capacity; slot += 1) this.#words[slot * WORDS + METRIC] = UNREACHABLE;
  }

  /** The slot's destination became reachable (or the slot holds another one now). */
  found(slot: number): void {
    this.#words[slot * WORDS + METRIC] = UNREACHABLE;
    this.#flags[slot] = URGENT | UNTOLD;
    this.#held |= URGENT | UNTOLD;
  }

  /** Unreachable: retract what was announced. */
  lost(slot: number): void {
    const retract = this.#words[slot * WORDS + METRIC] === UNREACHABLE ? 0 : URGENT;
    this.#flags[slot] = (this.#flags[slot]! & SAID) | retract | UNTOLD;
    this.#held |= retract | UNTOLD;
  }

  /** Another next hop, metric or sequence number. */
  changed(slot: number, metric: number): void {
    this.#set(slot, UNTOLD);
    if (isMuchChanged(this.#words[slot * WORDS + METRIC]!, metric)) this.#set(slot, URGENT);
  }

  /** It is asked for, or a packet came for it that we cannot carry: say at the next chance what we have. */
  urge(slot: number): void {
    this.#set(slot, URGENT);
  }

  isUrgent(slot: number): boolean {
    return this.#has(slot, URGENT);
  }

  hasUrgent(): boolean {
    return this.#first(URGENT) >= 0;
  }

  /** Whether anything is due for a refresh. `announces`: whether the slot has anything to say. */
  isRefreshDue(second: number, announces: (slot: number) => boolean): boolean {
    const words = this.#words;
    for (let slot = 0, at = 0; slot < this.#capacity; slot += 1, at += WORDS)
      if (words[at + METRIC] !== UNREACHABLE && this.#age(slot, second) >= this.#refresh && announces(slot)) return true;
    return false;
  }

  /** Slots for one frame into `slots`: the urgent ones, then what is due soon. How many. */
  collect(second: number, slots: Uint16Array, announces: (slot: number) => boolean): number {
    const { length: room } = slots;
    const words = this.#words;
    const flags = this.#flags;
    const urgent = (this.#held & URGENT) !== 0;
    let count = 0;
    if (urgent)
      for (let slot = 0; slot < this.#capacity && count < room; slot += 1) if ((flags[slot]! & URGENT) !== 0) slots[count++] = slot;
    // What was announced as reachable; a route found since then is urgent.
    for (let slot = 0, at = 0; slot < this.#capacity && count < room; slot += 1, at += WORDS) {
      if (words[at + METRIC] === UNREACHABLE || this.#age(slot, second) < this.#takeAlong) continue;
      if (!(urgent && (flags[slot]! & URGENT) !== 0) && announces(slot)) slots[count++] = slot;
    }
    return count;
  }

  /**
   * What was announced after update `since`, for one frame: as many whole updates as fit, the oldest first, their slots into `slots`. `upTo`: the
   * number of the last update covered; `number` (the latest) if nothing is left beyond.
   */
  repeat(since: number, number: number, slots: Uint16Array): { readonly count: number; readonly upTo: number } {
    const { length: room } = slots;
    const flags = this.#flags;
    const words = this.#words;
    // How far each slot's number is ahead of `since`, in order; and the nearest number of which not every slot has room.
    const aheads: number[] = [];
    const chosen: number[] = [];
    let count = 0;
    let cut = 0x8000;
    for (let slot = 0; slot < this.#capacity; slot += 1) {
      if ((flags[slot]! & SAID) === 0) continue;
      const ahead = (words[slot * WORDS + NUMBER]! - since) & 0xffff;
      if (ahead === 0 || ahead >= cut) continue;
      if (count < room) count += 1;
      else if (ahead >= aheads[room - 1]!) {
        cut = ahead;
        continue;
      } else cut = aheads[room - 1]!;
      let at = count - 1;
      for (; at > 0 && aheads[at - 1]! > ahead; at -= 1) {
        aheads[at] = aheads[at - 1]!;
        chosen[at] = chosen[at - 1]!;
      }
      aheads[at] = ahead;
      chosen[at] = slot;
    }
    slots.set(chosen);
    if (cut === 0x8000) return { count, upTo: number };
    let whole = count;
    while (whole > 0 && aheads[whole - 1]! >= cut) whole -= 1;
    return whole > 0 ? { count: whole, upTo: (since + aheads[whole - 1]!) & 0xffff } : { count, upTo: (since + cut) & 0xffff };
  }

  /** It was announced with this metric (UNREACHABLE is a retraction), in the update of this number. A refresh keeps the number of the news. */
  announced(slot: number, metric: number, second: number, number: number): void {
    const at = slot * WORDS;
    const words = this.#words;
    const flags = this.#flags[slot]!;
    if ((flags & URGENT) !== 0) words[at + NUMBER] = number;
    else if (isNewer(number - NUMBER_OLDEST, words[at + NUMBER]!)) words[at + NUMBER] = number - NUMBER_OLDEST;
    this.#flags[slot] = (flags & ~URGENT) | SAID;
    words[at + METRIC] = metric;
    words[at + AT] = second;
  }

  /** A slot whose change the node was not told yet, taken; -1 if there is none. */
  takeUntold(): number {
    const slot = this.#first(UNTOLD);
    if (slot >= 0) this.#clear(slot, UNTOLD);
    return slot;
  }

  #age(slot: number, second: number): number {
    return (second - this.#words[slot * WORDS + AT]!) & 0xffff;
  }

  #first(flag: number): number {
    if ((this.#held & flag) === 0) return -1;
    const flags = this.#flags;
    for (let slot = 0; slot < this.#capacity; slot += 1) if ((flags[slot]! & flag) !== 0) return slot;
    this.#held &= ~flag;
    return -1;
  }

  #has(slot: number, flag: number): boolean {
    return (this.#flags[slot]! & flag) !== 0;
  }

  #set(slot: number, flags: number): void {
    this.#flags[slot] = this.#flags[slot]! | flags;
    this.#held |= flags;
  }

  #clear(slot: number, flags: number): void {
    this.#flags[slot] = this.#flags[slot]! & ~flags;
  }
}

/** By half and more than one lossless hop apart: less is left to the next refresh (RFC 8966 section 3.7.2: no updates for small changes). */
function isMuchChanged(told: number, metric: number): boolean {
  const change = metric > told ? metric - told : told - metric;
  return change > 21 && change * 2 > told;
}
