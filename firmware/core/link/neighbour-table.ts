/**
 * Neighbours by id and station address, as one preallocated byte table of 64 octets a slot and four columns of times.
 *
 *   vacant -> heard     a beacon named an id, which anybody may do
 *   heard  -> pinned    a handshake proved that it has the key that hashes to the id
 *   any    -> leaving   silent, restarted too long ago to matter, or its link went down; slot kept until the layer above has been told
 *   leaving -> vacant   told
 */
import { CodedError, sameOctets } from '../base/index.js';
import { ROLES, type Role } from '../wire/index.js';
import { COST_INFINITE, HISTORY_BITS, LEAST_SHARE, PERFECT, recordChances, share } from './link-quality.js';
import { LINK_KINDS, type LinkKind } from './link-kind.js';

export const NeighbourState = { Vacant: 0, Heard: 1, Pinned: 2, Leaving: 3 } as const;
export type NeighbourState = (typeof NeighbourState)[keyof typeof NeighbourState];

const OCTETS = 64;
const ID = 0;
const MAC = 8;
const KIND = 14;
const ROLE = 15;
const STATE = 16;
const LOUDNESS = 17;
const OUTWARD = 18;
const HISTORY_LENGTH = 19;
const FLAGS = 20;
const ASSUMED_LOST = 21;
const STEADY = 22;
const FAILED = 23;
const KEY = 24;
const KEY_OCTETS = 33;
const CALLS = 57;
const WORDS = 32;
const HISTORY = 29;
const NUMBER = 30;
const COST = 31;
const TIMES = 4;
const HEARD_AT = 0;
const BEACON_AT = 1;
const ASK_AT = 2;
const LISTED_AT = 3;

/** A useless neighbour that was silent for longer than a beacon interval at rest gives way to a newcomer. */
const GIVES_WAY_AFTER = 15_000;

const PATIENCE = 4;
/** Ten minutes at rest. */
const PATIENCE_MOST = 60;

const CHANGED = 1;
const RESTARTED = 2;

export class NeighbourTable {
  readonly capacity: number;
  readonly #octets: Uint8Array;
  readonly #words: Uint16Array;
  readonly #times: Float64Array;
  /** Some slot may have a change that was not told. */
  #hasChanges = false;
  // Plain fields, not getters: a getter costs a call, 400 instructions on RV32, and these are read at every poll.
  /** Nobody is to be called before this. */
  asksFrom: number = Number.MAX_SAFE_INTEGER;
  used = 0;
  /** Slots from here on were never used. */
  end = 0;

  constructor(capacity: number) {
    if (capacity < 1 || capacity > 254) throw new CodedError('neighbour-capacity', `${capacity} is not in 1..254`);
    this.capacity = capacity;
    this.#octets = new Uint8Array(capacity * OCTETS);
    this.#words = new Uint16Array(this.#octets.buffer);
    this.#times = new Float64Array(capacity * TIMES);
  }

  /** Slot of a node on a kind of link, or -1. */
  find(kind: LinkKind, id: Uint8Array): number {
    const pinned = this.#search(kind, id, 8, ID, NeighbourState.Pinned);
    return pinned >= 0 ? pinned : this.#search(kind, id, 8, ID, NeighbourState.Heard);
  }

  /** The pinned neighbour at an address, else one that is only heard there, or -1. */
  findMac(kind: LinkKind, mac: Uint8Array): number {
    const pinned = this.#search(kind, mac, 6, MAC, NeighbourState.Pinned);
    return pinned >= 0 ? pinned : this.#search(kind, mac, 6, MAC, NeighbourState.Heard);
  }

  /**
   * A slot for a newcomer, or -1. When none is vacant, one with a proven key takes the place of one that is only heard (made-up ids keep nobody out);
   * else the useless one (cost infinite) that was silent longest is asked to leave: its slot is free once the layer above has been told, and the
   * newcomer beacons again.
   */
  claim(kind: LinkKind, id: Uint8Array, mac: Uint8Array, role: Role, now: number, isProven: boolean): number {
    let slot = this.#first(NeighbourState.Vacant);
    if (slot >= 0) {
      this.used += 1;
      if (slot >= this.end) this.end = slot + 1;
    } else if (isProven) slot = this.#first(NeighbourState.Heard);
    if (slot < 0) {
      this.#makeRoom(now);
      return -1;
    }
    const base = slot * OCTETS;
    this.#octets.fill(0, base, base + OCTETS);
    this.#octets.set(id, base + ID);
    this.#octets.set(mac, base + MAC);
    this.#octets[base + KIND] = LINK_KINDS.indexOf(kind);
    this.#octets[base + ROLE] = ROLES.indexOf(role);
    this.#octets[base + STATE] = NeighbourState.Heard;
    this.#words[slot * WORDS + COST] = COST_INFINITE;
    this.#times[slot * TIMES + HEARD_AT] = now;
    this.#times[slot * TIMES + BEACON_AT] = now;
    this.#times[slot * TIMES + ASK_AT] = 0;
    this.#times[slot * TIMES + LISTED_AT] = 0;
    return slot;
  }

  /** any -> leaving: unusable at once; vacant when the layer above has taken the change. */
  leave(slot: number): void {
    this.#octets[slot * OCTETS + STATE] = NeighbourState.Leaving;
    this.#words[slot * WORDS + COST] = COST_INFINITE;
    this.#octets[slot * OCTETS + FLAGS] = CHANGED;
    this.#hasChanges = true;
  }

  state(slot: number): NeighbourState {
    return this.#octets[slot * OCTETS + STATE] as NeighbourState;
  }

  isPinned(slot: number): boolean {
    return this.state(slot) === NeighbourState.Pinned;
  }

  /** Heard or pinned. */
  isKnown(slot: number): boolean {
    const state = this.state(slot);
    return state === NeighbourState.Heard || state === NeighbourState.Pinned;
  }

  /** View of 8 octets. */
  id(slot: number): Uint8Array {
    return this.#octets.subarray(slot * OCTETS + ID, slot * OCTETS + ID + 8);
  }

  /** View of 6 octets. */
  mac(slot: number): Uint8Array {
    return this.#octets.subarray(slot * OCTETS + MAC, slot * OCTETS + MAC + 6);
  }

  macCopy(slot: number): Uint8Array {
    return this.#octets.slice(slot * OCTETS + MAC, slot * OCTETS + MAC + 6);
  }

  moveTo(slot: number, mac: Uint8Array): void {
    this.#octets.set(mac, slot * OCTETS + MAC);
  }

  kind(slot: number): LinkKind {
    return LINK_KINDS[this.#octets[slot * OCTETS + KIND]!]!;
  }

  role(slot: number): Role {
    return ROLES[this.#octets[slot * OCTETS + ROLE]!]!;
  }

  setRole(slot: number, role: Role): void {
    this.#octets[slot * OCTETS + ROLE] = ROLES.indexOf(role);
  }

  /** heard -> pinned. key: 33 octets, checked by the caller. */
  pin(slot: number, key: Uint8Array): void {
    this.#octets.set(key, slot * OCTETS + KEY);
    this.#octets[slot * OCTETS + STATE] = NeighbourState.Pinned;
  }

  /** View of 33 octets; zeros before it is pinned. */
  key(slot: number): Uint8Array {
    return this.#octets.subarray(slot * OCTETS + KEY, slot * OCTETS + KEY + KEY_OCTETS);
  }

  /** Whether its id stands in `bytes` at `at`. */
  hasId(slot: number, bytes: Uint8Array, at: number): boolean {
    return sameOctets(this.#octets, slot * OCTETS + ID, bytes, at, 8);
  }

  hasKey(slot: number, key: Uint8Array): boolean {
    return sameOctets(this.#octets, slot * OCTETS + KEY, key, 0, KEY_OCTETS);
  }

  heardAt(slot: number): number {
    return this.#times[slot * TIMES + HEARD_AT]!;
  }

  /** rssi in dBm, kept as its distance below 0. */
  heard(slot: number, now: number, rssi: number): void {
    this.#times[slot * TIMES + HEARD_AT] = now;
    this.#octets[slot * OCTETS + LOUDNESS] = rssi >= 0 ? 0 : rssi < -255 ? 255 : -rssi;
  }

  rssi(slot: number): number {
    return -this.#octets[slot * OCTETS + LOUDNESS]!;
  }

  beaconAt(slot: number): number {
    return this.#times[slot * TIMES + BEACON_AT]!;
  }

  /** Calls in a row that it did not answer. */
  calls(slot: number): number {
    return this.#octets[slot * OCTETS + CALLS]!;
  }

  setCalls(slot: number, calls: number): void {
    this.#octets[slot * OCTETS + CALLS] = calls;
  }

  /** When it is to be called for a handshake; 0: not. */
  askAt(slot: number): number {
    return this.#times[slot * TIMES + ASK_AT]!;
  }

  setAskAt(slot: number, at: number): void {
    this.#times[slot * TIMES + ASK_AT] = at;
    if (at !== 0 && at < this.asksFrom) this.asksFrom = at;
  }

  /** A slot that is due to be called, or -1. */
  dueCall(now: number): number {
    if (now < this.asksFrom) return -1;
    let next = Number.MAX_SAFE_INTEGER;
    for (let slot = 0; slot < this.end; slot += 1) {
      const at = this.askAt(slot);
      if (at === 0 || !this.isKnown(slot)) continue;
      if (at <= now) return slot;
      if (at < next) next = at;
    }
    this.asksFrom = next;
    return -1;
  }

  /** When a beacon of ours last listed it. */
  listedAt(slot: number): number {
    return this.#times[slot * TIMES + LISTED_AT]!;
  }

  listed(slot: number, now: number): void {
    this.#times[slot * TIMES + LISTED_AT] = now;
  }

  /** A beacon arrived: its number tells how many did not. False if the numbers restarted: the neighbour did too. */
  beacon(slot: number, now: number, number: number): boolean {
    const first = this.#octets[slot * OCTETS + HISTORY_LENGTH] === 0;
    const gap = (number - this.#words[slot * WORDS + NUMBER]!) & 0xffff;
    const restarted = !first && (gap === 0 || gap >= 0x8000);
    if (restarted) this.#octets[slot * OCTETS + HISTORY_LENGTH] = 0;
    else if (!first && gap - 1 > this.#assumedLost(slot)) this.record(slot, false, gap - 1 - this.#assumedLost(slot));
    this.record(slot, true, 1);
    this.#octets[slot * OCTETS + ASSUMED_LOST] = 0;
    this.#octets[slot * OCTETS + STEADY] = this.inward(slot);
    this.#words[slot * WORDS + NUMBER] = number;
    this.#times[slot * TIMES + BEACON_AT] = now;
    return !restarted;
  }

  /** Beacons that must have been lost by now, since none came for so long. */
  assumeLost(slot: number, count: number): void {
    const assumed = this.#assumedLost(slot);
    if (count <= assumed) return;
    this.record(slot, false, count - assumed);
    this.#octets[slot * OCTETS + ASSUMED_LOST] = count;
  }

  /** Chances of one outcome, of beacons or acknowledgements, into the history. */
  record(slot: number, arrived: boolean, count: number): void {
    this.#words[slot * WORDS + HISTORY] = recordChances(this.#words[slot * WORDS + HISTORY]!, arrived, count);
    const length = this.#octets[slot * OCTETS + HISTORY_LENGTH]! + count;
    this.#octets[slot * OCTETS + HISTORY_LENGTH] = length < HISTORY_BITS ? length : HISTORY_BITS;
  }

  /** Whether a beacon of it arrived. */
  isMeasured(slot: number): boolean {
    return this.#octets[slot * OCTETS + HISTORY_LENGTH] !== 0;
  }

  /** Whether the whole history holds no loss: another success changes nothing. */
  isFaultless(slot: number): boolean {
    return this.#words[slot * WORDS + HISTORY] === 0xffff && this.#octets[slot * OCTETS + HISTORY_LENGTH] === HISTORY_BITS;
  }

  /** Share of its frames that arrive here, 0..255; never 0 once a beacon arrived: a neighbour that is not heard any more leaves. */
  inward(slot: number): number {
    if (this.isFaultless(slot)) return PERFECT;
    const length = this.#octets[slot * OCTETS + HISTORY_LENGTH]!;
    if (length === 0) return 0;
    const measured = share(this.#words[slot * WORDS + HISTORY]!, length);
    return measured > LEAST_SHARE ? measured : LEAST_SHARE;
  }

  /** Beacons that may be missing in a row before it counts as gone: of a link with share p 4/p, so that it happens by chance 1 time in 50. */
  patience(slot: number): number {
    const steady = this.steady(slot);
    return steady === 0 ? PATIENCE : Math.min(Math.ceil((PATIENCE * PERFECT) / steady), PATIENCE_MOST);
  }

  /** The share when its last beacon came, before anything that failed since. */
  steady(slot: number): number {
    return this.#octets[slot * OCTETS + STEADY]!;
  }

  /** Frames to it that failed in a row while it was silent. */
  failed(slot: number): number {
    return this.#octets[slot * OCTETS + FAILED]!;
  }

  setFailed(slot: number, count: number): void {
    this.#octets[slot * OCTETS + FAILED] = count < 255 ? count : 255;
  }

  /** Share of ours that arrive there, as it says. */
  outward(slot: number): number {
    return this.#octets[slot * OCTETS + OUTWARD]!;
  }

  setOutward(slot: number, share: number): void {
    this.#octets[slot * OCTETS + OUTWARD] = share;
  }

  /** The cost last told to the layer above. */
  cost(slot: number): number {
    return this.#words[slot * WORDS + COST]!;
  }

  tell(slot: number, cost: number): void {
    this.#words[slot * WORDS + COST] = cost;
    this.#octets[slot * OCTETS + FLAGS] = this.#octets[slot * OCTETS + FLAGS]! | CHANGED;
    this.#hasChanges = true;
  }

  tellRestart(slot: number): void {
    this.#octets[slot * OCTETS + FLAGS] = this.#octets[slot * OCTETS + FLAGS]! | CHANGED | RESTARTED;
    this.#hasChanges = true;
  }

  /** A slot with a change not told yet, or -1. */
  changed(): number {
    if (!this.#hasChanges) return -1;
    for (let slot = 0; slot < this.end; slot += 1) if (this.#flag(slot, CHANGED)) return slot;
    this.#hasChanges = false;
    return -1;
  }

  /** The change was told; true if the neighbour had restarted. leaving -> vacant. */
  told(slot: number): boolean {
    const restarted = this.#flag(slot, RESTARTED);
    this.#octets[slot * OCTETS + FLAGS] = 0;
    if (this.state(slot) === NeighbourState.Leaving) {
      this.#octets[slot * OCTETS + STATE] = NeighbourState.Vacant;
      this.used -= 1;
    }
    return restarted;
  }

  #first(state: NeighbourState): number {
    for (let slot = 0; slot < this.capacity; slot += 1) if (this.state(slot) === state) return slot;
    return -1;
  }

  #makeRoom(now: number): void {
    let useless = -1;
    for (let slot = 0; slot < this.capacity; slot += 1) {
      if (!this.isKnown(slot) || this.cost(slot) !== COST_INFINITE || now - this.heardAt(slot) < GIVES_WAY_AFTER) continue;
      if (useless < 0 || this.heardAt(slot) < this.heardAt(useless)) useless = slot;
    }
    if (useless >= 0) this.leave(useless);
  }

  #assumedLost(slot: number): number {
    return this.#octets[slot * OCTETS + ASSUMED_LOST]!;
  }

  #flag(slot: number, flag: number): boolean {
    return (this.#octets[slot * OCTETS + FLAGS]! & flag) !== 0;
  }

  #search(kind: LinkKind, octets: Uint8Array, length: number, field: number, state: NeighbourState): number {
    const wanted = LINK_KINDS.indexOf(kind);
    for (let slot = 0; slot < this.end; slot += 1) {
      const base = slot * OCTETS;
      if (!sameOctets(this.#octets, base + field, octets, 0, length) || this.#octets[base + KIND] !== wanted) continue;
      if (this.#octets[base + STATE] === state) return slot;
    }
    return -1;
  }
}
