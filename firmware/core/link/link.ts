/**
 * Link: one hop. Discovery finds neighbours and measures links; this machine takes turns on each medium, sends frames to neighbours until they are
 * acknowledged, and tells the layer above what it heard, which links it may use at what cost, and which frames no acknowledgement came for.
 *
 * Sending order on a medium: owed acknowledgements, beacon, identities, then the outbox by rank. An acknowledgement is explicit (an `ack` frame), or
 * implicit: the next hop is overheard sending the packet on. RFC 6298 and Karn's rule for its clock; jittered back-off between tries.
 */
import { ByteWriter, CodedError, millis, NEVER, sameOctets, u32At, type Machine, type Millis, type Prng } from '../base/index.js';
import type { Kernels } from '../ports/index.js';
import {
  checkEnvelope,
  ENVELOPE_OCTETS,
  envelopeClass,
  EnvelopeClass,
  envelopeCounter,
  envelopeDestination,
  EnvelopeFlag,
  envelopeFlags,
  envelopeFlow,
  setEnvelopeFlags,
  writeEnvelope,
  type Role,
} from '../wire/index.js';
import type { Rank } from './airtime-budget.js';
import { type Counters, Drop } from './counters.js';
import { Discovery } from './discovery.js';
import { airtime, LINK_KINDS, linkProfiles, losslessCost, type LinkKind } from './link-kind.js';
import { COST_INFINITE, linkCost } from './link-quality.js';
import { Medium } from './medium.js';
import { NeighbourTable } from './neighbour-table.js';
import { EVERYONE, Outbox } from './outbox.js';

export interface LinkOptions {
  /** 8 octets. */
  readonly id: Uint8Array;
  /** 33 octets. */
  readonly publicKey: Uint8Array;
  readonly role: Role;
  readonly kernels: Kernels;
  readonly prng: Prng;
  readonly counters: Counters;
  /** The links it has: frame octets and station address (6 octets) of each. */
  readonly media: Readonly<Partial<Record<LinkKind, { readonly mtu: number; readonly mac: Uint8Array }>>>;
  readonly neighbours: number;
  /** Frames. */
  readonly queue: number;
}

export type LinkInput =
  | {
      readonly type: 'frame';
      readonly link: LinkKind;
      readonly from: Uint8Array;
      readonly to: Uint8Array;
      readonly rssi: number;
      readonly bytes: Uint8Array;
    }
  | { readonly type: 'sent'; readonly link: LinkKind; readonly ok: boolean }
  | { readonly type: 'link'; readonly link: LinkKind; readonly up: boolean }
  | { readonly type: 'tick' }
  | Submit
  /** Answer a frame that we accepted but do not send on at once. */
  | { readonly type: 'acknowledge'; readonly neighbour: number; readonly flow: number; readonly counter: number };

export interface Submit {
  readonly type: 'submit';
  /** Slot of the next hop, or EVERYONE on `link`. */
  readonly neighbour: number;
  readonly link: LinkKind;
  readonly rank: Rank;
  /** Envelope and body. */
  readonly frame: Uint8Array;
  /** Slot of the neighbour that sent it to us, owed an acknowledgement unless this frame goes out at once over the air; -1: nobody. */
  readonly from: number;
  readonly reroutes: number;
}

export type LinkEffect =
  | { readonly type: 'transmit'; readonly link: LinkKind; readonly to: Uint8Array; readonly bytes: Uint8Array }
  /** A beacon, a routing frame or a packet for us, from a pinned neighbour. */
  | { readonly type: 'heard'; readonly neighbour: number; readonly bytes: Uint8Array }
  /** A link became usable, dearer, cheaper or unusable (cost COST_INFINITE). `restarted`: whatever it announced before is void. */
  | { readonly type: 'neighbour'; readonly neighbour: number; readonly cost: number; readonly restarted: boolean }
  /** No acknowledgement after all tries, or the neighbour went. `frame` is valid until the next `submit`. */
  | {
      readonly type: 'undelivered';
      readonly neighbour: number;
      readonly frame: Uint8Array;
      readonly rank: Rank;
      readonly reroutes: number;
    };

const BROADCAST = new Uint8Array([255, 255, 255, 255, 255, 255]);
const ALL_NODES = new Uint8Array([255, 255, 255, 255, 255, 255, 255, 255]);
/** Tries of a frame on a link that loses nothing to little, and on one that needs two transmissions or more. 3 at 20 % loss fail 1 time in 125. */
const TRIES = 3;
const TRIES_POOR = 5;
/** A first back-off: two frames' airtime at most; it doubles with each try. */
const BACKOFF = { least: 2, most: 6 };
/**
 * A frame that failed counts as so many lost chances of 16 if the neighbour was silent meanwhile: one such frame makes a perfect link 1.6 times as dear.
 * As one if it was heard (it may just be busy). On a poor link (ETX 2 or more as its last beacon had it) failure is no surprise and counts for nothing.
 */
const SILENT_CHANCES = 6;
/** Failures in silence in a row that end a link until a beacon proves otherwise: by chance 1 in 500 at ETX 2 (3 tries), 1 in 1,300 at ETX 4 (5 tries). */
const GONE_AFTER = 3;
const GONE_AFTER_POOR = 5;
const ETX_POOR = 2;
const ETX_HOPELESS = 4;
const SWEEP_EVERY = 2_000;

export class Link implements Machine<LinkInput, LinkEffect> {
  readonly neighbours: NeighbourTable;
  /** What the beacons carry as their counter: the number of the last update, set by the layer above. */
  updateNumber = 0;
  readonly #options: LinkOptions;
  readonly #media: Medium[] = [];
  readonly #outbox: Outbox;
  readonly #discovery: Discovery;
  readonly #scratch: Uint8Array;
  #started = false;
  #now = millis(0);
  #heard: LinkEffect | undefined;
  #sweepAt = millis(0);
  /** Counter of frames that never leave their link. */
  #counter = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.neighbours = new NeighbourTable(options.neighbours);
    let largest = 0;
    for (const kind of LINK_KINDS) {
      const medium = options.media[kind];
      if (medium === undefined) continue;
      if (medium.mtu < 64 || medium.mtu > 2048) throw new CodedError('link-mtu', `${kind}: ${medium.mtu} is not in 64..2048`);
      if (medium.mac.length !== 6) throw new CodedError('link-mac', `${kind}: an address has 6 octets, not ${medium.mac.length}`);
      this.#media.push(new Medium(kind, medium.mtu, medium.mac, options.prng));
      if (medium.mtu > largest) largest = medium.mtu;
    }
    if (this.#media.length === 0) throw new CodedError('link-none', 'a node needs at least one link');
    this.#outbox = new Outbox(options.queue, largest);
    this.#scratch = new Uint8Array(largest);
    const { neighbours } = this;
    this.#discovery = new Discovery({ ...options, neighbours });
  }

  /** Whether the queue takes another frame of the rank. */
  hasRoom(rank: Rank): boolean {
    return this.#outbox.hasRoom(rank);
  }

  /** Frames waiting or on the way, in eighths of the queue. */
  queueEighths(): number {
    return Math.floor((this.#outbox.size * 8) / this.#outbox.capacity);
  }

  /** The largest frame of any of its links. */
  get frameOctets(): number {
    return this.#scratch.length;
  }

  mtu(kind: LinkKind): number {
    return this.#medium(kind).mtu;
  }

  /** A link that was good has failed in silence, not often enough to be sure: worth a question. */
  isDoubtful(neighbour: number): boolean {
    if (!this.neighbours.isPinned(neighbour) || this.neighbours.failed(neighbour) === 0) return false;
    return this.neighbours.outward(neighbour) > 0 && this.#steadyEtx(this.#medium(this.neighbours.kind(neighbour)), neighbour) < ETX_POOR;
  }

  /** Links that are up. */
  kindsUp(): LinkKind[] {
    return this.#media.filter((medium) => medium.up).map((medium) => medium.kind);
  }

  nextCounter(): number {
    this.#counter = (this.#counter + 1) & 0xffff;
    return this.#counter;
  }

  handle(now: Millis, input: LinkInput): void {
    this.#now = now;
    if (!this.#started) this.#start(now);
    switch (input.type) {
      case 'frame':
        this.#onFrame(this.#medium(input.link), input.from, input.to, input.bytes, input.rssi);
        break;
      case 'sent':
        this.#onSent(this.#medium(input.link), input.ok);
        break;
      case 'link':
        this.#onLink(this.#medium(input.link), input.up);
        break;
      case 'submit':
        this.#onSubmit(input);
        break;
      case 'acknowledge':
        this.#acknowledge(input.neighbour, input.flow, input.counter);
        break;
      case 'tick':
        break;
    }
    this.#onTime();
  }

  poll(): LinkEffect | undefined {
    const heard = this.#heard;
    if (heard !== undefined) {
      this.#heard = undefined;
      return heard;
    }
    const changed = this.neighbours.changed();
    if (changed >= 0) return this.#tellNeighbour(changed);
    const returned = this.#outbox.returned();
    if (returned >= 0) return this.#takeReturned(returned);
    for (const medium of this.#media) {
      const effect = medium.up && !medium.busy ? this.#transmit(medium) : undefined;
      if (effect !== undefined) return effect;
    }
    return undefined;
  }

  deadline(): Millis {
    if (!this.#started) return millis(0);
    let earliest = this.#outbox.deadline((kind) => this.#isIdle(kind));
    if (this.neighbours.used > 0 && this.#sweepAt < earliest) earliest = this.#sweepAt;
    for (const medium of this.#media) {
      if (!medium.up || medium.busy) continue;
      if (medium.beacons.due < earliest) earliest = medium.beacons.due;
      if (medium.answerAt !== 0 && medium.answerAt < earliest) earliest = medium.answerAt;
      const question = this.#discovery.questionDeadline(medium);
      if (question < earliest) earliest = question;
    }
    return earliest >= NEVER ? NEVER : millis(earliest > this.#now ? earliest : this.#now + 1);
  }

  #start(now: Millis): void {
    this.#started = true;
    this.#sweepAt = millis(now + SWEEP_EVERY);
    for (const medium of this.#media) if (medium.kind !== 'serial') this.#onLink(medium, true);
  }

  #onFrame(medium: Medium, from: Uint8Array, to: Uint8Array, bytes: Uint8Array, rssi: number): void {
    const { counters, id } = this.#options;
    const now = this.#now;
    if (sameOctets(from, 0, medium.mac, 0, 6) && medium.kind !== 'serial') return;
    counters.receivedFrames += 1;
    if (checkEnvelope(bytes) !== 0) return counters.drop(Drop.Malformed);
    const frameClass = envelopeClass(bytes, 0);
    const addressed = sameOctets(envelopeDestination(bytes, 0), 0, id, 0, 8);
    if (frameClass === EnvelopeClass.beacon) {
      const sender = this.#discovery.hearBeacon(now, medium, from, bytes, rssi);
      if (sender >= 0 && this.neighbours.isPinned(sender)) this.#heard = { type: 'heard', neighbour: sender, bytes };
      return;
    }
    if (frameClass === EnvelopeClass.identity) return this.#discovery.hearIdentity(now, medium, from, bytes, rssi, addressed);
    const slot = this.neighbours.findMac(medium.kind, from);
    if (slot < 0 || !this.neighbours.isPinned(slot)) return counters.drop(Drop.Stranger);
    this.neighbours.heard(slot, now, rssi);
    const flow = envelopeFlow(bytes, 0);
    const counter = envelopeCounter(bytes, 0);
    if (frameClass === EnvelopeClass.ack) {
      if (addressed) this.#onAcknowledged(medium, slot, flow, counter);
      return;
    }
    if (frameClass >= EnvelopeClass.sos) this.#onAcknowledged(medium, slot, flow, counter);
    const forUs = medium.kind === 'serial' || sameOctets(to, 0, medium.mac, 0, 6) || sameOctets(to, 0, BROADCAST, 0, 6);
    if (forUs) this.#heard = { type: 'heard', neighbour: slot, bytes };
  }

  /** A frame left the antenna, or the driver gave it up. */
  #onSent(medium: Medium, ok: boolean): void {
    if (!medium.busy) return;
    medium.busy = false;
    const entry = medium.flying;
    medium.flying = -1;
    if (entry < 0 || !this.#outbox.isFlying(entry)) return;
    if (this.#outbox.neighbour(entry) === EVERYONE) this.#outbox.release(entry);
    else if (!ok) this.#failed(medium, entry);
    else if (medium.profile.reliable) this.#delivered(entry);
    else this.#outbox.listen(entry, this.#now + medium.ackClock.timeout());
  }

  #onLink(medium: Medium, up: boolean): void {
    if (medium.up === up) return;
    medium.up = up;
    medium.busy = false;
    medium.flying = -1;
    if (up) return medium.beacons.start(this.#now);
    this.#outbox.releaseBroadcasts(medium.kind);
    for (let slot = 0; slot < this.neighbours.capacity; slot += 1)
      if (this.neighbours.isKnown(slot) && this.neighbours.kind(slot) === medium.kind) this.neighbours.leave(slot);
  }

  #onSubmit(submit: Submit): void {
    const { neighbour, link, rank, frame, from, reroutes } = submit;
    const medium = this.#medium(link);
    if (!medium.up) return this.#options.counters.drop(Drop.Undelivered);
    const atOnce = !medium.profile.reliable && !medium.busy && !medium.owesAck && this.#outbox.isClear(link, neighbour);
    const added = this.#outbox.add(this.#now, link, neighbour, rank, frame, reroutes);
    if (!added) return this.#options.counters.drop(Drop.QueueFull);
    if (from >= 0 && !(atOnce && this.neighbours.kind(from) === link))
      this.#acknowledge(from, envelopeFlow(frame, 0), envelopeCounter(frame, 0));
  }

  #acknowledge(neighbour: number, flow: number, counter: number): void {
    if (!this.neighbours.isPinned(neighbour)) return;
    const kind = this.neighbours.kind(neighbour);
    if (!linkProfiles[kind].reliable) this.#medium(kind).oweAck(neighbour, flow, counter);
  }

  #onAcknowledged(medium: Medium, slot: number, flow: number, counter: number): void {
    const entry = this.#outbox.awaiting(slot, flow, counter);
    if (entry < 0) return;
    // From the first hand-over to the driver: its channel access is part of what a retry would wait for too.
    if (this.#outbox.tries(entry) === 0) medium.ackClock.sample(this.#now - this.#outbox.since(entry));
    this.#delivered(entry);
    this.#discovery.judge(this.#now, medium, slot);
  }

  #delivered(entry: number): void {
    const slot = this.#outbox.neighbour(entry);
    this.neighbours.record(slot, true, 1);
    this.neighbours.setFailed(slot, 0);
    this.#outbox.release(entry);
  }

  /** A try was not acknowledged. */
  #failed(medium: Medium, entry: number): void {
    const slot = this.#outbox.neighbour(entry);
    const tries = this.#outbox.tries(entry) + 1;
    const etx = this.#steadyEtx(medium, slot);
    if (tries < (etx < ETX_POOR ? TRIES : TRIES_POOR)) {
      const backoff = this.#options.prng.between(BACKOFF.least, BACKOFF.most << tries);
      const frame = this.#outbox.frame(entry);
      setEnvelopeFlags(frame, 0, envelopeFlags(frame, 0) | EnvelopeFlag.retry);
      this.#outbox.retry(entry, this.#now + backoff);
      this.#options.counters.retries += 1;
      return;
    }
    const silent = this.neighbours.heardAt(slot) < this.#outbox.since(entry);
    if (etx < ETX_POOR) this.neighbours.record(slot, false, silent ? SILENT_CHANCES : 1);
    this.neighbours.setFailed(slot, silent ? this.neighbours.failed(slot) + 1 : 0);
    const enough = etx < ETX_POOR ? GONE_AFTER : GONE_AFTER_POOR;
    if (etx < ETX_HOPELESS && this.neighbours.failed(slot) >= enough) this.neighbours.setOutward(slot, 0);
    this.#outbox.giveBack(entry);
    this.#discovery.judge(this.#now, medium, slot);
  }

  /** Transmissions for a delivery, whole ones, as the neighbour's last beacon had it. */
  #steadyEtx(medium: Medium, slot: number): number {
    const lossless = losslessCost(medium.kind);
    return Math.floor(linkCost(lossless, this.neighbours.steady(slot), this.neighbours.outward(slot)) / lossless);
  }

  #onTime(): void {
    const now = this.#now;
    for (let entry = this.#outbox.overdue(now); entry >= 0; entry = this.#outbox.overdue(now))
      this.#failed(this.#medium(this.#outbox.kind(entry)), entry);
    if (now < this.#sweepAt) return;
    this.#sweepAt = millis(now + SWEEP_EVERY);
    this.#discovery.sweep(now, (slot) => this.#medium(this.neighbours.kind(slot)));
  }

  #tellNeighbour(slot: number): LinkEffect {
    const cost = this.neighbours.cost(slot);
    if (cost === COST_INFINITE) this.#outbox.giveBackAll(slot);
    const restarted = this.neighbours.told(slot);
    return { type: 'neighbour', neighbour: slot, cost, restarted };
  }

  #takeReturned(entry: number): LinkEffect {
    const outbox = this.#outbox;
    outbox.release(entry);
    return {
      type: 'undelivered',
      neighbour: outbox.neighbour(entry),
      frame: outbox.frame(entry),
      rank: outbox.rank(entry),
      reroutes: outbox.reroutes(entry),
    };
  }

  #transmit(medium: Medium): LinkEffect | undefined {
    const now = this.#now;
    if (medium.owesAck) {
      const { neighbour, flow, counter } = medium.takeAck();
      if (this.neighbours.isPinned(neighbour)) return this.#sendOwn(medium, neighbour, EnvelopeClass.ack, flow, counter, () => undefined);
    }
    if (medium.beacons.due <= now) {
      return this.#sendOwn(medium, EVERYONE, EnvelopeClass.beacon, this.#tag(), this.updateNumber, (w) =>
        this.#discovery.writeBeacon(now, w, medium, this.queueEighths()),
      );
    }
    const asks = this.#discovery.dueQuestion(now, medium);
    if (asks >= 0 || (medium.answerAt !== 0 && medium.answerAt <= now)) {
      if (asks >= 0) this.#discovery.asked(now, asks);
      return this.#sendOwn(medium, asks >= 0 ? asks : EVERYONE, EnvelopeClass.identity, this.#tag(), this.nextCounter(), (w) =>
        this.#discovery.writeIdentity(now, w, medium, asks >= 0),
      );
    }
    const entry = this.#outbox.next(now, medium.kind, (rank) => medium.budget === undefined || medium.budget.wait(rank, now) === 0);
    return entry < 0 ? undefined : this.#sendQueued(medium, entry);
  }

  #sendQueued(medium: Medium, entry: number): LinkEffect {
    const neighbour = this.#outbox.neighbour(entry);
    const bytes = this.#outbox.frame(entry).slice();
    this.#outbox.fly(entry, this.#now);
    medium.budget?.spend(this.#outbox.rank(entry), airtime(medium.kind, bytes.length));
    return this.#give(medium, neighbour, bytes, entry);
  }

  /** A frame of the link's own: no retry. Identities go to everyone's ears even when one neighbour is meant. */
  #sendOwn(
    medium: Medium,
    neighbour: number,
    frameClass: number,
    flow: number,
    counter: number,
    body: (w: ByteWriter) => void,
  ): LinkEffect {
    const destination = neighbour === EVERYONE ? ALL_NODES : this.neighbours.id(neighbour);
    writeEnvelope(this.#scratch, 0, { class: frameClass, hopLimit: 0, flags: 0, destination, flow, counter });
    const w = new ByteWriter(this.#scratch);
    w.at = ENVELOPE_OCTETS;
    body(w);
    return this.#give(medium, frameClass === EnvelopeClass.ack ? neighbour : EVERYONE, w.written().slice(), -1);
  }

  #give(medium: Medium, neighbour: number, bytes: Uint8Array, entry: number): LinkEffect {
    medium.busy = true;
    medium.flying = entry;
    this.#options.counters.sent(envelopeClass(bytes, 0), bytes.length);
    const to = neighbour === EVERYONE ? BROADCAST : this.neighbours.mac(neighbour).slice();
    return { type: 'transmit', link: medium.kind, to, bytes };
  }

  #tag(): number {
    return u32At(this.#options.id, 0);
  }

  #isIdle(kind: LinkKind): boolean {
    const medium = this.#medium(kind);
    return medium.up && !medium.busy;
  }

  #medium(kind: LinkKind): Medium {
    for (const medium of this.#media) if (medium.kind === kind) return medium;
    throw new CodedError('link-kind', `this node has no ${kind} link`);
  }
}
