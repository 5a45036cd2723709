/**
 * Route table: port of firmware/core/crypto/route-table.ts, whose rules are the norm (states, words, probing, eviction, outcomes: there).
 * Slots of 32 octets in memory that the caller gives; `table` is its address (4-octet aligned), `mask` the capacity - 1, `now` the latest
 * second. An id comes as its two big-endian words. Nothing is kept outside the slots.
 */

@unmanaged
class Hop {
  seqno: u16;
  announced: u16;
  cost: u16;
  second: u16;
}

@unmanaged
class Slot {
  high: u32;
  low: u32;
  feasibleSeqno: u16;
  feasibleMetric: u16;
  hop0Seqno: u16;
  hop0Announced: u16;
  hop0Cost: u16;
  hop0Second: u16;
  hop1Seqno: u16;
  hop1Announced: u16;
  hop1Cost: u16;
  hop1Second: u16;
  neighbour0: u8;
  neighbour1: u8;
  state: u8;
  zero: u8;
}

const SLOT: u32 = 32;
const HOPS: usize = 12;
const HOP: u32 = 8;
const NEIGHBOURS: usize = 28;

const UNREACHABLE: u32 = 0xffff;
/** Cost of a neighbour that we hear but may not use yet. */
const NOT_YET: u32 = 0xfffe;
const NOBODY: u32 = 0xff;

const VACANT: u32 = 0;
const FORGOTTEN: u32 = 1;
/** This state and above hold a destination. */
const NO_ROUTE: u32 = 2;
const VIA_HOP_0: u32 = 3;

/** firmware/core/base/route-outcome.ts. */
const KEPT: i32 = 0;
const CHANGED: i32 = 1;
const FOUND: i32 = 2;
const LOST: i32 = 3;
const UNFEASIBLE: i32 = 4;
const FULL: i32 = 5;

// @ts-ignore: decorator
@inline
function slotAt(table: usize, index: u32): Slot {
  return changetype<Slot>(table + index * SLOT);
}

// @ts-ignore: decorator
@inline
function hopOf(slot: Slot, hop: u32): Hop {
  return changetype<Hop>(changetype<usize>(slot) + HOPS + hop * HOP);
}

// @ts-ignore: decorator
@inline
function neighbourOf(slot: Slot, hop: u32): u32 {
  return load<u8>(changetype<usize>(slot) + hop, NEIGHBOURS);
}

// @ts-ignore: decorator
@inline
function setNeighbour(slot: Slot, hop: u32, neighbour: u32): void {
  store<u8>(changetype<usize>(slot) + hop, neighbour, NEIGHBOURS);
}

function newer(a: u32, b: u32): bool {
  const ahead = (a - b) & 0xffff;
  return ahead != 0 && ahead < 0x8000;
}

/** The hop that is selected, or -1. */
function selected(slot: Slot): i32 {
  return slot.state >= VIA_HOP_0 ? slot.state - VIA_HOP_0 : -1;
}

function sum(announced: u32, cost: u32): u32 {
  return cost == NOT_YET ? UNREACHABLE : min(announced + cost, UNREACHABLE);
}

function total(slot: Slot, hop: u32): u32 {
  const route = hopOf(slot, hop);
  return sum(route.announced, route.cost);
}

function age(slot: Slot, hop: u32, now: u32): u32 {
  return (now - hopOf(slot, hop).second) & 0xffff;
}

function isBare(slot: Slot): bool {
  return slot.neighbour0 == NOBODY && slot.neighbour1 == NOBODY;
}

/** RFC 8966, 3.5.1. */
function feasible(slot: Slot, seqno: u32, announced: u32): bool {
  const metric: u32 = slot.feasibleMetric;
  const feasibleSeqno: u32 = slot.feasibleSeqno;
  return metric == UNREACHABLE || newer(seqno, feasibleSeqno) || (seqno == feasibleSeqno && announced < metric);
}

function usable(slot: Slot, hop: u32): bool {
  const route = hopOf(slot, hop);
  return neighbourOf(slot, hop) != NOBODY && total(slot, hop) < UNREACHABLE && feasible(slot, route.seqno, route.announced);
}

/** The hop of a neighbour (NOBODY: the first empty one), or -1. */
function findHop(slot: Slot, neighbour: u32): i32 {
  return slot.neighbour0 == neighbour ? 0 : slot.neighbour1 == neighbour ? 1 : -1;
}

/** What is selected, as one number: neighbour, seqno, total. */
function route(slot: Slot, hop: i32): u64 {
  return hop < 0 ? 0 : ((neighbourOf(slot, hop) as u64) << 32) | ((hopOf(slot, hop).seqno as u64) << 16) | total(slot, hop);
}

function remove(slot: Slot, hop: u32, now: u32): void {
  setNeighbour(slot, hop, NOBODY);
  if (isBare(slot)) slot.hop0Second = now as u16;
}

/** Select again after a change; `was` and `before`: the selected hop and route before it. */
function settle(slot: Slot, was: i32, before: u64): i32 {
  const first: u32 = was < 0 ? 0 : was;
  const other: u32 = 1 - first;
  let chosen: i32 = usable(slot, first) ? first : -1;
  if (usable(slot, other)) {
    const distance = total(slot, other);
    const handicap = was < 0 ? 0 : distance >>> 3;
    if (chosen < 0 || distance + handicap < total(slot, first)) chosen = other;
  }
  slot.state = (chosen < 0 ? NO_ROUTE : VIA_HOP_0 + chosen) as u8;
  if (chosen < 0) return was < 0 ? KEPT : LOST;
  if (was < 0) return FOUND;
  return route(slot, chosen) == before ? KEPT : CHANGED;
}

/**
 * Index of the destination's slot, or -1. The step is odd, so the sequence comes back to its first slot after all others. A vacant slot was
 * never written, so its id is zero: only then is the state worth a load.
 */
export function routeFind(table: usize, mask: u32, high: u32, low: u32): i32 {
  const step = (low | 1) * SLOT;
  const span = mask * SLOT;
  const first = (high * SLOT) & span;
  let at = first;
  do {
    const slot = changetype<Slot>(table + at);
    const held = slot.high;
    if (held == high && slot.low == low && slot.state >= NO_ROUTE) return at / SLOT;
    if (held == 0 && slot.state == VACANT) return -1;
    at = (at + step) & span;
  } while (at != first);
  return -1;
}

/** Neighbour of the selected hop, or of the other one if that is `except`, or -1. */
export function routeLookup(table: usize, mask: u32, high: u32, low: u32, except: i32): i32 {
  const index = routeFind(table, mask, high, low);
  if (index < 0) return -1;
  const slot = slotAt(table, index);
  const hop = selected(slot);
  if (hop < 0) return -1;
  const first = neighbourOf(slot, hop);
  if (first != except) return first;
  const second = neighbourOf(slot, 1 - hop);
  return second != except && usable(slot, 1 - hop) ? second : -1;
}

/** The slot for a new destination, or -1: the first forgotten one of its sequence, else the vacant one that ends it. */
function free(table: usize, mask: u32, high: u32, low: u32): i32 {
  const step = low | 1;
  let index = high & mask;
  let forgotten: i32 = -1;
  for (let probes = mask + 1; probes > 0; probes -= 1) {
    const state: u32 = slotAt(table, index).state;
    if (state == VACANT) return forgotten < 0 ? index : forgotten;
    if (state == FORGOTTEN && forgotten < 0) forgotten = index;
    index = (index + step) & mask;
  }
  return forgotten;
}

/** Eviction rule "farthest"; every slot holds a destination. */
function victim(table: usize, mask: u32, distance: u32, now: u32): i32 {
  let longest: i32 = -1;
  let longestAge: i32 = -1;
  let farthest: i32 = -1;
  for (let index: u32 = 0; index <= mask; index += 1) {
    const slot = slotAt(table, index);
    const hop = selected(slot);
    if (hop < 0) {
      const lost = isBare(slot) ? age(slot, 0, now) : 0;
      if ((lost as i32) > longestAge) {
        longest = index;
        longestAge = lost;
      }
    } else if (total(slot, hop) > distance) {
      farthest = index;
      distance = total(slot, hop);
    }
  }
  return longest >= 0 ? longest : farthest;
}

function place(table: usize, mask: u32, high: u32, low: u32, distance: u32, now: u32): i32 {
  let index = free(table, mask, high, low);
  if (index < 0 && distance < UNREACHABLE) index = victim(table, mask, distance, now);
  if (index < 0) return -1;
  const slot = slotAt(table, index);
  slot.high = high;
  slot.low = low;
  slot.feasibleSeqno = 0;
  slot.feasibleMetric = UNREACHABLE as u16;
  slot.neighbour0 = NOBODY as u8;
  slot.neighbour1 = NOBODY as u8;
  slot.state = NO_ROUTE as u8;
  return index;
}

/** The hop that a feasible newcomer may replace when both are taken. */
function replaceable(slot: Slot): u32 {
  const hop = selected(slot);
  if (hop >= 0) return 1 - hop;
  return total(slot, 0) > total(slot, 1) ? 0 : 1;
}

function retract(slot: Slot, neighbour: u32, now: u32): i32 {
  const hop = findHop(slot, neighbour);
  if (hop < 0) return KEPT;
  const was = selected(slot);
  const before = route(slot, was);
  remove(slot, hop, now);
  return settle(slot, was, before);
}

export function routeUpdate(
  table: usize,
  mask: u32,
  high: u32,
  low: u32,
  neighbour: u32,
  seqno: u32,
  metric: u32,
  cost: u32,
  now: u32,
): i32 {
  let index = routeFind(table, mask, high, low);
  if (metric >= UNREACHABLE || cost >= UNREACHABLE) return index < 0 ? KEPT : retract(slotAt(table, index), neighbour, now);
  const distance = sum(metric, cost);
  if (index < 0) {
    index = place(table, mask, high, low, distance, now);
    if (index < 0) return FULL;
  }
  const slot = slotAt(table, index);
  const isFeasible = feasible(slot, seqno, metric);
  let hop = findHop(slot, neighbour);
  if (hop < 0) hop = findHop(slot, NOBODY);
  if (hop < 0) {
    if (!isFeasible) return UNFEASIBLE;
    hop = replaceable(slot);
    if (usable(slot, hop) && total(slot, hop) <= distance) return KEPT;
  }
  const was = selected(slot);
  const before = route(slot, was);
  const fresh = hopOf(slot, hop);
  fresh.seqno = seqno as u16;
  fresh.announced = metric as u16;
  fresh.cost = cost as u16;
  fresh.second = now as u16;
  setNeighbour(slot, hop, neighbour);
  const outcome = settle(slot, was, before);
  return outcome == KEPT && !isFeasible ? UNFEASIBLE : outcome;
}

// The two walks below go on from a cursor (4 x slot + step; 0 at first) and stop at each change, with cursor x 8 + outcome; -1 at the end.
// The next cursor is that one + 1.

/** Our cost to a neighbour changed. */
export function routeNeighbourCost(table: usize, mask: u32, cursor: u32, neighbour: u32, cost: u32, now: u32): i32 {
  for (let index = (cursor + 3) >>> 2; index <= mask; index += 1) {
    const slot = slotAt(table, index);
    const hop = slot.state < NO_ROUTE ? -1 : findHop(slot, neighbour);
    if (hop < 0) continue;
    const was = selected(slot);
    const before = route(slot, was);
    if (cost >= UNREACHABLE) remove(slot, hop, now);
    else hopOf(slot, hop).cost = cost as u16;
    const outcome = settle(slot, was, before);
    if (outcome != KEPT) return (index << 5) | outcome;
  }
  return -1;
}

/** Retract what is older than `hold`; steps of a slot: hop 0, hop 1, forget. */
export function routeExpire(table: usize, mask: u32, cursor: u32, hold: u32, now: u32): i32 {
  for (; cursor >>> 2 <= mask; cursor += 1) {
    const slot = slotAt(table, cursor >>> 2);
    const step = cursor & 3;
    if (step < 2) {
      if (step == 0 && slot.state < NO_ROUTE) cursor += 3;
      else if (neighbourOf(slot, step) != NOBODY && age(slot, step, now) >= hold) {
        const was = selected(slot);
        const before = route(slot, was);
        remove(slot, step, now);
        const outcome = settle(slot, was, before);
        if (outcome != KEPT) return (cursor << 3) | outcome;
      }
    } else if (step == 2 && isBare(slot) && age(slot, 0, now) >= hold) slot.state = FORGOTTEN as u8;
  }
  return -1;
}

/** We announced the selected route: lower the feasibility distance (RFC 8966, 3.7.3). */
export function routeAnnounced(table: usize, mask: u32, index: u32): void {
  if (index > mask) return;
  const slot = slotAt(table, index);
  const hop = selected(slot);
  if (hop < 0) return;
  const seqno: u32 = hopOf(slot, hop).seqno;
  const distance = total(slot, hop);
  if (!feasible(slot, seqno, distance)) return;
  slot.feasibleSeqno = seqno as u16;
  slot.feasibleMetric = distance as u16;
}

/** Destinations held. */
export function routeSize(table: usize, mask: u32): u32 {
  let size: u32 = 0;
  for (let index: u32 = 0; index <= mask; index += 1) size += u32(slotAt(table, index).state >= NO_ROUTE);
  return size;
}

/** 1 if the slot holds a destination. */
export function routeIsHeld(table: usize, mask: u32, index: u32): u32 {
  return u32(index <= mask && slotAt(table, index).state >= NO_ROUTE);
}

/** A field of a held slot, in the order of RouteEntry: id (two words), seqno, neighbour, metric, alternate, its metric, feasibility distance. */
export function routeField(table: usize, index: u32, field: u32): i32 {
  const slot = slotAt(table, index);
  const hop = selected(slot);
  const other = hop >= 0 && usable(slot, 1 - hop) ? 1 - hop : -1;
  switch (field) {
    case 0:
      return slot.high;
    case 1:
      return slot.low;
    case 2:
      return hop < 0 ? slot.feasibleSeqno : hopOf(slot, hop).seqno;
    case 3:
      return hop < 0 ? -1 : neighbourOf(slot, hop);
    case 4:
      return hop < 0 ? UNREACHABLE : total(slot, hop);
    case 5:
      return other < 0 ? -1 : neighbourOf(slot, other);
    case 6:
      return other < 0 ? UNREACHABLE : total(slot, other);
    case 7:
      return slot.feasibleSeqno;
    default:
      return slot.feasibleMetric;
  }
}
