/**
 * Frames on their way to a neighbour, in one preallocated pool with a share for each class: what a link still has to send, and what it has sent and
 * not yet seen acknowledged.
 *
 *   free      -> waiting     added
 *   waiting   -> flying      handed to the driver
 *   flying    -> listening   it left the antenna; the acknowledgement is awaited
 *   listening -> kept        acknowledged by name by a neighbour that has still to send it on: nothing else goes to that one until it does
 *   flying, listening -> waiting    not acknowledged in time, tries are left: after a jittered back-off
 *   flying, listening, waiting -> returned    tries used up, or the neighbour went: the layer above chooses another next hop
 *   any       -> free        acknowledged, broadcast sent, or returned and taken
 *
 * One frame at a time to a neighbour (stop and wait): on a shared medium the next frame would meet the neighbour's own forwarding of the last.
 */
import { CodedError } from '../base/index.js';
import { envelopeClass, EnvelopeClass, envelopeCounter, ENVELOPE_DESTINATION_AT, envelopeFlow } from '../wire/index.js';
import { LINK_KINDS, type LinkKind } from './link-kind.js';
import type { Rank } from './airtime-budget.js';
import type { NeighbourTable } from './neighbour-table.js';

export const EVERYONE = 255;
const State = { Free: 0, Waiting: 1, Flying: 2, Listening: 3, Kept: 4, Returned: 5 } as const;

const OCTETS = 8;
const STATE = 0;
const KIND = 1;
const NEIGHBOUR = 2;
const RANK = 3;
const TRIES = 4;
const REROUTES = 5;
/** Length in octets as the last 16-bit word. */
const LENGTH_WORD = 3;
const TIMES = 2;
const DUE = 0;
const SINCE = 1;

/** Eighths of the pool that frames of a rank may fill: the urgent always find room that the patient may not take. */
const SHARE = [8, 7, 6, 4];

export class Outbox {
  readonly capacity: number;
  readonly #frameOctets: number;
  readonly #pool: Uint8Array;
  readonly #octets: Uint8Array;
  readonly #words: Uint16Array;
  readonly #times: Float64Array;
  readonly #order: Uint32Array;
  /** Frames flying, listening or kept, by neighbour. */
  readonly #busy = new Uint8Array(256);
  #added = 0;
  #size = 0;
  /** Entries from here on were never used. */
  #end = 0;
  #returned = 0;
  // Plain fields, not getters: a getter costs a call, 400 instructions on RV32, and these are read at every poll.
  /** Frames waiting, and frames whose acknowledgement, or being sent on, is awaited. */
  waiting = 0;
  awaited = 0;

  constructor(capacity: number, frameOctets: number) {
    if (capacity < 2 || capacity > 1024) throw new CodedError('outbox-capacity', `${capacity} is not in 2..1024`);
    this.capacity = capacity;
    this.#frameOctets = frameOctets;
    this.#pool = new Uint8Array(capacity * frameOctets);
    this.#octets = new Uint8Array(capacity * OCTETS);
    this.#words = new Uint16Array(this.#octets.buffer);
    this.#times = new Float64Array(capacity * TIMES);
    this.#order = new Uint32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  hasRoom(rank: Rank): boolean {
    return this.#size * 8 < this.capacity * SHARE[rank]!;
  }

  /** free -> waiting. False if the rank's share is full. */
  add(now: number, kind: LinkKind, neighbour: number, rank: Rank, frame: Uint8Array, reroutes: number): boolean {
    if (frame.length > this.#frameOctets) throw new CodedError('frame-length', `${frame.length} octets do not fit ${this.#frameOctets}`);
    if (!this.hasRoom(rank)) return false;
    let entry = 0;
    while (this.#octets[entry * OCTETS + STATE] !== State.Free) entry += 1;
    const base = entry * OCTETS;
    this.#pool.set(frame, entry * this.#frameOctets);
    this.#octets[base + STATE] = State.Waiting;
    this.waiting += 1;
    if (entry >= this.#end) this.#end = entry + 1;
    this.#octets[base + KIND] = LINK_KINDS.indexOf(kind);
    this.#octets[base + NEIGHBOUR] = neighbour;
    this.#octets[base + RANK] = rank;
    this.#octets[base + TRIES] = 0;
    this.#octets[base + REROUTES] = reroutes;
    this.#words[entry * (OCTETS / 2) + LENGTH_WORD] = frame.length;
    this.#times[entry * TIMES + DUE] = now;
    this.#order[entry] = this.#added;
    this.#added += 1;
    this.#size += 1;
    return true;
  }

  /** The frame to send next over a kind of link: the most urgent rank that `allowed` lets through, the oldest of it; -1 if none is due. */
  next(now: number, kind: LinkKind, allowed: (rank: Rank) => boolean): number {
    const wanted = LINK_KINDS.indexOf(kind);
    let best = -1;
    for (let entry = 0; entry < this.#end; entry += 1) {
      if (!this.#canGo(entry, wanted) || this.#times[entry * TIMES + DUE]! > now) continue;
      if (best >= 0 && !this.#before(entry, best)) continue;
      if (allowed(this.rank(entry))) best = entry;
    }
    return best;
  }

  /** Whether a frame added now for the neighbour would be the next to go. */
  isClear(kind: LinkKind, neighbour: number): boolean {
    if (this.#busy[neighbour] !== 0) return false;
    if (this.waiting === 0) return true;
    const wanted = LINK_KINDS.indexOf(kind);
    for (let entry = 0; entry < this.#end; entry += 1) if (this.#canGo(entry, wanted)) return false;
    return true;
  }

  /** When something changes by itself: a frame becomes due on a link that is idle, or an acknowledgement is overdue. */
  deadline(isIdle: (kind: LinkKind) => boolean): number {
    let earliest = Number.MAX_SAFE_INTEGER;
    for (let entry = 0; entry < this.#end; entry += 1) {
      const state = this.#octets[entry * OCTETS + STATE]!;
      const waits =
        state === State.Listening ||
        state === State.Kept ||
        (this.#canGo(entry, this.#octets[entry * OCTETS + KIND]!) && isIdle(this.kind(entry)));
      if (waits && this.#times[entry * TIMES + DUE]! < earliest) earliest = this.#times[entry * TIMES + DUE]!;
    }
    return earliest;
  }

  /** waiting -> flying. */
  fly(entry: number, now: number): void {
    this.#move(entry, State.Flying);
    if (this.tries(entry) === 0) this.#times[entry * TIMES + SINCE] = now;
  }

  /** flying -> listening until `due`. */
  listen(entry: number, due: number): void {
    this.#move(entry, State.Listening);
    this.#times[entry * TIMES + DUE] = due;
  }

  /** listening -> kept until `due`. */
  keep(entry: number, due: number): void {
    this.#move(entry, State.Kept);
    this.#times[entry * TIMES + DUE] = due;
  }

  isKept(entry: number): boolean {
    return this.#octets[entry * OCTETS + STATE] === State.Kept;
  }

  /** flying or listening -> waiting for another try at `due`. */
  retry(entry: number, due: number): void {
    this.#move(entry, State.Waiting);
    this.#octets[entry * OCTETS + TRIES] = this.tries(entry) + 1;
    this.#times[entry * TIMES + DUE] = due;
  }

  /** any -> returned. */
  giveBack(entry: number): void {
    this.#move(entry, State.Returned);
  }

  /** any -> free; its octets stay readable until the next `add`. */
  release(entry: number): void {
    this.#move(entry, State.Free);
    this.#size -= 1;
  }

  /** A frame that awaits this neighbour's acknowledgement of (flow, counter), or its being sent on, or -1. */
  awaiting(neighbour: number, flow: number, counter: number): number {
    if (this.#size === 0) return -1;
    for (let entry = 0; entry < this.#end; entry += 1) {
      const state = this.#octets[entry * OCTETS + STATE]!;
      const tried = state === State.Waiting && this.tries(entry) > 0;
      if (state !== State.Listening && state !== State.Flying && state !== State.Kept && !tried) continue;
      if (this.neighbour(entry) !== neighbour) continue;
      const at = entry * this.#frameOctets;
      if (envelopeFlow(this.#pool, at) === flow && envelopeCounter(this.#pool, at) === counter) return entry;
    }
    return -1;
  }

  /** A frame whose acknowledgement is overdue, or that was kept long enough, or -1. */
  overdue(now: number): number {
    if (this.awaited === 0) return -1;
    for (let entry = 0; entry < this.#end; entry += 1) {
      const state = this.#octets[entry * OCTETS + STATE];
      if ((state === State.Listening || state === State.Kept) && this.#times[entry * TIMES + DUE]! <= now) return entry;
    }
    return -1;
  }

  returned(): number {
    if (this.#returned === 0) return -1;
    for (let entry = 0; entry < this.#end; entry += 1) if (this.#octets[entry * OCTETS + STATE] === State.Returned) return entry;
    return -1;
  }

  /** The neighbour went: everything for it is returned. */
  giveBackAll(neighbour: number): void {
    for (let entry = 0; entry < this.#end; entry += 1) {
      const state = this.#octets[entry * OCTETS + STATE];
      if (state === State.Free || state === State.Returned || this.neighbour(entry) !== neighbour) continue;
      if (state === State.Kept) this.release(entry);
      else this.giveBack(entry);
    }
  }

  /** The link went: what waited for everyone on it is void. */
  releaseBroadcasts(kind: LinkKind): void {
    for (let entry = 0; entry < this.#end; entry += 1) {
      const held = this.#octets[entry * OCTETS + STATE] !== State.Free;
      if (held && this.neighbour(entry) === EVERYONE && this.kind(entry) === kind) this.release(entry);
    }
  }

  isFlying(entry: number): boolean {
    return this.#octets[entry * OCTETS + STATE] === State.Flying;
  }

  /** View of the frame. */
  frame(entry: number): Uint8Array {
    const at = entry * this.#frameOctets;
    return this.#pool.subarray(at, at + this.#words[entry * (OCTETS / 2) + LENGTH_WORD]!);
  }

  /** Whether it is a packet whose way does not end at the neighbour. */
  goesOn(entry: number, neighbours: NeighbourTable, neighbour: number): boolean {
    const at = entry * this.#frameOctets;
    return envelopeClass(this.#pool, at) >= EnvelopeClass.sos && !neighbours.hasId(neighbour, this.#pool, at + ENVELOPE_DESTINATION_AT);
  }

  kind(entry: number): LinkKind {
    return LINK_KINDS[this.#octets[entry * OCTETS + KIND]!]!;
  }

  neighbour(entry: number): number {
    return this.#octets[entry * OCTETS + NEIGHBOUR]!;
  }

  rank(entry: number): Rank {
    return this.#octets[entry * OCTETS + RANK] as Rank;
  }

  tries(entry: number): number {
    return this.#octets[entry * OCTETS + TRIES]!;
  }

  reroutes(entry: number): number {
    return this.#octets[entry * OCTETS + REROUTES]!;
  }

  /** When it was first handed to the driver. */
  since(entry: number): number {
    return this.#times[entry * TIMES + SINCE]!;
  }

  #canGo(entry: number, kind: number): boolean {
    const base = entry * OCTETS;
    if (this.#octets[base + STATE] !== State.Waiting || this.#octets[base + KIND] !== kind) return false;
    const neighbour = this.#octets[base + NEIGHBOUR]!;
    return neighbour === EVERYONE || this.#busy[neighbour] === 0;
  }

  #before(a: number, b: number): boolean {
    const difference = this.rank(a) - this.rank(b);
    return difference !== 0 ? difference < 0 : this.#order[a]! < this.#order[b]!;
  }

  #move(entry: number, state: number): void {
    const base = entry * OCTETS;
    const was = this.#octets[base + STATE]!;
    this.#octets[base + STATE] = state;
    if (was === State.Waiting) this.waiting -= 1;
    else if (was === State.Returned) this.#returned -= 1;
    else if (was !== State.Flying) this.awaited -= 1;
    if (state === State.Waiting) this.waiting += 1;
    else if (state === State.Returned) this.#returned += 1;
    else if (state === State.Listening || state === State.Kept) this.awaited += 1;
    // A frame that flies or is awaited keeps others from its neighbour.
    const busy = (state >= State.Flying && state <= State.Kept ? 1 : 0) - (was >= State.Flying && was <= State.Kept ? 1 : 0);
    if (busy === 0) return;
    const neighbour = this.#octets[base + NEIGHBOUR]!;
    this.#busy[neighbour] = this.#busy[neighbour]! + busy;
  }
}
