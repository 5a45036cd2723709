/** One kind of link of a node: its driver's turn, its beacons, and the acknowledgements that it owes. */
import { u16At, u32At, type Prng } from '../base/index.js';
import { AckClock } from './ack-clock.js';
import { AirtimeBudget } from './airtime-budget.js';
import { BeaconClock } from './beacon-clock.js';
import { linkProfiles, type LinkKind, type LinkProfile } from './link-kind.js';

/** Acknowledgements owed at once: more than a board's event queue holds frames. */
const ACKS = 12;
/** neighbour 1, zero 1, counter 2, flow 4. */
const ACK_OCTETS = 8;

export class Medium {
  readonly kind: LinkKind;
  readonly profile: LinkProfile;
  readonly mtu: number;
  /** Our station address, 6 octets. */
  readonly mac: Uint8Array;
  readonly beacons: BeaconClock;
  readonly ackClock = new AckClock();
  /** Of a medium that is shared. */
  readonly budget: AirtimeBudget | undefined;
  up = false;
  /** A frame is with the driver; `flying` is its outbox entry, or -1 for a frame of the link's own. */
  busy = false;
  /** When the driver was last given a frame. */
  sentAt = 0;
  flying = -1;
  beaconNumber = 0;
  /** Queued frames wait until then: somebody's next hop, whom we may not hear, is answering. */
  deferUntil = 0;
  readonly #acks = new Uint8Array(ACKS * ACK_OCTETS);
  #ackHead = 0;
  /** Acknowledgements owed; a plain field, since it is read at every poll. */
  acksOwed = 0;

  constructor(kind: LinkKind, mtu: number, mac: Uint8Array, prng: Prng) {
    this.kind = kind;
    this.profile = linkProfiles[kind];
    this.mtu = mtu;
    this.mac = mac;
    this.beacons = new BeaconClock(prng);
    this.budget = this.profile.reliable ? undefined : new AirtimeBudget();
  }

  /** When the ring is full the newest is not promised: its sender tries again. */
  oweAck(neighbour: number, flow: number, counter: number): void {
    if (this.acksOwed === ACKS) return;
    const at = ((this.#ackHead + this.acksOwed) % ACKS) * ACK_OCTETS;
    this.acksOwed += 1;
    this.#acks[at] = neighbour;
    this.#acks[at + 2] = counter >>> 8;
    this.#acks[at + 3] = counter;
    this.#acks[at + 4] = flow >>> 24;
    this.#acks[at + 5] = flow >>> 16;
    this.#acks[at + 6] = flow >>> 8;
    this.#acks[at + 7] = flow;
  }

  /** The oldest owed acknowledgement leaves the ring. */
  takeAck(): { readonly neighbour: number; readonly flow: number; readonly counter: number } {
    const at = this.#ackHead * ACK_OCTETS;
    this.#ackHead = (this.#ackHead + 1) % ACKS;
    this.acksOwed -= 1;
    return { neighbour: this.#acks[at]!, flow: u32At(this.#acks, at + 4), counter: u16At(this.#acks, at + 2) };
  }
}
