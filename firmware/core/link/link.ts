/**
 * Link: one hop. Discovery finds neighbours and measures links, Deliveries sees frames through to their acknowledgement; this machine takes turns on each
 * medium and tells the layer above what it heard, which links it may use at what cost, and which frames no acknowledgement came for.
 *
 * Sending order on a medium: owed acknowledgements, beacon, handshakes, then the outbox by rank. What leaves is sealed here, and what comes is opened
 * here: the layers above see plain frames.
 */
import { ByteWriter, millis, NEVER, sameOctets, u32At, type Machine, type Millis } from '../base/index.js';
import {
  checkEnvelope,
  ENVELOPE_DESTINATION_AT,
  ENVELOPE_OCTETS,
  envelopeClass,
  EnvelopeClass,
  envelopeCounter,
  envelopeFlow,
  writeEnvelope,
} from '../wire/index.js';
import type { Rank } from './airtime-budget.js';
import { Carriage } from './carriage.js';
import { Drop } from './counters.js';
import { Deliveries } from './deliveries.js';
import { Discovery } from './discovery.js';
import { Handshakes } from './handshakes.js';
import { airtime, LINK_KINDS, linkProfiles, type LinkKind } from './link-kind.js';
import { COST_INFINITE } from './link-quality.js';
import type { LinkEffect, LinkInput, LinkOptions, Submit } from './link-inputs.js';
import { Media } from './media.js';
import type { Medium } from './medium.js';
import { NeighbourTable } from './neighbour-table.js';
import { EVERYONE, Outbox } from './outbox.js';
import { SEAL_OCTETS, Sessions } from './sessions.js';

const BROADCAST = new Uint8Array([255, 255, 255, 255, 255, 255]);
const ALL_NODES = new Uint8Array([255, 255, 255, 255, 255, 255, 255, 255]);
const SWEEP_EVERY = 2_000;
/**
 * A frame for somebody else is answered by one of at most its length, and we may not hear who answers (the hidden terminal): our queue waits that long.
 * Milliseconds for the answer to start.
 */
const ANSWER_STARTS = 3;

export class Link implements Machine<LinkInput, LinkEffect> {
  readonly neighbours: NeighbourTable;
  /** What the beacons carry as their counter: the number of the last update, set by the layer above. */
  updateNumber = 0;
  readonly #options: LinkOptions;
  readonly #media: Media;
  readonly #outbox: Outbox;
  /** Who takes packets and does not send them on. */
  readonly carriage: Carriage;
  readonly #discovery: Discovery;
  readonly #deliveries: Deliveries;
  readonly #sessions: Sessions;
  readonly #handshakes: Handshakes;
  readonly #scratch: Uint8Array;
  #started = false;
  /** The last poll found nothing, and nothing was told since. */
  #isQuiet = false;
  /** Beacons go at ticks: other inputs have their own work, and a board's turn must stay short. */
  #mayBeacon = false;
  #now = millis(0);
  #heard: LinkEffect | undefined;
  #sweepAt = millis(0);
  /** Counter of frames that never leave their link. */
  #counter = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.neighbours = new NeighbourTable(options.neighbours);
    this.#media = new Media(options.media, options.prng);
    this.#outbox = new Outbox(options.queue, this.#media.frameOctets - SEAL_OCTETS);
    this.#scratch = new Uint8Array(this.#media.frameOctets - SEAL_OCTETS);
    this.carriage = new Carriage(options.neighbours);
    const { neighbours, carriage } = this;
    const sessions = new Sessions(options.kernels, options.neighbours, this.#media.frameOctets);
    this.#sessions = sessions;
    const discovery = new Discovery({ ...options, neighbours, sessions, carriage });
    this.#discovery = discovery;
    this.#handshakes = new Handshakes({ ...options, neighbours, sessions, discovery });
    this.#deliveries = new Deliveries({ ...options, neighbours, outbox: this.#outbox, discovery, carriage });
  }

  /** Whether the queue takes another frame of the rank. */
  hasRoom(rank: Rank): boolean {
    return this.#outbox.hasRoom(rank);
  }

  /** Frames waiting or on the way, in eighths of the queue. */
  queueEighths(): number {
    return Math.floor((this.#outbox.size * 8) / this.#outbox.capacity);
  }

  /** The largest frame of any of its links, without its seal. */
  get frameOctets(): number {
    return this.#scratch.length;
  }

  /** The largest frame of a link, without its seal. */
  mtu(kind: LinkKind): number {
    return this.#media.of(kind).mtu - SEAL_OCTETS;
  }

  /** A link that was good has failed in silence, not often enough to be sure: worth a question. */
  isDoubtful(neighbour: number): boolean {
    return this.neighbours.isPinned(neighbour) && this.#deliveries.isDoubtful(this.#media.of(this.neighbours.kind(neighbour)), neighbour);
  }

  /** When a frame last went out over a kind of link. */
  sentAt(kind: LinkKind): number {
    return this.#media.of(kind).sentAt;
  }

  /** Links that it has, up or not. */
  kinds(): LinkKind[] {
    return this.#media.all.map(({ kind }) => kind);
  }

  /** Links that are up. */
  kindsUp(): LinkKind[] {
    return this.#media.kindsUp();
  }

  nextCounter(): number {
    this.#counter = (this.#counter + 1) & 0xffff;
    return this.#counter;
  }

  /** A beacon goes now: work enough for one turn of a board. */
  isAboutToBeacon(now: Millis): boolean {
    const { all } = this.#media;
    for (let i = 0, count = all.length; i < count; i += 1) if (all[i]!.up && !all[i]!.busy && all[i]!.beacons.due <= now) return true;
    return false;
  }

  handle(now: Millis, input: LinkInput): void {
    this.#now = now;
    this.#isQuiet = false;
    this.#mayBeacon = input.type === 'tick';
    if (!this.#started) this.#start(now);
    switch (input.type) {
      case 'frame':
        this.#onFrame(this.#media.of(input.link), input.from, input.to, input.bytes, input.rssi);
        break;
      case 'sent':
        this.#onSent(this.#media.of(input.link), input.ok);
        break;
      case 'link':
        this.#onLink(this.#media.of(input.link), input.up);
        break;
      case 'submit':
        this.#onSubmit(input);
        break;
      case 'acknowledge':
        this.#acknowledge(input.neighbour, input.flow, input.counter);
        break;
      case 'random':
        this.#handshakes.random(now, input.bytes);
        break;
      case 'crypto-done':
        this.#handshakes.answer(now, input.answer);
        break;
      case 'tick':
        break;
    }
    this.#onTime();
  }

  poll(): LinkEffect | undefined {
    if (this.#isQuiet) return undefined;
    const heard = this.#heard;
    if (heard !== undefined) {
      this.#heard = undefined;
      return heard;
    }
    const changed = this.neighbours.changed();
    if (changed >= 0) return this.#tellNeighbour(changed);
    const returned = this.#outbox.returned();
    if (returned >= 0) return this.#takeReturned(returned);
    const asks = this.#handshakes.effect;
    if (asks !== undefined) {
      this.#handshakes.effect = undefined;
      return asks;
    }
    if (!this.#handshakes.isReady) return undefined;
    const { all } = this.#media;
    for (let i = 0, count = all.length; i < count; i += 1) {
      const medium = all[i]!;
      const effect = medium.up && !medium.busy ? this.#transmit(medium) : undefined;
      if (effect !== undefined) return effect;
    }
    this.#isQuiet = true;
    return undefined;
  }

  deadline(): Millis {
    if (!this.#started) return millis(0);
    if (!this.#handshakes.isReady) return NEVER;
    const now = this.#now;
    let earliest = this.neighbours.used > 0 ? this.#sweepAt : Number.MAX_SAFE_INTEGER;
    const { all } = this.#media;
    const waits = this.#outbox.waiting > 0;
    const shakes = this.#handshakes.isShaking;
    for (let i = 0, count = all.length; i < count; i += 1) {
      const medium = all[i]!;
      if (!medium.up || medium.busy) continue;
      if (waits && medium.deferUntil > now && medium.deferUntil < earliest) earliest = medium.deferUntil;
      const beacon = medium.beacons.due;
      if (beacon < earliest) earliest = beacon;
      const message = shakes ? this.#handshakes.messageDeadline(medium) : earliest;
      if (message < earliest) earliest = message;
    }
    const call = this.#handshakes.callDeadline();
    if (call < earliest) earliest = call;
    if (waits || this.#outbox.awaited > 0) {
      const frame = this.#outbox.deadline((kind) => this.#media.isIdle(kind) && this.#media.of(kind).deferUntil <= now);
      if (frame < earliest) earliest = frame;
    }
    return earliest >= NEVER ? NEVER : millis(earliest > now ? earliest : now + 1);
  }

  #start(now: Millis): void {
    this.#started = true;
    this.#sweepAt = millis(now + SWEEP_EVERY);
    for (const medium of this.#media.all) if (medium.kind !== 'serial') this.#onLink(medium, true);
  }

  #onFrame(medium: Medium, from: Uint8Array, to: Uint8Array, bytes: Uint8Array, rssi: number): void {
    const { counters } = this.#options;
    const now = this.#now;
    if (sameOctets(from, 0, medium.mac, 0, 6) && medium.kind !== 'serial') return;
    counters.receivedFrames += 1;
    if (checkEnvelope(bytes) !== 0) return counters.drop(Drop.Malformed);
    const frameClass = envelopeClass(bytes, 0);
    const forUs = medium.kind === 'serial' || sameOctets(to, 0, medium.mac, 0, 6) || sameOctets(to, 0, BROADCAST, 0, 6);
    if (frameClass === EnvelopeClass.beacon) {
      const sender = this.#discovery.hearBeacon(now, medium, from, bytes, rssi);
      if (sender >= 0 && this.neighbours.isPinned(sender))
        this.#heard = { type: 'heard', neighbour: sender, bytes: bytes.subarray(0, bytes.length - SEAL_OCTETS) };
      return;
    }
    if (frameClass === EnvelopeClass.handshake) {
      if (forUs) this.#handshakes.hear(now, medium, from, bytes);
      return;
    }
    const slot = this.neighbours.findMac(medium.kind, from);
    if (slot < 0 || !this.neighbours.isPinned(slot)) return counters.drop(Drop.Stranger);
    if (!forUs) return this.#overhear(medium, slot, bytes, rssi);
    const broadcast = sameOctets(bytes, ENVELOPE_DESTINATION_AT, ALL_NODES, 0, 8);
    const frame = this.#sessions.open(slot, LINK_KINDS.indexOf(medium.kind), bytes, broadcast, false);
    if (frame === undefined) return this.#discovery.suspect(now, slot);
    this.#discovery.trust(now, slot);
    this.neighbours.heard(slot, now, rssi);
    if (frameClass !== EnvelopeClass.ack) this.#heard = { type: 'heard', neighbour: slot, bytes: frame };
    if (frameClass === EnvelopeClass.ack || frameClass >= EnvelopeClass.sos)
      this.#deliveries.acknowledged(now, medium, slot, envelopeFlow(bytes, 0), envelopeCounter(bytes, 0), frameClass === EnvelopeClass.ack);
  }

  /**
   * A frame for somebody else says that its sender is there, that it sends on what we gave it, and that somebody will answer. Its seal is for that other
   * one, so all this is a hint that anybody could make up: what arrived is known end to end, and what a link is worth by its beacons.
   */
  #overhear(medium: Medium, slot: number, bytes: Uint8Array, rssi: number): void {
    const now = this.#now;
    this.neighbours.heard(slot, now, rssi);
    if (envelopeClass(bytes, 0) >= EnvelopeClass.sos)
      this.#deliveries.acknowledged(now, medium, slot, envelopeFlow(bytes, 0), envelopeCounter(bytes, 0), false);
    if (!medium.profile.reliable) medium.deferUntil = now + Math.ceil(airtime(medium.kind, bytes.length) / 1000) + ANSWER_STARTS;
  }

  /** A frame left the antenna, or the driver gave it up. */
  #onSent(medium: Medium, ok: boolean): void {
    if (!medium.busy) return;
    medium.busy = false;
    const entry = medium.flying;
    medium.flying = -1;
    if (entry >= 0) this.#deliveries.sent(this.#now, medium, entry, ok);
  }

  #onLink(medium: Medium, up: boolean): void {
    if (medium.up === up) return;
    medium.up = up;
    medium.busy = false;
    medium.flying = -1;
    if (up) return medium.beacons.start(this.#now);
    this.#outbox.releaseBroadcasts(medium.kind);
    this.#handshakes.drop(medium);
    for (let slot = 0; slot < this.neighbours.capacity; slot += 1)
      if (this.neighbours.isKnown(slot) && this.neighbours.kind(slot) === medium.kind) this.neighbours.leave(slot);
  }

  #onSubmit(submit: Submit): void {
    const { neighbour, link, rank, frame, from, reroutes } = submit;
    const medium = this.#media.of(link);
    if (!medium.up) return this.#options.counters.drop(Drop.Undelivered);
    const atOnce = !medium.profile.reliable && !medium.busy && medium.acksOwed === 0 && this.#outbox.isClear(link, neighbour);
    const added = this.#outbox.add(this.#now, link, neighbour, rank, frame, reroutes);
    if (!added) return this.#options.counters.drop(Drop.QueueFull);
    if (from >= 0 && !(atOnce && this.neighbours.kind(from) === link))
      this.#acknowledge(from, envelopeFlow(frame, 0), envelopeCounter(frame, 0));
  }

  #acknowledge(neighbour: number, flow: number, counter: number): void {
    if (!this.neighbours.isPinned(neighbour)) return;
    const kind = this.neighbours.kind(neighbour);
    if (!linkProfiles[kind].reliable) this.#media.of(kind).oweAck(neighbour, flow, counter);
  }

  #onTime(): void {
    const now = this.#now;
    if (this.#outbox.awaited > 0) this.#deliveries.giveUp(now, (kind) => this.#media.of(kind));
    this.#handshakes.work(now, this.#mediumOf);
    if (now < this.#sweepAt) return;
    this.#sweepAt = millis(now + SWEEP_EVERY);
    this.#discovery.sweep(now, this.#mediumOf);
    this.carriage.sweep(
      now,
      (slot) => this.neighbours.isKnown(slot),
      (slot) => this.#discovery.judge(now, this.#mediumOf(slot), slot),
    );
  }

  readonly #mediumOf = (slot: number): Medium => this.#media.of(this.neighbours.kind(slot));

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
    if (medium.acksOwed > 0) {
      const { neighbour, flow, counter } = medium.takeAck();
      if (this.neighbours.isPinned(neighbour)) return this.#sendAck(medium, neighbour, flow, counter);
    }
    if (this.#mayBeacon && medium.beacons.due <= now) return this.#sendBeacon(medium);
    const handshake = this.#handshakes.isShaking ? this.#handshakes.takeDue(now, medium) : -1;
    if (handshake >= 0) return this.#sendHandshake(medium, handshake);
    if (medium.deferUntil > now || this.#outbox.waiting === 0) return undefined;
    const entry = this.#outbox.next(now, medium.kind, (rank) => medium.budget === undefined || medium.budget.wait(rank, now) === 0);
    return entry < 0 ? undefined : this.#sendQueued(medium, entry);
  }

  #sendQueued(medium: Medium, entry: number): LinkEffect {
    const neighbour = this.#outbox.neighbour(entry);
    const bytes = this.#seal(medium, neighbour, this.#outbox.frame(entry), false);
    this.#outbox.fly(entry, this.#now);
    medium.budget?.spend(this.#outbox.rank(entry), airtime(medium.kind, bytes.length));
    return this.#give(medium, neighbour, bytes, entry);
  }

  #sendAck(medium: Medium, neighbour: number, flow: number, counter: number): LinkEffect {
    const destination = this.neighbours.id(neighbour);
    const w = this.#frame(EnvelopeClass.ack, destination, flow, counter);
    return this.#give(medium, neighbour, this.#seal(medium, neighbour, w.written(), false), -1);
  }

  #sendBeacon(medium: Medium): LinkEffect {
    const w = this.#frame(EnvelopeClass.beacon, ALL_NODES, this.#tag(), this.updateNumber);
    this.#discovery.writeBeacon(this.#now, w, medium, this.queueEighths());
    return this.#give(medium, EVERYONE, this.#seal(medium, EVERYONE, w.written(), true), -1);
  }

  #sendHandshake(medium: Medium, row: number): LinkEffect {
    const { mac, id, attempt } = this.#handshakes.recipient(row);
    const w = this.#frame(EnvelopeClass.handshake, id, this.#tag(), attempt);
    this.#handshakes.writeMessage(w, row);
    return this.#transmitTo(medium, mac, w.written().slice(), -1);
  }

  /** A frame of the link's own: it never leaves its link, and nobody repeats it. */
  #frame(frameClass: number, destination: Uint8Array, flow: number, counter: number): ByteWriter {
    writeEnvelope(this.#scratch, 0, { class: frameClass, hopLimit: 0, flags: 0, destination, flow, counter });
    const w = new ByteWriter(this.#scratch);
    w.at = ENVELOPE_OCTETS;
    return w;
  }

  #seal(medium: Medium, neighbour: number, frame: Uint8Array, clear: boolean): Uint8Array {
    return this.#sessions.seal(neighbour, LINK_KINDS.indexOf(medium.kind), frame, clear);
  }

  #give(medium: Medium, neighbour: number, bytes: Uint8Array, entry: number): LinkEffect {
    return this.#transmitTo(medium, neighbour === EVERYONE ? BROADCAST : this.neighbours.macCopy(neighbour), bytes, entry);
  }

  #transmitTo(medium: Medium, to: Uint8Array, bytes: Uint8Array, entry: number): LinkEffect {
    medium.busy = true;
    medium.sentAt = this.#now;
    medium.flying = entry;
    this.#options.counters.sent(envelopeClass(bytes, 0), bytes.length);
    return { type: 'transmit', link: medium.kind, to, bytes };
  }

  #tag(): number {
    return u32At(this.#options.id, 0);
  }
}
