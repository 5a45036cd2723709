/**
 * Requests for newer sequence numbers (RFC 8966 section 3.8.2.1), ours and those that we pass on: memory beside the route table, eleven octets a
 * destination.
 *
 *   idle   -> asking     starved: at once if a link failed or what is offered is unfeasible; later if our next hop retracted, for it asks itself
 *   asking -> idle       found, or asked four times in vain; asking again when a link comes up or somebody asks us
 *   wanted               somebody asks through us: the sequence number's arrival is urgent news, and a new next hop is asked too
 *   owed                 a request goes out: our own to everyone, somebody else's to the next hop
 */
import { isNewer } from './sequence.js';

const STARVED = 1;
const ASKING = 2;
const WANTED = 4;
const OWED = 8;
/** Owed to the next hop, for somebody else. */
const FORWARD = 16;

const NOBODY = 0xff;
/** In rounds of a second: ours wait 1, 2, 4 and 8 after each; a retraction is followed by the next hop's own question within less. */
const FIRST_INTERVAL = 1;
const LAST_INTERVAL = 8;
const PATIENCE = 3;
/** A request for the same sequence number is not passed on twice within so many seconds. */
const PASSED_LATELY = 2;
/** What is wanted is asked of a new next hop for so many seconds. */
const WANTED_FOR = 10;
/** A route that has only become dearer waits this many seconds for a newer sequence number before it is asked for again. */
const RENEWED_LATELY = 60;

export class Requests {
  readonly #capacity: number;
  /** Flags that some slot may have: no walk looks for the others. */
  #held = 0;
  readonly #flags: Uint8Array;
  /** Rounds until it is owed, and rounds after that. */
  readonly #waits: Uint8Array;
  readonly #intervals: Uint8Array;
  readonly #hops: Uint8Array;
  readonly #seqnos: Uint16Array;
  readonly #seconds: Uint16Array;
  readonly #renewed: Uint16Array;
  /** The next hop that was asked last. */
  readonly #vias: Uint8Array;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#flags = new Uint8Array(capacity);
    this.#waits = new Uint8Array(capacity);
    this.#intervals = new Uint8Array(capacity);
    this.#hops = new Uint8Array(capacity);
    this.#seqnos = new Uint16Array(capacity);
    this.#seconds = new Uint16Array(capacity);
    this.#renewed = new Uint16Array(capacity);
    this.#vias = new Uint8Array(capacity);
  }

  /** Reachable, or another destination: nothing of our own to ask. */
  found(slot: number): void {
    this.#flags[slot] = this.#flags[slot]! & WANTED;
  }

  /** asking. `retracted`: by its next hop, which asks itself. */
  lost(slot: number, retracted: boolean): void {
    this.#flags[slot] = (this.#flags[slot]! & WANTED) | STARVED;
    this.#start(slot, retracted ? PATIENCE : 0);
  }

  /** asking at once, unless it is asking already. */
  ask(slot: number): void {
    if (!this.#has(slot, ASKING)) this.#start(slot, 0);
  }

  /** A link came up: what was asked for in vain may be had now. */
  askAgain(): void {
    if ((this.#held & STARVED) === 0) return;
    for (let slot = 0; slot < this.#capacity; slot += 1) if (this.#has(slot, STARVED)) this.ask(slot);
  }

  /** Somebody wants this sequence number, and the question may take so many hops more. False if the same was wanted lately. */
  want(slot: number, seqno: number, hops: number, second: number): boolean {
    const lately = ((second - this.#seconds[slot]!) & 0xffff) < PASSED_LATELY;
    if (this.#has(slot, WANTED) && lately && !isNewer(seqno, this.#seqnos[slot]!)) return false;
    this.#set(slot, WANTED);
    this.#seqnos[slot] = seqno;
    this.#seconds[slot] = second;
    this.#hops[slot] = hops;
    this.#vias[slot] = NOBODY;
    return true;
  }

  /** Pass on to the next hop what is wanted. */
  forward(slot: number): void {
    this.#set(slot, FORWARD);
  }

  /** The next hop is this neighbour now: what is still wanted is asked of it, if another one was asked before. */
  moved(slot: number, neighbour: number, second: number): void {
    const lately = ((second - this.#seconds[slot]!) & 0xffff) < WANTED_FOR;
    if (this.#has(slot, WANTED) && lately && this.#vias[slot] !== neighbour) this.#set(slot, FORWARD);
  }

  /** Whether to ask the next hop for a newer sequence number although there is a route: not if that was done lately. */
  renew(slot: number, second: number): boolean {
    if (((second - this.#renewed[slot]!) & 0xffff) < RENEWED_LATELY) return false;
    this.#renewed[slot] = second;
    return true;
  }

  /** It is wanted and we have no route: ask everyone else now, even if we were patient. */
  askFor(slot: number): void {
    if (!this.#has(slot, ASKING) || this.#intervals[slot] === PATIENCE) this.#start(slot, 0);
  }

  /** Whether an arrived sequence number was wanted; it is no longer. */
  satisfies(slot: number, seqno: number): boolean {
    if (!this.#has(slot, WANTED) || isNewer(this.#seqnos[slot]!, seqno)) return false;
    this.#flags[slot] = this.#flags[slot]! & ~WANTED;
    return true;
  }

  /** A second passed. */
  round(): void {
    for (let slot = 0; slot < this.#capacity; slot += 1) {
      if (!this.#has(slot, ASKING)) continue;
      if (this.#waits[slot]! > 0) {
        this.#waits[slot] = this.#waits[slot]! - 1;
        continue;
      }
      const interval = this.#intervals[slot]!;
      if (interval > LAST_INTERVAL) this.#flags[slot] = this.#flags[slot]! & ~ASKING;
      else this.#set(slot, OWED);
      this.#waits[slot] = interval - 1;
      this.#intervals[slot] = interval * 2;
    }
  }

  isAsking(): boolean {
    return this.#first(ASKING, 0) >= 0;
  }

  isOwing(): boolean {
    return this.#first(OWED | FORWARD, 0) >= 0;
  }

  /** Slots of requests of our own that are owed, taken, as many as fit. */
  takeOwed(slots: Uint16Array): number {
    let count = 0;
    for (let slot = this.#first(OWED, 0); slot >= 0 && count < slots.length; slot = this.#first(OWED, slot + 1)) {
      this.#flags[slot] = this.#flags[slot]! & ~OWED;
      slots[count++] = slot;
    }
    return count;
  }

  /** Slots of requests to pass on to one next hop, taken, as many as fit; `hops`: the fewest that one of them has left. */
  takeForward(
    slots: Uint16Array,
    nextHop: (slot: number) => number,
  ): { readonly count: number; readonly neighbour: number; readonly hops: number } {
    const first = this.#first(FORWARD, 0);
    if (first < 0) return { count: 0, neighbour: -1, hops: 0 };
    const neighbour = nextHop(first);
    let hops = this.#hops[first]!;
    let count = 0;
    for (let slot = first; slot >= 0 && count < slots.length; slot = this.#first(FORWARD, slot + 1)) {
      if (nextHop(slot) !== neighbour) continue;
      this.#flags[slot] = this.#flags[slot]! & ~FORWARD;
      this.#vias[slot] = neighbour;
      if (this.#hops[slot]! < hops) hops = this.#hops[slot]!;
      slots[count++] = slot;
    }
    return { count, neighbour, hops };
  }

  /** The sequence number that is wanted of a slot passed on. */
  wantedSeqno(slot: number): number {
    return this.#seqnos[slot]!;
  }

  #start(slot: number, wait: number): void {
    this.#set(slot, STARVED | ASKING);
    this.#waits[slot] = wait;
    this.#intervals[slot] = wait === 0 ? FIRST_INTERVAL : wait;
  }

  #set(slot: number, flags: number): void {
    this.#flags[slot] = this.#flags[slot]! | flags;
    this.#held |= flags;
  }

  #has(slot: number, flag: number): boolean {
    return (this.#flags[slot]! & flag) !== 0;
  }

  #first(flags: number, from: number): number {
    if ((this.#held & flags) === 0) return -1;
    for (let slot = from; slot < this.#capacity; slot += 1) if ((this.#flags[slot]! & flags) !== 0) return slot;
    if (from === 0) this.#held &= ~flags;
    return -1;
  }
}
