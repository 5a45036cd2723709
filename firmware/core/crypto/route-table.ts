/**
 * Route table: destinations by 8-octet id with two next hops each and the feasibility distance of RFC 8966 as data. The oracle of the
 * AssemblyScript kernel: every rule below is normative, all arithmetic is on unsigned integers.
 *
 * Memory: `capacity` slots (a power of two, 1..32768) of exactly 32 octets, all zero at first:
 *   0  id 8
 *   8  feasible seqno u16 | feasible metric u16                        the feasibility distance FD; metric 0xffff: none
 *   12 hop 0: seqno u16 | announced metric u16 | cost u16 | second u16
 *   20 hop 1: the same
 *   28 neighbour of hop 0 u8 | neighbour of hop 1 u8                   0xff: the hop is empty
 *   30 state u8 | zero u8
 *
 *   vacant 0 -> via hop 0 (3) <-> via hop 1 (4) <-> unreachable 2 -> forgotten 1 -> via hop 0
 *   vacant       never used; ends a search
 *   forgotten    holds no destination any more but keeps probe sequences whole; filled again before a vacant slot
 *   unreachable  no selected route; FD is remembered. With both hops empty, "second" of hop 0 says since when
 *   via hop i    hop i is the selected route
 * A slot of state 2, 3 or 4 is "held"; size() counts those.
 *
 * Words
 *   newer(a, b)   ((a - b) mod 2^16) in 1..0x7fff
 *   feasible(h)   FD.metric = 0xffff, or newer(h.seqno, FD.seqno), or h.seqno = FD.seqno and h.announced < FD.metric   RFC 8966 section 3.5.1
 *   total(h)      0xffff if h.cost = 0xfffe (a neighbour that we hear but may not use yet), else min(h.announced + h.cost, 0xffff)
 *   usable(h)     not empty, total(h) < 0xffff, feasible(h)
 *   now           the latest `second` given to update or expire
 *
 * Probing (open addressing, double hashing): slot_k = (u32 at id[0] + k * (u32 at id[4] | 1)) mod capacity, k = 0..capacity-1, big-endian.
 *   find    follow the sequence: a vacant slot ends it (-1), a held slot with this id is the answer
 *   place   for an id that is not held: the first forgotten slot before the sequence's first vacant slot; else that vacant slot; else evict
 * Eviction rule "farthest": of the unreachable slots the longest one (age = (now - second of hop 0) mod 2^16 if both hops are empty, else 0; of
 *   equals the lowest slot); if none is unreachable, the slot with the largest total of its selected hop (of equals the lowest slot), but only
 *   if the new total is smaller than that; else Full. A route whose total is 0xffff evicts nothing: Full.
 *
 * settle (select and report) follows every change of a slot                                        RFC 8966 section 3.6: feasible routes only
 *   with hop i selected before: hop i if it is usable and the other is not, or not total(other) + (total(other) >>> 3) < total(i);
 *     else the other if it is usable; else none. The eighth is hysteresis against flapping (RFC 8966 appendix A.3).
 *   with none selected before: of the usable hops the one with the smaller total, hop 0 if they are equal.
 *   Outcome, by the selected (neighbour, seqno, total) before the change and now:
 *   none -> some Found | some -> none Lost | some -> different Changed | equal, or none -> none: Kept
 *
 * update(id, neighbour, seqno, metric, cost, second): the first that applies
 *   1. metric or cost = 0xffff (retraction): remove the neighbour's hop, settle; Kept if there is none.
 *   2. id not held: place it (or Full): FD none, hop 1 empty, hop 0 = route; settle. (Kept if its total is 0xffff: it waits for neighbourCost.)
 *   3. the neighbour has a hop: overwrite it, even by an unfeasible route, which thereby cannot stay selected (RFC 8966 section 3.5.3); settle.
 *   4. a hop is empty: fill it (hop 0 first), feasible or not; settle.
 *   5. the route is unfeasible: dropped, Unfeasible.
 *   6. the hop that is not selected (none selected: hop 0 if total(hop 0) > total(hop 1), else hop 1) is overwritten, if it is not usable or
 *      the newcomer's total is smaller than its; settle. Else Kept.
 *   In 3 and 4 a Kept becomes Unfeasible if the route is not feasible.
 * remove(hop): it becomes empty; if both are empty now, second of hop 0 = now.
 * neighbourCost(neighbour, cost): slots ascending: the neighbour's hop is removed (cost 0xffff) or takes the cost; settle; report unless Kept.
 * expire(second): slots ascending: hop 0, then hop 1, if not empty and of age (second - hop.second) mod 2^16 >= hold: remove, settle, report
 *   unless Kept. Then a slot with both hops empty since at least `hold` seconds becomes forgotten, its FD with it (RFC 8966 section 3.7.3).
 *   Call it at least every `hold` seconds: no age wraps then.
 * announced(slot): a selected hop h: if FD is none or newer(h.seqno, FD.seqno), FD = (h.seqno, total(h)); else if h.seqno = FD.seqno,
 *   FD.metric = min(FD.metric, total(h)).                                                                        RFC 8966 section 3.7.3
 * lookup(id, except): the selected hop's neighbour unless it is `except`; else the other hop's if that one is usable and not `except`; else -1.
 *   Nothing selected: -1.
 */
import { CodedError, RouteOutcome, sameOctets, u32At } from '../base/index.js';
import type { RouteEntry, RouteTable, RouteTableOptions } from '../ports/index.js';

const UNREACHABLE = 0xffff;
const NOT_YET = 0xfffe;
const NOBODY = 0xff;
const State = { Vacant: 0, Forgotten: 1, Unreachable: 2, ViaHop0: 3, ViaHop1: 4 } as const;

const OCTETS = 32;
const NEIGHBOURS = 28;
const STATE = 30;
/** The same slot as 16-bit words. */
const WORDS = 16;
const FEASIBLE_SEQNO = 4;
const FEASIBLE_METRIC = 5;
const HOPS = 6;
const HOP_WORDS = 4;
const SEQNO = 0;
const ANNOUNCED = 1;
const COST = 2;
const SECOND = 3;

export function createRouteTable(options: RouteTableOptions): RouteTable {
  const { capacity, hold } = options;
  if (capacity < 1 || capacity > 0x8000 || (capacity & (capacity - 1)) !== 0)
    throw new CodedError('route-table-capacity', `${capacity} is not a power of two in 1..32768`);
  if (hold < 1 || hold >= 0x8000) throw new CodedError('route-table-hold', `${hold} s is not in 1..32767`);
  return new ByteRouteTable(capacity, hold);
}

function sum(announced: number, cost: number): number {
  const total = announced + cost;
  return cost === NOT_YET || total >= UNREACHABLE ? UNREACHABLE : total;
}

function newer(a: number, b: number): boolean {
  const ahead = (a - b) & 0xffff;
  return ahead !== 0 && ahead < 0x8000;
}

class ByteRouteTable implements RouteTable {
  readonly capacity: number;
  readonly #hold: number;
  readonly #octets: Uint8Array;
  readonly #words: Uint16Array;
  #held = 0;
  #now = 0;
  /** The selected route before a change, kept by #mark for #settle: hop (-1 none), its neighbour, seqno and total. */
  #wasHop = -1;
  #wasNeighbour = 0;
  #wasSeqno = 0;
  #wasTotal = 0;

  constructor(capacity: number, hold: number) {
    this.capacity = capacity;
    this.#hold = hold;
    this.#octets = new Uint8Array(capacity * OCTETS);
    this.#words = new Uint16Array(this.#octets.buffer);
  }

  size(): number {
    return this.#held;
  }

  update(id: Uint8Array, at: number, neighbour: number, seqno: number, metric: number, cost: number, second: number): RouteOutcome {
    if (neighbour < 0 || neighbour >= NOBODY) throw new CodedError('route-neighbour', `${neighbour} is not in 0..254`);
    this.#now = second;
    let slot = this.find(id, at);
    if (metric >= UNREACHABLE || cost >= UNREACHABLE) return slot < 0 ? RouteOutcome.Kept : this.#removeNeighbour(slot, neighbour);
    if (slot < 0) {
      slot = this.#place(id, at, sum(metric, cost));
      if (slot < 0) return RouteOutcome.Full;
    }
    const feasible = this.#feasible(slot, seqno, metric);
    let hop = this.#hopOf(slot, neighbour);
    if (hop < 0) hop = this.#hopOf(slot, NOBODY);
    if (hop < 0) {
      if (!feasible) return RouteOutcome.Unfeasible;
      hop = this.#replaceable(slot);
      if (this.#usable(slot, hop) && this.#total(slot, hop) <= sum(metric, cost)) return RouteOutcome.Kept;
    }
    this.#mark(slot);
    const word = slot * WORDS + HOPS + hop * HOP_WORDS;
    this.#words[word + SEQNO] = seqno;
    this.#words[word + ANNOUNCED] = metric;
    this.#words[word + COST] = cost;
    this.#words[word + SECOND] = second;
    this.#octets[slot * OCTETS + NEIGHBOURS + hop] = neighbour;
    const outcome = this.#settle(slot);
    return outcome === RouteOutcome.Kept && !feasible ? RouteOutcome.Unfeasible : outcome;
  }

  lookup(id: Uint8Array, at: number, except: number): number {
    const slot = this.find(id, at);
    const selected = slot < 0 ? -1 : this.#selected(slot);
    if (selected < 0) return -1;
    const first = this.#neighbour(slot, selected);
    if (first !== except) return first;
    const other = 1 - selected;
    return this.#usable(slot, other) && this.#neighbour(slot, other) !== except ? this.#neighbour(slot, other) : -1;
  }

  find(id: Uint8Array, at: number): number {
    if (at < 0 || at + 8 > id.length) throw new CodedError('route-id', `no 8 octets at ${at} of ${id.length}`);
    const step = u32At(id, at + 4) | 1;
    let slot = u32At(id, at) & (this.capacity - 1);
    for (let k = 0; k < this.capacity; k += 1) {
      const state = this.#octets[slot * OCTETS + STATE]!;
      if (state === State.Vacant) return -1;
      if (state >= State.Unreachable && sameOctets(this.#octets, slot * OCTETS, id, at, 8)) return slot;
      slot = (slot + step) & (this.capacity - 1);
    }
    return -1;
  }

  neighbourCost(neighbour: number, cost: number, changed: (slot: number, outcome: RouteOutcome) => void): void {
    for (let slot = 0; slot < this.capacity; slot += 1) {
      if (!this.#isHeld(slot)) continue;
      const hop = this.#hopOf(slot, neighbour);
      if (hop < 0) continue;
      this.#mark(slot);
      if (cost >= UNREACHABLE) this.#remove(slot, hop);
      else this.#words[slot * WORDS + HOPS + hop * HOP_WORDS + COST] = cost;
      const outcome = this.#settle(slot);
      if (outcome !== RouteOutcome.Kept) changed(slot, outcome);
    }
  }

  expire(second: number, changed: (slot: number, outcome: RouteOutcome) => void): void {
    this.#now = second;
    for (let slot = 0; slot < this.capacity; slot += 1) {
      if (!this.#isHeld(slot)) continue;
      for (let hop = 0; hop < 2; hop += 1) {
        if (this.#neighbour(slot, hop) === NOBODY || this.#age(slot, hop) < this.#hold) continue;
        this.#mark(slot);
        this.#remove(slot, hop);
        const outcome = this.#settle(slot);
        if (outcome !== RouteOutcome.Kept) changed(slot, outcome);
      }
      if (this.#isBare(slot) && this.#age(slot, 0) >= this.#hold) {
        this.#octets[slot * OCTETS + STATE] = State.Forgotten;
        this.#held -= 1;
      }
    }
  }

  announced(slot: number): void {
    const selected = this.#selected(slot);
    if (selected < 0) return;
    const base = slot * WORDS;
    const seqno = this.#hop(slot, selected, SEQNO);
    const total = this.#total(slot, selected);
    const feasibleSeqno = this.#words[base + FEASIBLE_SEQNO]!;
    const feasibleMetric = this.#words[base + FEASIBLE_METRIC]!;
    if (feasibleMetric === UNREACHABLE || newer(seqno, feasibleSeqno) || (seqno === feasibleSeqno && total < feasibleMetric)) {
      this.#words[base + FEASIBLE_SEQNO] = seqno;
      this.#words[base + FEASIBLE_METRIC] = total;
    }
  }

  read(slot: number, into: RouteEntry): boolean {
    if (slot < 0 || slot >= this.capacity || !this.#isHeld(slot)) return false;
    for (let i = 0; i < 8; i += 1) into.id[i] = this.#octets[slot * OCTETS + i]!;
    into.feasibleSeqno = this.#words[slot * WORDS + FEASIBLE_SEQNO]!;
    into.feasibleMetric = this.#words[slot * WORDS + FEASIBLE_METRIC]!;
    const selected = this.#selected(slot);
    const other = selected >= 0 && this.#usable(slot, 1 - selected) ? 1 - selected : -1;
    into.seqno = selected < 0 ? into.feasibleSeqno : this.#hop(slot, selected, SEQNO);
    into.neighbour = selected < 0 ? -1 : this.#neighbour(slot, selected);
    into.metric = selected < 0 ? UNREACHABLE : this.#total(slot, selected);
    into.alternate = other < 0 ? -1 : this.#neighbour(slot, other);
    into.alternateMetric = other < 0 ? UNREACHABLE : this.#total(slot, other);
    return true;
  }

  #isHeld(slot: number): boolean {
    return this.#octets[slot * OCTETS + STATE]! >= State.Unreachable;
  }

  #isBare(slot: number): boolean {
    return this.#neighbour(slot, 0) === NOBODY && this.#neighbour(slot, 1) === NOBODY;
  }

  #selected(slot: number): number {
    const state = this.#octets[slot * OCTETS + STATE]!;
    return state >= State.ViaHop0 ? state - State.ViaHop0 : -1;
  }

  #neighbour(slot: number, hop: number): number {
    return this.#octets[slot * OCTETS + NEIGHBOURS + hop]!;
  }

  /** The hop of a neighbour (NOBODY: the first empty hop), or -1. */
  #hopOf(slot: number, neighbour: number): number {
    return this.#neighbour(slot, 0) === neighbour ? 0 : this.#neighbour(slot, 1) === neighbour ? 1 : -1;
  }

  #hop(slot: number, hop: number, field: number): number {
    return this.#words[slot * WORDS + HOPS + hop * HOP_WORDS + field]!;
  }

  #total(slot: number, hop: number): number {
    return sum(this.#hop(slot, hop, ANNOUNCED), this.#hop(slot, hop, COST));
  }

  #age(slot: number, hop: number): number {
    return (this.#now - this.#hop(slot, hop, SECOND)) & 0xffff;
  }

  #feasible(slot: number, seqno: number, announced: number): boolean {
    const feasibleSeqno = this.#words[slot * WORDS + FEASIBLE_SEQNO]!;
    const feasibleMetric = this.#words[slot * WORDS + FEASIBLE_METRIC]!;
    return feasibleMetric === UNREACHABLE || newer(seqno, feasibleSeqno) || (seqno === feasibleSeqno && announced < feasibleMetric);
  }

  #usable(slot: number, hop: number): boolean {
    return (
      this.#neighbour(slot, hop) !== NOBODY &&
      this.#total(slot, hop) < UNREACHABLE &&
      this.#feasible(slot, this.#hop(slot, hop, SEQNO), this.#hop(slot, hop, ANNOUNCED))
    );
  }

  /** The hop that a feasible newcomer may replace when both are taken. */
  #replaceable(slot: number): number {
    const selected = this.#selected(slot);
    if (selected >= 0) return 1 - selected;
    return this.#total(slot, 0) > this.#total(slot, 1) ? 0 : 1;
  }

  #removeNeighbour(slot: number, neighbour: number): RouteOutcome {
    const hop = this.#hopOf(slot, neighbour);
    if (hop < 0) return RouteOutcome.Kept;
    this.#mark(slot);
    this.#remove(slot, hop);
    return this.#settle(slot);
  }

  #remove(slot: number, hop: number): void {
    this.#octets[slot * OCTETS + NEIGHBOURS + hop] = NOBODY;
    if (this.#isBare(slot)) this.#words[slot * WORDS + HOPS + SECOND] = this.#now;
  }

  #mark(slot: number): void {
    const selected = this.#selected(slot);
    this.#wasHop = selected;
    if (selected < 0) return;
    this.#wasNeighbour = this.#neighbour(slot, selected);
    this.#wasSeqno = this.#hop(slot, selected, SEQNO);
    this.#wasTotal = this.#total(slot, selected);
  }

  #settle(slot: number): RouteOutcome {
    const was = this.#wasHop;
    const first = was < 0 ? 0 : was;
    const other = 1 - first;
    let chosen = this.#usable(slot, first) ? first : -1;
    if (this.#usable(slot, other)) {
      const total = this.#total(slot, other);
      const handicap = was < 0 ? 0 : total >>> 3;
      if (chosen < 0 || total + handicap < this.#total(slot, first)) chosen = other;
    }
    this.#octets[slot * OCTETS + STATE] = chosen < 0 ? State.Unreachable : State.ViaHop0 + chosen;
    if (chosen < 0) return was < 0 ? RouteOutcome.Kept : RouteOutcome.Lost;
    if (was < 0) return RouteOutcome.Found;
    const same =
      this.#neighbour(slot, chosen) === this.#wasNeighbour &&
      this.#hop(slot, chosen, SEQNO) === this.#wasSeqno &&
      this.#total(slot, chosen) === this.#wasTotal;
    return same ? RouteOutcome.Kept : RouteOutcome.Changed;
  }

  /** A slot for an id that is not held, made unreachable with no hops and no FD; -1 if the table is full of better routes. */
  #place(id: Uint8Array, at: number, total: number): number {
    let slot = this.#free(id, at);
    if (slot >= 0) this.#held += 1;
    else if (total < UNREACHABLE) slot = this.#victim(total);
    if (slot < 0) return -1;
    const base = slot * OCTETS;
    for (let i = 0; i < 8; i += 1) this.#octets[base + i] = id[at + i]!;
    this.#words[slot * WORDS + FEASIBLE_SEQNO] = 0;
    this.#words[slot * WORDS + FEASIBLE_METRIC] = UNREACHABLE;
    this.#octets[base + NEIGHBOURS] = NOBODY;
    this.#octets[base + NEIGHBOURS + 1] = NOBODY;
    this.#octets[base + STATE] = State.Unreachable;
    return slot;
  }

  #free(id: Uint8Array, at: number): number {
    const step = u32At(id, at + 4) | 1;
    let slot = u32At(id, at) & (this.capacity - 1);
    let forgotten = -1;
    for (let k = 0; k < this.capacity; k += 1) {
      const state = this.#octets[slot * OCTETS + STATE]!;
      if (state === State.Vacant) return forgotten < 0 ? slot : forgotten;
      if (state === State.Forgotten && forgotten < 0) forgotten = slot;
      slot = (slot + step) & (this.capacity - 1);
    }
    return forgotten;
  }

  /** Eviction rule "farthest"; every slot is held here. */
  #victim(total: number): number {
    let longest = -1;
    let age = -1;
    let farthest = -1;
    let distance = total;
    for (let slot = 0; slot < this.capacity; slot += 1) {
      const selected = this.#selected(slot);
      if (selected < 0) {
        const lost = this.#isBare(slot) ? this.#age(slot, 0) : 0;
        if (lost > age) {
          longest = slot;
          age = lost;
        }
      } else if (this.#total(slot, selected) > distance) {
        farthest = slot;
        distance = this.#total(slot, selected);
      }
    }
    return longest >= 0 ? longest : farthest;
  }
}
