/**
 * Mesh: many hops. Chooses next hops, forwards what is for others, hands up what is for us. Nothing is kept in custody: a packet is in the link's
 * queue or gone, and its sender's transport repeats it.
 *
 * A packet from a neighbour:
 *   for us            -> acknowledged, handed up once
 *   our own           -> a loop: counted, dropped
 *   seen before       -> acknowledged, dropped
 *   no route, no room -> not acknowledged: the neighbour tries another next hop
 *   else              -> one hop less, to the next hop; sending it on is the acknowledgement if that happens at once
 * A frame that its next hop did not acknowledge goes to the alternate one at once, or once more to the same.
 *
 * A leaf routes nothing: it is attached to the box or board whose link is best, sends everything there and takes everything from there.
 */
import { CodedError, millis, NEVER, Ring, sameOctets, type Machine, type Millis } from '../base/index.js';
import { COST_INFINITE, Drop, Rank } from '../link/index.js';
import type { DuplicateFilter, RouteEntry, RouteTable } from '../ports/index.js';
import {
  ENVELOPE_DESTINATION_AT,
  ENVELOPE_OCTETS,
  envelopeClass,
  EnvelopeClass,
  envelopeCounter,
  envelopeDestination,
  EnvelopeFlag,
  envelopeFlags,
  envelopeFlow,
  envelopeHopLimit,
  setEnvelopeFlags,
  setEnvelopeHopLimit,
  writeEnvelope,
} from '../wire/index.js';
import { meshTimers, type MeshEffect, type MeshInput, type MeshOptions, type Destination } from './mesh-inputs.js';
import { emptyEntry } from './empty-entry.js';
import { holdOf, Routing } from './routing.js';
import { endsAt } from './trust.js';

/** The field's largest: the widest island planned has fewer hops. The hops a packet took follow from what is left of it. */
export const HOP_LIMIT = 63;
/** A packet is repeated by its link for at most 5 tries of 0.25 s, over three next hops; its copies may linger in queues as long again. */
const DUPLICATE_WINDOW = 30;
/** Next hops that a frame may be given after its first. */
const REROUTES = 2;
/** Packets under one flow tag; a relay learns no more of us than these have in common. */
const FLOW_PACKETS = 1024;

export class Mesh implements Machine<MeshInput, MeshEffect> {
  readonly #options: MeshOptions;
  readonly #table: RouteTable;
  readonly #filter: DuplicateFilter;
  readonly #routing: Routing;
  readonly #out = new Ring<MeshEffect>(4);
  readonly #frame: Uint8Array;
  #flow: number;
  #lastFlow: number;
  #counter = FLOW_PACKETS;
  /** Of a leaf: slot of the neighbour that it is attached to, or -1. */
  #attached = -1;
  #now = millis(0);

  constructor(options: MeshOptions) {
    const { kernels, link, prng, destinations, duplicates } = options;
    this.#options = options;
    const timers = { ...meshTimers, ...options.timers };
    this.#table = kernels.routeTable({ capacity: destinations, hold: holdOf(timers) });
    this.#filter = kernels.duplicateFilter({ capacity: duplicates, window: DUPLICATE_WINDOW });
    this.#routing = new Routing({ ...options, table: this.#table, timers });
    this.#frame = new Uint8Array(link.frameOctets);
    const into = emptyEntry();
    link.carriage.ends = (neighbour, destination) => endsAt(link, this.#table, into, neighbour, destination);
    this.#flow = prng.u32();
    this.#lastFlow = this.#flow;
  }

  /** Slot of the neighbour that a leaf is attached to, or -1. */
  get attached(): number {
    return this.#attached;
  }

  /** Whether a leaf of this id is attached to us. */
  hasLeaf(leaf: Uint8Array): boolean {
    return this.#leafSlot(leaf) >= 0;
  }

  /** Whether a packet for the destination would find a next hop now. */
  reaches(destination: Uint8Array): boolean {
    return this.#nextHop(destination, -1) >= 0;
  }

  /** Slot of the neighbour over which alone a node is reached, because it is that neighbour; or -1. */
  neighbourOf(node: Uint8Array): number {
    const next = this.#nextHop(node, -1);
    return next >= 0 && sameOctets(this.#options.link.neighbours.id(next), 0, node, 0, 8) ? next : -1;
  }

  /** Each destination held, reachable or not; the same entry is filled anew for each. */
  routes(each: (entry: RouteEntry) => void): void {
    const entry = emptyEntry();
    for (let slot = 0; slot < this.#table.capacity; slot += 1) if (this.#table.read(slot, entry)) each(entry);
  }

  handle(now: Millis, input: MeshInput): void {
    this.#now = now;
    switch (input.type) {
      case 'heard':
        this.#onHeard(input.neighbour, input.bytes);
        break;
      case 'neighbour':
        if (this.#options.role === 'leaf') this.#attach();
        else this.#routing.onNeighbour(now, input.neighbour, input.cost, input.restarted);
        break;
      case 'undelivered':
        this.#onUndelivered(input.neighbour, input.frame, input.rank, input.reroutes);
        break;
      case 'send':
        this.#onSend(input.class, input.to, input.last, input.body);
        break;
      case 'hand-over':
        this.#handOver(input.leaf, input.frame);
        break;
      case 'tick':
        break;
    }
    if (this.#options.role !== 'leaf') this.#routing.onTick(now, input.type === 'tick' && !this.#options.link.isAboutToBeacon(now));
  }

  poll(): MeshEffect | undefined {
    const next = this.#out.shift();
    if (next !== undefined || this.#options.role === 'leaf') return next;
    const changed = this.#options.tellsRoutes === false ? -1 : this.#routing.takeChanged();
    return changed >= 0 ? this.#routeEffect(changed) : this.#routing.poll();
  }

  deadline(): Millis {
    if (this.#options.role === 'leaf') return NEVER;
    return millis(Math.max(this.#routing.deadline(), this.#now + 1));
  }

  #onHeard(neighbour: number, bytes: Uint8Array): void {
    const { id, role, counters, link } = this.#options;
    const packetClass = envelopeClass(bytes, 0);
    if (packetClass === EnvelopeClass.routing) return this.#onRoutingFrame(neighbour, bytes);
    if (packetClass === EnvelopeClass.beacon) return this.#routing.onBeacon(this.#now, neighbour, envelopeCounter(bytes, 0));
    const flow = envelopeFlow(bytes, 0);
    const counter = envelopeCounter(bytes, 0);
    const acknowledge = (): void => void this.#out.push({ type: 'acknowledge', neighbour, flow, counter });
    if (flow === this.#flow || flow === this.#lastFlow) {
      counters.drop(Drop.Loop);
      return acknowledge();
    }
    const forUs = role === 'leaf' ? neighbour === this.#attached : sameOctets(bytes, ENVELOPE_DESTINATION_AT, id, 0, 8);
    const hopLimit = envelopeHopLimit(bytes, 0);
    if (!forUs) {
      if (hopLimit === 0) return counters.drop(Drop.HopLimit);
      if (!link.hasRoom(rankOf(packetClass))) return counters.drop(Drop.QueueFull);
    }
    const next = forUs ? -1 : this.#nextHop(bytes, neighbour, ENVELOPE_DESTINATION_AT);
    if (!forUs && next < 0) {
      counters.drop(Drop.NoRoute);
      return this.#routing.onUnroutable(this.#now, envelopeDestination(bytes, 0));
    }
    if (next >= 0 && bytes.length > link.mtu(link.neighbours.kind(next))) {
      counters.drop(Drop.TooLong);
      return acknowledge();
    }
    if (this.#filter.seen(flow, counter, Math.floor(this.#now / 1000) & 0xffff)) {
      counters.duplicates += 1;
      return acknowledge();
    }
    if (!forUs) return this.#forward(neighbour, next, bytes, hopLimit - 1);
    acknowledge();
    const last = (envelopeFlags(bytes, 0) & EnvelopeFlag.last) !== 0;
    this.#out.push({ type: 'deliver', class: packetClass, last, hops: HOP_LIMIT - hopLimit + 1, frame: bytes });
  }

  #onRoutingFrame(neighbour: number, bytes: Uint8Array): void {
    if (this.#options.role === 'leaf') return;
    if (!this.#routing.onFrame(this.#now, neighbour, bytes)) this.#options.counters.drop(Drop.Malformed);
    // A request that was sent to us alone is acknowledged like a packet.
    if (sameOctets(envelopeDestination(bytes, 0), 0, this.#options.id, 0, 8))
      this.#out.push({ type: 'acknowledge', neighbour, flow: envelopeFlow(bytes, 0), counter: envelopeCounter(bytes, 0) });
  }

  #forward(from: number, next: number, bytes: Uint8Array, hopLimit: number): void {
    const frame = this.#frame.subarray(0, bytes.length);
    frame.set(bytes);
    setEnvelopeHopLimit(frame, 0, hopLimit);
    setEnvelopeFlags(frame, 0, envelopeFlags(frame, 0) & ~EnvelopeFlag.retry);
    this.#options.counters.forwarded += 1;
    this.#submit(next, rankOf(envelopeClass(frame, 0)), frame, from, 0);
  }

  #onUndelivered(neighbour: number, bytes: Uint8Array, rank: Rank, reroutes: number): void {
    const { counters, link } = this.#options;
    if (this.#options.role !== 'leaf') this.#routing.onUndelivered(this.#now, neighbour, bytes);
    if (envelopeClass(bytes, 0) === EnvelopeClass.routing) return;
    const destination = envelopeDestination(bytes, 0);
    let next = this.#nextHop(destination, neighbour);
    // Without an alternate, once more to the same: a channel that was busy is often free then, and a poor link needs its chances.
    if (next < 0 && reroutes < REROUTES) next = this.#nextHop(destination, -1);
    if (next < 0 || reroutes >= REROUTES) {
      counters.drop(Drop.Undelivered);
      if (next < 0) this.#routing.onUnroutable(this.#now, destination);
      return;
    }
    if (bytes.length > link.mtu(link.neighbours.kind(next))) return counters.drop(Drop.TooLong);
    const frame = this.#frame.subarray(0, bytes.length);
    frame.set(bytes);
    setEnvelopeFlags(frame, 0, envelopeFlags(frame, 0) & ~EnvelopeFlag.retry);
    this.#submit(next, rank, frame, -1, reroutes + 1);
  }

  #onSend(packetClass: number, { node, leaf }: Destination, last: boolean, body: Uint8Array): void {
    const { id, prng, counters } = this.#options;
    if (packetClass < EnvelopeClass.sos) throw new CodedError('packet-class', `${packetClass} never leaves its link`);
    const ours = leaf !== undefined && sameOctets(node, 0, id, 0, 8);
    const next = ours ? this.#leafSlot(leaf) : this.#nextHop(node, -1);
    if (next < 0) return counters.drop(Drop.NoRoute);
    if (this.#counter >= FLOW_PACKETS) {
      this.#lastFlow = this.#flow;
      this.#flow = prng.u32();
      this.#counter = 0;
    }
    const flags = last ? EnvelopeFlag.last : 0;
    const frame = this.#frame.subarray(0, ENVELOPE_OCTETS + body.length);
    writeEnvelope(frame, 0, {
      class: packetClass,
      hopLimit: HOP_LIMIT,
      flags,
      destination: node,
      flow: this.#flow,
      counter: this.#counter,
    });
    frame.set(body, ENVELOPE_OCTETS);
    this.#counter += 1;
    this.#submit(next, rankOf(packetClass), frame, -1, 0);
  }

  #handOver(leaf: Uint8Array, bytes: Uint8Array): void {
    const slot = this.#leafSlot(leaf);
    if (slot < 0) return this.#options.counters.drop(Drop.UnknownLeaf);
    const { link, counters } = this.#options;
    if (bytes.length > link.mtu(link.neighbours.kind(slot))) return counters.drop(Drop.TooLong);
    counters.forwarded += 1;
    this.#submit(slot, rankOf(envelopeClass(bytes, 0)), bytes, -1, 0);
  }

  #submit(neighbour: number, rank: Rank, frame: Uint8Array, from: number, reroutes: number): void {
    const link = this.#options.link.neighbours.kind(neighbour);
    this.#out.push({ type: 'submit', neighbour, link, rank, frame, from, reroutes });
  }

  #nextHop(destination: Uint8Array, except: number, at = 0): number {
    if (this.#options.role === 'leaf') return this.#attached === except ? -1 : this.#attached;
    return this.#routing.nextHop(destination, at, except);
  }

  #leafSlot(leaf: Uint8Array): number {
    const { neighbours } = this.#options.link;
    const slot = neighbours.find('ble', leaf);
    return slot >= 0 && neighbours.role(slot) === 'leaf' && neighbours.cost(slot) !== COST_INFINITE ? slot : -1;
  }

  /** A leaf stays where it is attached while that link is usable; else it takes the cheapest. */
  #attach(): void {
    const { neighbours } = this.#options.link;
    if (this.#attached >= 0 && neighbours.cost(this.#attached) !== COST_INFINITE && neighbours.isPinned(this.#attached)) return;
    this.#attached = -1;
    for (let slot = 0; slot < neighbours.capacity; slot += 1) {
      if (!neighbours.isPinned(slot) || neighbours.cost(slot) === COST_INFINITE || neighbours.role(slot) === 'leaf') continue;
      if (this.#attached < 0 || neighbours.cost(slot) < neighbours.cost(this.#attached)) this.#attached = slot;
    }
  }

  #routeEffect(slot: number): MeshEffect | undefined {
    const entry = emptyEntry();
    if (!this.#table.read(slot, entry)) return this.poll();
    return { type: 'route', id: entry.id, nextHop: entry.neighbour, metric: entry.metric };
  }
}

/** Order of urgency of a packet's class. */
export function rankOf(packetClass: number): Rank {
  switch (packetClass) {
    case EnvelopeClass.sos:
      return Rank.Sos;
    case EnvelopeClass.control:
      return Rank.Control;
    case EnvelopeClass.paid:
      return Rank.Paid;
    default:
      return Rank.Free;
  }
}
