/**
 * Who is there: beacons. A beacon names its sender and says whom that one hears, so both ends know the link both ways. Anybody may send one, so of a
 * station without a session it says only that there is someone to call; of a neighbour with one it counts when its seal is right.
 *
 * Who hears a stranger calls it (handshakes.ts) after a jittered wait, the smaller id first, so that seldom both do. A neighbour whose seals turn wrong
 * has restarted, or somebody makes them up: it is called too, but not again and again, and a right seal ends the suspicion.
 */
import { sameOctets, u32At, type ByteWriter, type Millis, type Prng } from '../base/index.js';
import type { Kernels } from '../ports/index.js';
import { decodeBeacon, encodeBeacon, ENVELOPE_OCTETS, type Beacon, type Heard, type Role } from '../wire/index.js';
import { BEACON_REST } from './beacon-clock.js';
import type { Carriage } from './carriage.js';
import { Drop, type Counters } from './counters.js';
import { LINK_KINDS, losslessCost } from './link-kind.js';
import { COST_INFINITE, dearer, linkCost, worthTelling } from './link-quality.js';
import type { Medium } from './medium.js';
import type { NeighbourTable } from './neighbour-table.js';
import { SEAL_OCTETS, type Sessions } from './sessions.js';

/** A beacon is overdue when it is later than the longest interval with its jitter, and a bit for a busy channel. */
const BEACON_OVERDUE = BEACON_REST + (BEACON_REST >> 2) + 500;
/** Beacons list this many neighbours (link.cddl). */
const HEARD_MOST = 24;
/** A node with more neighbours than a beacon lists beacons more often, up to this interval: 234 octets every 2 s are 0.1 % of the air. */
const BEACON_CROWDED = 2_000;
const CALL_SOON = { least: 20, most: 150 };
/** The greater id leaves the call to the other one, unless that has not heard it yet. */
const CALL_LATER = { least: 400, most: 800 };
/** Sessions last at least so many seconds whatever their neighbour's seals look like, and give way to new ones after half a day. */
const SUSPECT_AFTER = 10;
const RENEW_AFTER = 43_200;

export interface DiscoveryOptions {
  readonly id: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly role: Role;
  readonly kernels: Kernels;
  readonly prng: Prng;
  readonly neighbours: NeighbourTable;
  readonly sessions: Sessions;
  readonly counters: Counters;
  readonly carriage: Carriage;
}

export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #digest = new Uint8Array(32);
  /** Neighbours that no beacon has listed yet, and the beacon interval that lists everyone every BEACON_REST; as of the last beacon. */
  #unlisted = 0;
  #restInterval = BEACON_REST;
  /** Slots in the order in which a beacon lists them. */
  readonly #order: Uint8Array;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#order = new Uint8Array(options.neighbours.capacity);
  }

  /** Slot of the sender, or -1. Whether what it says counts: `isPinned`. */
  hearBeacon(now: Millis, medium: Medium, from: Uint8Array, bytes: Uint8Array, rssi: number): number {
    const { id, neighbours, counters, sessions } = this.#options;
    const beacon = decodeBeacon(bytes, ENVELOPE_OCTETS, bytes.length - SEAL_OCTETS);
    if (typeof beacon === 'number' || sameOctets(beacon.id, 0, id, 0, 8)) {
      counters.drop(typeof beacon === 'number' ? Drop.Malformed : Drop.Impostor);
      return -1;
    }
    const known = neighbours.find(medium.kind, beacon.id);
    const isPinned = known >= 0 && neighbours.isPinned(known);
    if (isPinned && sessions.open(known, LINK_KINDS.indexOf(medium.kind), bytes, true, true) === undefined) {
      this.suspect(now, known);
      return -1;
    }
    const slot = this.#slotOf(now, medium, beacon.id, from, beacon.role, false);
    if (slot < 0) return -1;
    neighbours.heard(slot, now, rssi);
    const first = neighbours.inward(slot) === 0;
    if (!neighbours.beacon(slot, now, beacon.number) && isPinned) neighbours.tellRestart(slot);
    const outward = isPinned ? this.#outward(beacon) : -1;
    if (outward >= 0) neighbours.setOutward(slot, outward);
    if (first) medium.beacons.hasten(now);
    if (isPinned) this.trust(now, slot);
    else if (neighbours.askAt(slot) === 0)
      this.#callSoon(now, slot, sameOctets(id, 0, beacon.id, 0, 4) || u32At(id, 0) < u32At(beacon.id, 0));
    this.judge(now, medium, slot);
    return slot;
  }

  /** A handshake proved that the station at an address has the key. Its slot, or -1. */
  meet(now: Millis, medium: Medium, from: Uint8Array, key: Uint8Array, role: Role): number {
    const { neighbours, kernels } = this.#options;
    kernels.sha256(this.#digest, key);
    const slot = this.#slotOf(now, medium, this.#digest.subarray(0, 8), from, role, true);
    if (slot < 0 || neighbours.isPinned(slot)) return slot;
    neighbours.pin(slot, key);
    neighbours.setRole(slot, role);
    medium.beacons.hasten(now);
    this.judge(now, medium, slot);
    return slot;
  }

  /** A seal was wrong. */
  suspect(now: Millis, slot: number): void {
    const { neighbours, sessions, counters, prng } = this.#options;
    counters.drop(Drop.Forged);
    if (neighbours.askAt(slot) !== 0) return;
    const soon = now + prng.between(CALL_SOON.least, CALL_SOON.most);
    neighbours.setAskAt(slot, Math.max(soon, (sessions.since(slot) + SUSPECT_AFTER) * 1000));
  }

  /** A seal was right. */
  trust(now: Millis, slot: number): void {
    const { neighbours } = this.#options;
    if (neighbours.askAt(slot) !== 0 && !this.#isOld(now, slot)) neighbours.setAskAt(slot, 0);
  }

  /** Recompute the cost of the link to a neighbour; tell the layer above if it is worth it. */
  judge(now: Millis, medium: Medium, slot: number): void {
    const { neighbours } = this.#options;
    const usable = neighbours.isPinned(slot) && medium.up;
    const lossless = losslessCost(medium.kind);
    const cost = usable
      ? dearer(linkCost(lossless, neighbours.inward(slot), neighbours.outward(slot)), this.#options.carriage.dearness(slot))
      : COST_INFINITE;
    const told = neighbours.cost(slot);
    if (!worthTelling(told, cost, lossless)) return;
    neighbours.tell(slot, cost);
    // The other end may use the link only when it knows that we hear it: say so before anything else is said over it.
    if (told === COST_INFINITE || cost === COST_INFINITE) medium.beacons.hasten(now);
  }

  /** Lost beacons by the clock, and neighbours gone silent. */
  sweep(now: Millis, mediumOf: (slot: number) => Medium): void {
    const { neighbours } = this.#options;
    for (let slot = 0; slot < neighbours.end; slot += 1) {
      if (!neighbours.isKnown(slot)) continue;
      const missed = Math.floor((now - neighbours.beaconAt(slot)) / BEACON_OVERDUE);
      if (missed >= neighbours.patience(slot) && now - neighbours.heardAt(slot) > BEACON_OVERDUE) neighbours.leave(slot);
      else if (missed > 0) {
        neighbours.assumeLost(slot, missed);
        this.judge(now, mediumOf(slot), slot);
      }
      if (neighbours.isPinned(slot) && neighbours.askAt(slot) === 0 && this.#isOld(now, slot))
        this.#callSoon(now, slot, u32At(this.#options.id, 0) < u32At(neighbours.id(slot), 0));
    }
  }

  writeBeacon(now: Millis, w: ByteWriter, medium: Medium, queueEighths: number): void {
    const { id, role } = this.#options;
    const number = medium.beaconNumber;
    medium.beaconNumber = (number + 1) & 0xffff;
    const heard = this.#heard(now, medium);
    medium.beacons.sent(now, this.#restInterval, this.#unlisted > 0);
    encodeBeacon(w, queueEighths > 0 ? { id, role, number, heard, queue: queueEighths } : { id, role, number, heard });
  }

  #callSoon(now: Millis, slot: number, first: boolean): void {
    const { least, most } = first ? CALL_SOON : CALL_LATER;
    this.#options.neighbours.setAskAt(slot, now + this.#options.prng.between(least, most));
  }

  #isOld(now: Millis, slot: number): boolean {
    return now > (this.#options.sessions.since(slot) + RENEW_AFTER) * 1000;
  }

  /** Share of our beacons that the sender heard; 0 if it does not list us; -1 if its list was full, so that nothing follows from our absence. */
  #outward(beacon: Beacon): number {
    const { id } = this.#options;
    for (const { neighbour, quality } of beacon.heard) if (sameOctets(neighbour, 0, id, 0, 4)) return quality;
    return beacon.heard.length === HEARD_MOST ? -1 : 0;
  }

  /** isProven: by a handshake or a seal of the session; else the station only says so. */
  #slotOf(now: Millis, medium: Medium, id: Uint8Array, from: Uint8Array, role: Role, isProven: boolean): number {
    const { neighbours, counters } = this.#options;
    const slot = neighbours.find(medium.kind, id);
    if (slot >= 0 && sameOctets(neighbours.mac(slot), 0, from, 0, 6)) return slot;
    const other = neighbours.findMac(medium.kind, from);
    if (other >= 0 && other !== slot) {
      // Another node at the address of a neighbour that is there.
      if (neighbours.isPinned(other) && now - neighbours.heardAt(other) < BEACON_OVERDUE) {
        counters.drop(Drop.Impostor);
        return -1;
      }
      neighbours.leave(other);
    }
    if (slot >= 0) {
      neighbours.moveTo(slot, from);
      return slot;
    }
    const claimed = neighbours.claim(medium.kind, id, from, role, now, isProven);
    if (claimed < 0) counters.drop(Drop.NeighboursFull);
    return claimed;
  }

  /**
   * Neighbours heard of late on this medium. Only pinned ones: who is listed may take it that its frames are accepted. If not all fit, those that were
   * listed the longest ago, newcomers first of all.
   */
  #heard(now: Millis, medium: Medium): Heard[] {
    const { neighbours } = this.#options;
    let count = 0;
    for (let slot = 0; slot < neighbours.end; slot += 1) {
      if (!neighbours.isPinned(slot) || neighbours.kind(slot) !== medium.kind || !neighbours.isMeasured(slot)) continue;
      let place = count;
      const at = neighbours.listedAt(slot);
      for (; place > 0 && neighbours.listedAt(this.#order[place - 1]!) > at; place -= 1) this.#order[place] = this.#order[place - 1]!;
      this.#order[place] = slot;
      count += 1;
    }
    const heard: Heard[] = [];
    this.#unlisted = 0;
    for (let i = 0; i < count; i += 1) {
      const slot = this.#order[i]!;
      if (heard.length < HEARD_MOST) {
        neighbours.listed(slot, now);
        heard.push({ neighbour: neighbours.id(slot).subarray(0, 4), quality: neighbours.inward(slot) });
      } else if (neighbours.listedAt(slot) === 0) this.#unlisted += 1;
    }
    this.#restInterval = count <= HEARD_MOST ? BEACON_REST : Math.max(Math.floor((BEACON_REST * HEARD_MOST) / count), BEACON_CROWDED);
    return heard;
  }
}
