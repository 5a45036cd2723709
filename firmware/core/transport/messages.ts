/**
 * Messages end to end: cut into segments of the path's size, sent in a small window, acknowledged by receipts, repeated where missing, joined and
 * handed over once. A message without an answer in time ends `unknown`, never failed.
 *
 *   queued -> moving      the path has room
 *   moving -> delivered   a receipt says that all of it arrived
 *   moving -> refused     a receipt says that it never will (no such leaf, too long), or that there was no room until we gave up
 *   queued, moving -> unknown    nothing new for GIVE_UP
 */
import { ByteWriter, CodedError, millis, NEVER, Ring, sameOctets, type Machine, type Millis } from '../base/index.js';
import { Drop } from '../link/index.js';
import {
  decodePacket,
  encodePacket,
  ENVELOPE_OCTETS,
  EnvelopeClass,
  PACKET_MAX,
  type Packet,
  type Ping,
  type Pong,
  type Receipt,
  type Refusal,
  type Segment,
} from '../wire/index.js';
import { sameAddress, type Address } from './address.js';
import { Arrivals } from './arrivals.js';
import type { MessagesEffect, MessagesInput, MessagesOptions } from './messages-inputs.js';
import { Outgoing, type TrafficClass } from './outgoing.js';
import { Paths } from './paths.js';
import { Pings } from './pings.js';

/** An island heals within seconds; a message that gets no answer for this long is left to a layer that can wait. */
const GIVE_UP = 30_000;
/** A refusal for want of room is believed for so long, doubling with each. */
const PAUSE = 500;
const PAUSE_MOST = 4_000;
/** Octets of a segment around its payload at their largest: map 1, kind 2, node 10, number 6, index 4, count 4, payload 4; each leaf 10 more. */
const SEGMENT_OCTETS = 31;
const LEAF_OCTETS = 10;
const RANKS: readonly TrafficClass[] = ['sos', 'control', 'paid', 'free'];

export class Messages implements Machine<MessagesInput, MessagesEffect> {
  readonly #options: MessagesOptions;
  readonly #paths: Paths;
  readonly #arrivals: Arrivals;
  readonly #outgoing: Outgoing[] = [];
  readonly #pings: Pings;
  readonly #out: Ring<MessagesEffect>;
  readonly #scratch = new Uint8Array(PACKET_MAX);
  /** Messages of ours or pings are out, or were until the last look. */
  #isSending = false;
  #number: number;
  #now = millis(0);

  constructor(options: MessagesOptions) {
    const { caps, prng } = options;
    if (caps.outgoing < 1 || caps.pings < 1 || caps.messages < 1) throw new CodedError('messages-caps', 'every cap is at least 1');
    this.#options = options;
    this.#paths = new Paths(caps.paths);
    this.#arrivals = new Arrivals(caps, options.counters);
    this.#pings = new Pings(caps.pings);
    // One input answers at most every message and ping that gives up, and a receipt with progress and outcome.
    this.#out = new Ring(caps.outgoing + caps.pings + 4);
    this.#number = prng.u32();
  }

  handle(now: Millis, input: MessagesInput): void {
    this.#now = now;
    switch (input.type) {
      case 'deliver':
        this.#onPacket(input.class, input.last, input.hops, input.frame);
        break;
      case 'send':
        this.#onSend(input.token, input.to, input.class, input.payload);
        break;
      case 'ping':
        this.#onPing(input.token, input.to);
        break;
      case 'tick':
        break;
    }
    this.#onTime();
  }

  poll(): MessagesEffect | undefined {
    const effect = this.#out.shift();
    return effect !== undefined || !this.#isSending ? effect : (this.#nextPing() ?? this.#nextSegment());
  }

  deadline(): Millis {
    if (!this.#isSending) return NEVER;
    let earliest: number = NEVER;
    for (const message of this.#outgoing) {
      earliest = Math.min(earliest, message.progressAt + GIVE_UP);
      if (message.timeoutAt !== 0) earliest = Math.min(earliest, message.timeoutAt);
      if (message.pausedUntil > this.#now) earliest = Math.min(earliest, message.pausedUntil);
    }
    earliest = Math.min(earliest, this.#pings.deadline(this.#now));
    return millis(earliest > this.#now ? earliest : this.#now + 1);
  }

  #onSend(token: number, to: Address, trafficClass: TrafficClass, payload: Uint8Array): void {
    if (to.node.length !== 8 || (to.leaf !== undefined && to.leaf.length !== 8)) throw new CodedError('address', 'an id has 8 octets');
    const { caps, below } = this.#options;
    const refuse = (reason: string): void => void this.#out.push({ type: 'outcome', token, outcome: 'refused', reason });
    const self = below.self();
    if (self !== undefined && sameAddress(self, to)) return this.#sendToSelf(token, self, trafficClass, payload);
    if (payload.length > caps.messageOctets) return refuse('too-long');
    if (this.#outgoing.length >= caps.outgoing) return refuse('busy');
    const path = this.#paths.open(to);
    if (path < 0) return refuse('busy');
    const leaves = (to.leaf === undefined ? 0 : LEAF_OCTETS) + (this.#options.role === 'leaf' ? LEAF_OCTETS : 0);
    const segment = below.mtu(to) - ENVELOPE_OCTETS - SEGMENT_OCTETS - leaves;
    const message = new Outgoing({ token, to, class: trafficClass, payload, number: this.#nextNumber(), segment, path, now: this.#now });
    let at = this.#outgoing.length;
    while (at > 0 && RANKS.indexOf(this.#outgoing[at - 1]!.options.class) > RANKS.indexOf(trafficClass)) at -= 1;
    this.#outgoing.splice(at, 0, message);
    this.#isSending = true;
  }

  #sendToSelf(token: number, self: Address, trafficClass: TrafficClass, payload: Uint8Array): void {
    this.#options.counters.delivered += 1;
    this.#out.push({ type: 'message', from: self, class: trafficClass, payload: payload.slice() });
    this.#out.push({ type: 'outcome', token, outcome: 'delivered' });
  }

  #onPing(token: number, to: Address): void {
    if (to.node.length !== 8 || (to.leaf !== undefined && to.leaf.length !== 8)) throw new CodedError('address', 'an id has 8 octets');
    const self = this.#options.below.self();
    if (self !== undefined && sameAddress(self, to)) this.#out.push({ type: 'pong', token, hops: 0, elapsed: millis(0) });
    else if (this.#pings.add({ token, to, number: this.#nextNumber(), at: this.#now })) this.#isSending = true;
    else this.#out.push({ type: 'outcome', token, outcome: 'refused', reason: 'busy' });
  }

  #onPacket(packetClass: number, last: boolean, hops: number, frame: Uint8Array): void {
    const { role, below, counters } = this.#options;
    const packet = decodePacket(frame, ENVELOPE_OCTETS, frame.length);
    if (typeof packet === 'number') return counters.drop(Drop.Malformed);
    const self = below.self();
    if (self === undefined) return;
    const forLeaf = packet.toLeaf;
    if (role !== 'leaf' && forLeaf !== undefined) {
      if (below.hasLeaf(forLeaf)) this.#out.push({ type: 'hand-over', leaf: forLeaf, frame });
      else this.#onUnknownLeaf(self, forLeaf, packet);
      return;
    }
    if (role === 'leaf' && (forLeaf === undefined || !sameOctets(forLeaf, 0, self.leaf!, 0, 8))) return counters.drop(Drop.UnknownLeaf);
    switch (packet.kind) {
      case 'segment':
        return this.#onSegment(self, packetClass, last, packet);
      case 'receipt':
        return this.#onReceipt(packet);
      case 'ping':
        return this.#answer(self, addressOf(packet), { kind: 'pong', number: packet.number, hops: Math.min(hops, 63) });
      case 'pong':
        return this.#onPong(packet);
    }
  }

  #onUnknownLeaf(self: Address, leaf: Uint8Array, packet: Packet): void {
    this.#options.counters.drop(Drop.UnknownLeaf);
    if (packet.kind !== 'segment') return;
    const from: Address = { node: self.node, leaf };
    this.#answer(from, addressOf(packet), { kind: 'receipt', number: packet.number, next: 0, refusal: 'unknown-leaf' });
  }

  #onSegment(self: Address, packetClass: number, last: boolean, segment: Segment): void {
    const from = addressOf(segment);
    const { payload, receipt } = this.#arrivals.take(this.#now, from, segment, last);
    if (payload !== undefined) this.#out.push({ type: 'message', from, class: classOf(packetClass), payload });
    if (receipt !== undefined) this.#answer(self, from, receipt);
  }

  /** A small packet at once, in the class of control: what it answers took its turn already. */
  #answer(from: Address, to: Address, packet: Omit<Receipt, 'node'> | Omit<Pong, 'node'> | Omit<Ping, 'node'>): void {
    const w = new ByteWriter(new Uint8Array(64));
    encodePacket(w, { ...packet, node: from.node, leaf: from.leaf, toLeaf: to.leaf } as Packet);
    this.#out.push({ type: 'packet', class: EnvelopeClass.control, to, last: false, body: w.written() });
  }

  #onReceipt(receipt: Receipt): void {
    const from = addressOf(receipt);
    const message = this.#outgoing.find(({ options }) => options.number === receipt.number && sameAddress(options.to, from));
    if (message === undefined) return;
    const { token, path } = message.options;
    if (receipt.refusal !== undefined) return this.#onRefusal(message, receipt.refusal);
    const { acknowledged, landed, lost, elapsed } = message.acknowledge(receipt, this.#now);
    this.#paths.landed(path, landed);
    if (lost > 0) this.#paths.lost(path);
    if (elapsed >= 0) this.#paths.sample(path, elapsed);
    if (acknowledged === 0) return;
    this.#paths.acknowledged(path, acknowledged);
    message.progressAt = this.#now;
    message.timeoutAt = message.flying > 0 ? this.#now + this.#paths.timeout(path) : 0;
    this.#out.push({ type: 'progress', token, done: message.done, total: message.count });
    if (message.done === message.count) this.#end(message, 'delivered');
  }

  #onRefusal(message: Outgoing, refusal: Refusal): void {
    if (refusal !== 'no-room') return this.#end(message, 'refused', refusal);
    message.refusals += 1;
    message.pausedUntil = this.#now + Math.min(PAUSE << Math.min(message.refusals - 1, 4), PAUSE_MOST);
    this.#paths.landed(message.options.path, message.loseAll());
    message.timeoutAt = 0;
  }

  #onPong({ number, hops, ...packet }: Pong): void {
    const ping = this.#pings.answer(number, addressOf(packet));
    if (ping !== undefined) this.#out.push({ type: 'pong', token: ping.token, hops, elapsed: millis(this.#now - ping.at) });
  }

  #onTime(): void {
    if (!this.#isSending) return;
    const now = this.#now;
    for (let i = this.#outgoing.length - 1; i >= 0; i -= 1) {
      const message = this.#outgoing[i]!;
      const { path } = message.options;
      if (now - message.progressAt >= GIVE_UP) {
        if (message.refusals > 0) this.#end(message, 'refused', 'no-room');
        else this.#end(message, 'unknown');
      } else if (message.timeoutAt !== 0 && message.timeoutAt <= now) {
        this.#paths.landed(path, message.loseAll());
        this.#paths.timedOut(path);
        message.timeoutAt = 0;
      }
    }
    for (let ping = this.#pings.expired(now); ping !== undefined; ping = this.#pings.expired(now))
      this.#out.push({ type: 'outcome', token: ping.token, outcome: 'unknown' });
    this.#isSending = this.#outgoing.length > 0 || !this.#pings.isEmpty;
  }

  #end(message: Outgoing, outcome: 'delivered' | 'unknown' | 'refused', reason?: string): void {
    const { token, path } = message.options;
    this.#paths.landed(path, message.flying);
    this.#outgoing.splice(this.#outgoing.indexOf(message), 1);
    this.#out.push(reason === undefined ? { type: 'outcome', token, outcome } : { type: 'outcome', token, outcome, reason });
  }

  #nextPing(): MessagesEffect | undefined {
    const self = this.#options.below.self();
    if (self === undefined || !this.#options.below.hasRoom('control')) return undefined;
    const ping = this.#pings.due(this.#now);
    if (ping === undefined) return undefined;
    this.#answer(self, ping.to, { kind: 'ping', number: ping.number });
    return this.#out.shift();
  }

  /** The next segment that its path and the queue have room for; messages in order of class, then age. */
  #nextSegment(): MessagesEffect | undefined {
    const { below } = this.#options;
    const self = below.self();
    if (self === undefined) return undefined;
    for (const message of this.#outgoing) {
      const { to, path, number } = message.options;
      if (message.pausedUntil > this.#now || !this.#paths.hasRoom(path) || !below.hasRoom(message.options.class)) continue;
      // A route that appears comes with an input, and every input asks for the next segment again.
      if (!below.reaches(to)) continue;
      const index = message.nextUnsent();
      if (index < 0) continue;
      this.#paths.left(path);
      const last = message.leave(index, this.#now, this.#paths.window(path), !this.#paths.hasRoom(path));
      message.timeoutAt = this.#now + this.#paths.timeout(path);
      const w = new ByteWriter(this.#scratch);
      const payload = message.payloadOf(index);
      encodePacket(w, { kind: 'segment', node: self.node, leaf: self.leaf, toLeaf: to.leaf, number, index, count: message.count, payload });
      return { type: 'packet', class: EnvelopeClass[message.options.class], to, last, body: w.written() };
    }
    return undefined;
  }

  #nextNumber(): number {
    this.#number = (this.#number + 1) >>> 0;
    return this.#number;
  }
}

/** The sender that a packet names, in memory of its own. */
function addressOf(packet: Pick<Packet, 'node' | 'leaf'>): Address {
  return packet.leaf === undefined ? { node: packet.node.slice() } : { node: packet.node.slice(), leaf: packet.leaf.slice() };
}

function classOf(packetClass: number): TrafficClass {
  for (const name of RANKS) if (EnvelopeClass[name] === packetClass) return name;
  return 'free';
}
