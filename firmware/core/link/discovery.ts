/**
 * Who is there: beacons and identities. A beacon names its sender and says whom that one hears, so both ends know the link both ways; an identity
 * frame pins the whole key behind an id. Everything here is on one hop and without acknowledgement: it repeats by itself.
 *
 * An identity is asked for when an unpinned station beacons, after a jittered wait in which somebody else's question may bring it unasked;
 * answers go to everyone in range, so that one serves all who ask.
 */
import { millis, sameOctets, type ByteWriter, type Millis, type Prng } from '../base/index.js';
import type { Kernels } from '../ports/index.js';
import {
  decodeBeacon,
  decodeIdentity,
  encodeBeacon,
  encodeIdentity,
  ENVELOPE_OCTETS,
  type Beacon,
  type Heard,
  type Role,
} from '../wire/index.js';
import { BEACON_REST } from './beacon-clock.js';
import type { Carriage } from './carriage.js';
import { Drop, type Counters } from './counters.js';
import { losslessCost } from './link-kind.js';
import { COST_INFINITE, dearer, linkCost, worthTelling } from './link-quality.js';
import type { Medium } from './medium.js';
import type { NeighbourTable } from './neighbour-table.js';

/** A beacon is overdue when it is later than the longest interval with its jitter, and a bit for a busy channel. */
const BEACON_OVERDUE = BEACON_REST + (BEACON_REST >> 2) + 500;
/** Beacons list this many neighbours (link.cddl). */
const HEARD_MOST = 24;
/** A node with more neighbours than a beacon lists beacons more often, up to this interval: 234 octets every 2 s are 0.1 % of the air. */
const BEACON_CROWDED = 2_000;
const ASK_SOON = { least: 20, most: 150 };
const ASK_AGAIN = { least: 700, most: 1300 };
const ANSWER_SOON = { least: 2, most: 40 };
/** One identity frame serves everyone who asks within this time. */
const ANSWER_APART = 250;

export interface DiscoveryOptions {
  readonly id: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly role: Role;
  readonly kernels: Kernels;
  readonly prng: Prng;
  readonly neighbours: NeighbourTable;
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

  /** Slot of the sender, or -1. */
  hearBeacon(now: Millis, medium: Medium, from: Uint8Array, bytes: Uint8Array, rssi: number): number {
    const { id, neighbours, counters, prng } = this.#options;
    const beacon = decodeBeacon(bytes, ENVELOPE_OCTETS, bytes.length);
    if (typeof beacon === 'number' || sameOctets(beacon.id, 0, id, 0, 8)) {
      counters.drop(typeof beacon === 'number' ? Drop.Malformed : Drop.Impostor);
      return -1;
    }
    const slot = this.#slotOf(now, medium, beacon.id, from, beacon.role);
    if (slot < 0) return -1;
    neighbours.heard(slot, now, rssi);
    const first = neighbours.inward(slot) === 0;
    if (!neighbours.beacon(slot, now, beacon.number)) neighbours.tellRestart(slot);
    const outward = this.#outward(beacon);
    if (outward >= 0) neighbours.setOutward(slot, outward);
    if (first) medium.beacons.hasten(now);
    if (!neighbours.isPinned(slot) && neighbours.askAt(slot) === 0)
      neighbours.setAskAt(slot, now + prng.between(ASK_SOON.least, ASK_SOON.most));
    this.judge(now, medium, slot);
    return slot;
  }

  hearIdentity(now: Millis, medium: Medium, from: Uint8Array, bytes: Uint8Array, rssi: number, forUs: boolean): void {
    const { id, neighbours, counters, kernels, prng } = this.#options;
    const identity = decodeIdentity(bytes, ENVELOPE_OCTETS, bytes.length);
    if (typeof identity === 'number') return counters.drop(Drop.Malformed);
    kernels.sha256(this.#digest, identity.key);
    if (sameOctets(this.#digest, 0, id, 0, 8)) return counters.drop(Drop.Impostor);
    const slot = this.#slotOf(now, medium, this.#digest.subarray(0, 8), from, identity.role);
    if (slot < 0) return;
    neighbours.heard(slot, now, rssi);
    if (neighbours.isPinned(slot) && !neighbours.hasKey(slot, identity.key)) return counters.drop(Drop.Impostor);
    if (!neighbours.isPinned(slot)) {
      neighbours.pin(slot, identity.key);
      neighbours.setRole(slot, identity.role);
      medium.beacons.hasten(now);
      this.judge(now, medium, slot);
    }
    if (!identity.answer || !forUs) return;
    // It asks although we may use the link, so it knew us before: it restarted.
    if (neighbours.cost(slot) !== COST_INFINITE) neighbours.tellRestart(slot);
    if (medium.answerAt !== 0) return;
    const soon = now + prng.between(ANSWER_SOON.least, ANSWER_SOON.most);
    const earliest = medium.identitySentAt < 0 ? soon : medium.identitySentAt + ANSWER_APART;
    medium.answerAt = soon > earliest ? soon : earliest;
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

  writeIdentity(now: Millis, w: ByteWriter, medium: Medium, answer: boolean): void {
    medium.answerAt = 0;
    medium.identitySentAt = now;
    encodeIdentity(w, { key: this.#options.publicKey, role: this.#options.role, answer });
  }

  /** A neighbour whose identity is due to be asked for, or -1. */
  dueQuestion(now: Millis, medium: Medium): number {
    return this.#options.neighbours.dueQuestion(now, medium.kind);
  }

  asked(now: Millis, slot: number): void {
    this.#options.neighbours.setAskAt(slot, now + this.#options.prng.between(ASK_AGAIN.least, ASK_AGAIN.most));
  }

  /** When the next question falls due on this medium. */
  questionDeadline(medium: Medium): Millis {
    return millis(this.#options.neighbours.nextQuestion(medium.kind));
  }

  /** Share of our beacons that the sender heard; 0 if it does not list us; -1 if its list was full, so that nothing follows from our absence. */
  #outward(beacon: Beacon): number {
    const { id } = this.#options;
    for (const { neighbour, quality } of beacon.heard) if (sameOctets(neighbour, 0, id, 0, 4)) return quality;
    return beacon.heard.length === HEARD_MOST ? -1 : 0;
  }

  #slotOf(now: Millis, medium: Medium, id: Uint8Array, from: Uint8Array, role: Role): number {
    const { neighbours, counters } = this.#options;
    const slot = neighbours.find(medium.kind, id);
    if (slot < 0) {
      const other = neighbours.findMac(medium.kind, from);
      // A station that changed its id is another node at the same address.
      if (other >= 0) neighbours.leave(other);
      const claimed = neighbours.claim(medium.kind, id, from, role, now);
      if (claimed < 0) counters.drop(Drop.NeighboursFull);
      return claimed;
    }
    if (sameOctets(neighbours.mac(slot), 0, from, 0, 6)) return slot;
    // The same id from another address: believed only when the known station has been silent for a while.
    if (now - neighbours.heardAt(slot) < BEACON_OVERDUE) {
      counters.drop(Drop.Impostor);
      return -1;
    }
    neighbours.moveTo(slot, from);
    return slot;
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
