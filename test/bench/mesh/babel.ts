/**
 * Babel (RFC 8966) with the timers and habits of babeld 1.12 on an interface that is not wireless, as on the veth links of meshnet-lab: hellos every
 * 4 s, of which two of the last three must arrive, updates every 16 s, feasibility, triggered updates, sequence number requests, smoothed metrics with a
 * half-life of 4 s. Every set time is drawn anew from three to five quarters of it (babeld's `roughly`). Frames have Babel's TLV lengths and the headers
 * that a packet count on Linux includes.
 *
 *   neighbour:  unknown -> one-way (hello heard) -> usable (it says that it hears us) -> gone (16 hellos missed, or no IHU for 42 s)
 *
 * Left out: compression of router ids across updates, acknowledged updates, diversity. In its favour: it runs on wires, as where its published figures
 * come from. No frame of it collides, and none is lost on a link that exists.
 */
import { millis, micros, type Machine, type Millis, type Prng } from '../../../firmware/core/base/index.js';
import { followRoutes } from '../../../hosts/sim/ground-truth.js';
import { RandomStream } from '../../../hosts/sim/random-stream.js';
import { MachineStation, type RadioInput, type Station, type Transmit, type Turn } from '../../../hosts/sim/station.js';
import { World, type WorldObserver } from '../../../hosts/sim/world.js';
import type { MakeNetwork } from './network.js';

const HELLO = 4_000;
const UPDATE = 16_000;
/** A hello is missed when it is late by seven tenths of an interval. */
const OVERDUE = 2_800;
/** 3.5 update intervals, and as many IHU intervals of three hellos. */
const ROUTE_HOLD = 56_000;
const IHU_HOLD = 42_000;
const INFINITY = 0xffff;
/** babeld's default cost of such an interface. */
const WIRED = 96;
const HALF_LIFE = 4_000;
/** meshnet-lab takes the interface down and up before it starts babeld: its link-local address is tentative for 1 to 2 s (RFC 4862, section 5.4). */
const TENTATIVE = 1_000;
/** Waiting before a packet goes, and before an update is put into one; urgent or not. */
const FLUSH = { urgent: 10, patient: 1_000 };
const GATHER = { urgent: 100, patient: 4_000 };
const RESEND = 2_000;
/** Ethernet 14, IPv6 40, UDP 8, Babel 4; a full packet on a link of 1,500 octets. */
const HEADERS = 66;
const PACKET = 1_514;
/** TLVs: hello, IHU with a link-local address, router id 12 with an update of 20 (half the prefix is omitted), seqno request, requests for one and for all. */
const OCTETS = { hello: 8, ihu: 16, update: 32, seqno: 32, request: 20, wildcard: 4 };
/** Longest time to live of a request; hop count of data. */
const HOPS = 64;
const PER_HOP = 2_000;
const TYPE = { hello: 4, ihu: 5, update: 8, wildcard: 9, seqno: 10, request: 11 };
const BROADCAST = new Uint8Array([255, 255, 255, 255, 255, 255]);

interface Neighbour {
  reach: number;
  seqno: number;
  heardAt: number;
  txcost: number;
  ihuAt: number;
}

interface Route {
  seqno: number;
  refmetric: number;
  at: number;
  smoothed: number;
  smoothedAt: number;
}

interface Distance {
  seqno: number;
  metric: number;
}

export function babel(): MakeNetwork {
  return ({ seed, topology, observer, answered, givenUp }) => {
    const world = new World({ seed });
    const nodes: BabelNode[] = [];
    const wires = new Wires(world, observer);
    for (let index = 0; index < topology.nodes; index += 1) {
      world.add({
        name: `router ${index}`,
        mac: macOf(index),
        boot: () => wires.station(index, (nodes[index] = new BabelNode(index, new RandomStream(seed, 'babel', index)))),
      });
    }
    for (const { from, to, ...link } of topology.links) world.setLink(from, to, link);
    const hop = (at: number, to: number): number => {
      const next = nodes[at]?.nextHop(to) ?? -1;
      return next >= 0 && world.link(at, next) !== undefined && nodes[next] !== undefined ? next : -1;
    };
    const carry = (at: number, to: number, left: number, arrived: () => void, lost: () => void): void => {
      if (at === to) return arrived();
      const next = hop(at, to);
      if (next < 0 || left === 0) return lost();
      world.at(micros(world.now + PER_HOP), () => carry(next, to, left - 1, arrived, lost));
    };
    return {
      world,
      reach: () => followRoutes([...nodes.keys()], hop),
      ask: (from, to, token) => {
        const lost = (): void => givenUp(token);
        carry(from, to, HOPS, () => carry(to, from, HOPS, () => answered(token), lost), lost);
      },
      isControl: () => true,
      stop: () => world.stop(),
    };
  };
}

/** Carries every frame to every neighbour, a millisecond later. */
class Wires {
  readonly #world: World;
  readonly #observer: WorldObserver;
  readonly #stations: Station[] = [];

  constructor(world: World, observer: WorldObserver) {
    this.#world = world;
    this.#observer = observer;
  }

  station(index: number, machine: BabelNode): Station {
    const inner = new MachineStation(machine, () => undefined);
    const feed: Station['feed'] = (now, input) => {
      const { transmits, deadline } = inner.feed(now, input) as Turn;
      for (const { bytes } of transmits) this.#carry(index, bytes);
      return { transmits: [], deadline };
    };
    return (this.#stations[index] = { feed });
  }

  #carry(from: number, bytes: Uint8Array): void {
    const world = this.#world;
    const mac = macOf(from);
    const at = world.now;
    this.#observer.transmission?.(from, { at, kind: 'air', from: mac, to: BROADCAST, bytes }, micros(0));
    const give = (to: number, input: RadioInput): void => {
      if (world.isOn(to)) world.submit(to, (now) => this.#stations[to]!.feed(now, input) as Turn);
    };
    world.at(micros(at + 1_000), () => {
      give(from, { type: 'sent', link: 'air', ok: true });
      for (const to of world.links(from).keys()) give(to, { type: 'frame', link: 'air', from: mac, to: BROADCAST, rssi: 0, bytes });
    });
  }
}

function macOf(index: number): Uint8Array {
  return new Uint8Array([2, 0, 0, 0, index >> 8, index]);
}

class BabelNode implements Machine<RadioInput, Transmit> {
  readonly #id: number;
  readonly #prng: Prng;
  readonly #neighbours = new Map<number, Neighbour>();
  /** By destination, then by neighbour. */
  readonly #routes = new Map<number, Map<number, Route>>();
  readonly #selected = new Map<number, number>();
  readonly #sources = new Map<number, Distance>();
  readonly #told = new Map<number, number>();
  /** Destinations to announce, and when. */
  readonly #owed = new Set<number>();
  #gatherAt = 0;
  readonly #resend = new Map<number, number>();
  /** When a sequence number was last asked for, and the one that somebody asks for through us. */
  readonly #requested = new Map<number, number>();
  readonly #unsatisfied = new Map<number, number>();
  /** TLVs that wait for the next packet. */
  readonly #buffer: Uint8Array[] = [];
  #flushAt = 0;
  #helloAt = 0;
  #updateAt = 0;
  #checkAt = 0;
  #helloSeqno = 0;
  #seqno = 0;
  #upAt = 0;
  #started = false;
  #busy = false;
  #now = millis(0);

  constructor(id: number, prng: Prng) {
    this.#id = id;
    this.#prng = prng;
    this.#helloSeqno = prng.below(0x10000);
  }

  nextHop(to: number): number {
    return this.#selected.get(to) ?? -1;
  }

  handle(now: Millis, input: RadioInput): void {
    this.#now = now;
    if (!this.#started && !this.#isUp()) return;
    if (input.type === 'sent') this.#busy = false;
    else if (input.type === 'frame') this.#read((input.from[4]! << 8) | input.from[5]!, input.bytes);
    this.#onTime();
  }

  poll(): Transmit | undefined {
    if (this.#busy || this.#flushAt === 0 || this.#flushAt > this.#now || this.#buffer.length === 0) return undefined;
    let octets = HEADERS;
    let count = 0;
    while (count < this.#buffer.length && octets + this.#buffer[count]!.length <= PACKET) octets += this.#buffer[count++]!.length;
    const bytes = new Uint8Array(octets);
    let at = HEADERS;
    for (const tlv of this.#buffer.splice(0, count)) {
      bytes.set(tlv, at);
      at += tlv.length;
    }
    if (this.#buffer.length === 0) this.#flushAt = 0;
    this.#busy = true;
    return { type: 'transmit', link: 'air', to: BROADCAST, bytes };
  }

  deadline(): Millis {
    let earliest = Math.min(this.#helloAt, this.#updateAt, this.#checkAt);
    if (this.#gatherAt !== 0) earliest = Math.min(earliest, this.#gatherAt);
    if (this.#flushAt !== 0 && !this.#busy) earliest = Math.min(earliest, this.#flushAt);
    return millis(Math.max(this.#started ? earliest : this.#upAt, this.#now + 1));
  }

  #isUp(): boolean {
    if (this.#upAt === 0) this.#upAt = this.#now + TENTATIVE + this.#prng.below(TENTATIVE);
    if (this.#now >= this.#upAt) this.#start();
    return this.#started;
  }

  #start(): void {
    this.#started = true;
    this.#helloAt = this.#now;
    this.#updateAt = this.#now + this.#roughly(UPDATE);
    this.#push(tlv(TYPE.wildcard, OCTETS.wildcard), false);
    this.#owe(this.#id, false);
  }

  #onTime(): void {
    const now = this.#now;
    if (now >= this.#helloAt) this.#hello();
    if (now >= this.#checkAt) {
      this.#checkAt = now + this.#roughly(HELLO);
      for (const [id, neighbour] of this.#neighbours) this.#check(id, neighbour);
    }
    if (now >= this.#updateAt) {
      this.#updateAt = now + this.#roughly(UPDATE);
      this.#expire();
      this.#oweAll(false);
    }
    for (const [destination, at] of this.#resend) {
      if (at > now) continue;
      this.#resend.delete(destination);
      this.#owe(destination, true);
    }
    if (this.#gatherAt !== 0 && now >= this.#gatherAt) this.#gather();
  }

  #hello(): void {
    this.#helloAt = this.#now + this.#roughly(HELLO);
    this.#helloSeqno = (this.#helloSeqno + 1) & 0xffff;
    this.#push(tlv(TYPE.hello, OCTETS.hello, this.#helloSeqno), false);
    for (const [id, neighbour] of this.#neighbours) {
      const marginal = neighbour.txcost >= 384 || (neighbour.reach & 0xf000) !== 0xf000;
      if (marginal || this.#helloSeqno % 3 === 0) this.#push(tlv(TYPE.ihu, OCTETS.ihu, id, rxcost(neighbour.reach)), false);
    }
  }

  /** Hellos that are overdue count as missed; babeld looks once in about a hello interval. */
  #check(id: number, neighbour: Neighbour): void {
    const before = linkCost(neighbour);
    while (this.#now - neighbour.heardAt > HELLO + OVERDUE) {
      neighbour.reach >>= 1;
      neighbour.heardAt += HELLO;
      neighbour.seqno = (neighbour.seqno + 1) & 0xffff;
    }
    if (this.#now - neighbour.ihuAt > IHU_HOLD) neighbour.txcost = INFINITY;
    if (linkCost(neighbour) !== before) this.#costChanged(id);
    if (neighbour.reach === 0) this.#neighbours.delete(id);
  }

  #read(from: number, bytes: Uint8Array): void {
    for (let at = HEADERS; at < bytes.length; at += bytes[at + 1]!) {
      const type = bytes[at]!;
      const word = (index: number): number => (bytes[at + 2 + 2 * index]! << 8) | bytes[at + 3 + 2 * index]!;
      if (type === TYPE.hello) this.#onHello(from, word(0));
      const neighbour = this.#neighbours.get(from);
      if (neighbour === undefined) continue;
      if (type === TYPE.ihu && word(0) === this.#id) {
        const before = linkCost(neighbour);
        neighbour.txcost = word(1);
        neighbour.ihuAt = this.#now;
        if (linkCost(neighbour) !== before) this.#costChanged(from);
      } else if (type === TYPE.update) this.#onUpdate(from, word(0), word(1), word(2));
      else if (type === TYPE.request) this.#onRequest(word(0));
      else if (type === TYPE.wildcard) this.#oweAll(false);
      else if (type === TYPE.seqno && word(3) === this.#id) this.#onSeqnoRequest(from, word(0), word(1), word(2));
    }
  }

  #onHello(from: number, seqno: number): void {
    let neighbour = this.#neighbours.get(from);
    const before = neighbour === undefined ? INFINITY : linkCost(neighbour);
    if (neighbour === undefined)
      this.#neighbours.set(from, (neighbour = { reach: 0, seqno, heardAt: 0, txcost: INFINITY, ihuAt: this.#now }));
    else {
      const missed = (seqno - neighbour.seqno - 1) & 0xffff;
      neighbour.reach >>= Math.min(missed < 0x8000 ? missed : 0, 16);
    }
    neighbour.reach = (neighbour.reach >> 1) | 0x8000;
    neighbour.seqno = seqno;
    neighbour.heardAt = this.#now;
    if (linkCost(neighbour) !== before) this.#costChanged(from);
  }

  #onUpdate(from: number, destination: number, seqno: number, refmetric: number): void {
    if (destination === this.#id) return;
    const routes = this.#routes.get(destination) ?? new Map<number, Route>();
    const held = routes.get(from);
    if (held === undefined && refmetric === INFINITY) return;
    const isFeasible = refmetric === INFINITY || this.#isFeasible(destination, seqno, refmetric);
    const isSelected = this.#selected.get(destination) === from;
    // An unfeasible update of the selected route is ignored if it is only dearer, and a newer sequence number asked for.
    if (!isFeasible) this.#wish(from, destination, refmetric, isSelected);
    if (!isFeasible && isSelected && held!.seqno === seqno) return;
    const route = held ?? { seqno, refmetric, at: this.#now, smoothed: INFINITY, smoothedAt: 0 };
    const before = this.#metric(destination, this.#selected.get(destination));
    Object.assign(route, { seqno, refmetric, at: this.#now });
    if (held === undefined) route.smoothed = this.#metricOf(from, route);
    routes.set(from, route);
    this.#routes.set(destination, routes);
    this.#select(destination, before);
  }

  #onRequest(destination: number): void {
    if (destination === this.#id || this.#selected.has(destination)) this.#owe(destination, true);
  }

  #onSeqnoRequest(from: number, destination: number, seqno: number, hops: number): void {
    if (destination === this.#id) {
      if (isNewer(seqno, this.#seqno)) this.#seqno = seqno;
      return this.#owe(this.#id, true);
    }
    const next = this.#selected.get(destination);
    const route = next === undefined ? undefined : this.#routes.get(destination)!.get(next)!;
    if (route !== undefined && !isNewer(seqno, route.seqno)) return this.#owe(destination, true);
    if (hops <= 1 || this.#lately(destination)) return;
    this.#unsatisfied.set(destination, seqno);
    const successor = next === undefined || next === from ? this.#cheapest(destination, from) : next;
    if (successor >= 0) this.#push(tlv(TYPE.seqno, OCTETS.seqno, destination, seqno, hops - 1, successor), true);
  }

  /** The neighbour that offers the cheapest route, feasible or not, other than one; -1: nobody does. */
  #cheapest(destination: number, except: number): number {
    let best = -1;
    const routes = this.#routes.get(destination) ?? new Map<number, Route>();
    for (const [neighbour, route] of routes) {
      const metric = this.#metricOf(neighbour, route);
      if (neighbour !== except && metric < INFINITY && (best < 0 || metric < this.#metricOf(best, routes.get(best)!))) best = neighbour;
    }
    return best;
  }

  /** A link's cost changed: every route over it. */
  #costChanged(from: number): void {
    for (const [destination, routes] of this.#routes) {
      const route = routes.get(from);
      if (route === undefined) continue;
      const selected = this.#selected.get(destination);
      this.#select(destination, selected === from ? (this.#told.get(destination) ?? INFINITY) : this.#metric(destination, selected));
    }
  }

  /** The cheapest feasible route; another one than before only if it is cheaper by its smoothed metric too. */
  #select(destination: number, before: number): void {
    const routes = this.#routes.get(destination)!;
    const held = this.#selected.get(destination);
    let best = -1;
    for (const [neighbour, route] of routes) {
      if (this.#metricOf(neighbour, route) === INFINITY || !this.#isFeasible(destination, route.seqno, route.refmetric, held === neighbour))
        continue;
      if (best < 0 || this.#metricOf(neighbour, route) < this.#metricOf(best, routes.get(best)!)) best = neighbour;
    }
    const current = held === undefined ? INFINITY : this.#metric(destination, held);
    const stays =
      held !== undefined &&
      current < INFINITY &&
      best >= 0 &&
      this.#smooth(best, routes.get(best)!) >= this.#smooth(held, routes.get(held)!);
    if (best < 0) this.#selected.delete(destination);
    else if (!stays) this.#selected.set(destination, best);
    this.#tell(destination, before);
    if (best < 0 && before < INFINITY) this.#request(destination);
  }

  /** babeld's `send_triggered_update`. */
  #tell(destination: number, before: number): void {
    const selected = this.#selected.get(destination);
    const metric = this.#metric(destination, selected);
    const wanted = this.#unsatisfied.get(destination);
    if (selected !== undefined && wanted !== undefined && !isNewer(wanted, this.#routes.get(destination)!.get(selected)!.seqno)) {
      this.#unsatisfied.delete(destination);
      this.#owe(destination, true);
    } else if (before < INFINITY && metric === INFINITY) {
      this.#owe(destination, true);
      this.#resend.set(destination, this.#now + RESEND);
    } else if (before === INFINITY && metric < INFINITY) this.#owe(destination, true);
    else if (metric >= before + 512) {
      if (before < 6 * 256) this.#owe(destination, true);
      this.#push(tlv(TYPE.request, OCTETS.request, destination), true);
    } else if (before - metric >= 1024) this.#owe(destination, false);
  }

  /** babeld's `send_unfeasible_request`: what is offered may not be taken, but is needed or much cheaper than what is held. */
  #wish(from: number, destination: number, refmetric: number, force: boolean): void {
    const offered = refmetric + linkCost(this.#neighbours.get(from)!);
    const held = this.#metric(destination, this.#selected.get(destination));
    if ((!force && held < offered + 512) || this.#lately(destination)) return;
    const source = this.#sources.get(destination)!;
    this.#push(tlv(TYPE.seqno, OCTETS.seqno, destination, (source.seqno + 1) & 0xffff, HOPS, from), true);
  }

  /** The route is lost: everyone is asked. */
  #request(destination: number): void {
    const source = this.#sources.get(destination);
    if (source === undefined || this.#lately(destination)) return;
    for (const [neighbour] of this.#neighbours)
      this.#push(tlv(TYPE.seqno, OCTETS.seqno, destination, (source.seqno + 1) & 0xffff, HOPS, neighbour), true);
  }

  #lately(destination: number): boolean {
    if (this.#now - (this.#requested.get(destination) ?? -RESEND) < RESEND) return true;
    this.#requested.set(destination, this.#now);
    return false;
  }

  #expire(): void {
    for (const [destination, routes] of this.#routes) {
      for (const [neighbour, route] of routes) {
        if (this.#now - route.at < ROUTE_HOLD) continue;
        const before = this.#metric(destination, this.#selected.get(destination));
        routes.delete(neighbour);
        if (this.#selected.get(destination) === neighbour) this.#selected.delete(destination);
        this.#select(destination, before);
      }
    }
  }

  #oweAll(urgent: boolean): void {
    this.#owe(this.#id, urgent);
    for (const destination of this.#selected.keys()) this.#owe(destination, urgent);
  }

  #owe(destination: number, urgent: boolean): void {
    this.#owed.add(destination);
    const at = this.#now + this.#roughly(urgent ? GATHER.urgent : GATHER.patient);
    if (this.#gatherAt === 0 || at < this.#gatherAt) this.#gatherAt = at;
  }

  #gather(): void {
    for (const destination of this.#owed) {
      const selected = this.#selected.get(destination);
      const metric = destination === this.#id ? 0 : this.#metric(destination, selected);
      const seqno =
        destination === this.#id ? this.#seqno : selected === undefined ? 0 : this.#routes.get(destination)!.get(selected)!.seqno;
      this.#push(tlv(TYPE.update, OCTETS.update, destination, seqno, metric), true);
      this.#told.set(destination, metric);
      if (destination !== this.#id && metric < INFINITY) this.#hold(destination, seqno, metric);
    }
    this.#owed.clear();
    this.#gatherAt = 0;
  }

  /** The feasibility distance: the best ever announced. */
  #hold(destination: number, seqno: number, metric: number): void {
    const source = this.#sources.get(destination);
    if (source === undefined || isNewer(seqno, source.seqno)) this.#sources.set(destination, { seqno, metric });
    else if (seqno === source.seqno && metric < source.metric) source.metric = metric;
  }

  #isFeasible(destination: number, seqno: number, refmetric: number, isSelected = false): boolean {
    const source = this.#sources.get(destination);
    if (source === undefined || isNewer(seqno, source.seqno)) return true;
    return seqno === source.seqno && (refmetric < source.metric || (isSelected && refmetric === source.metric));
  }

  #metric(destination: number, neighbour: number | undefined): number {
    const route = neighbour === undefined ? undefined : this.#routes.get(destination)?.get(neighbour);
    return route === undefined ? INFINITY : this.#metricOf(neighbour!, route);
  }

  #metricOf(neighbour: number, { refmetric }: Route): number {
    const link = this.#neighbours.get(neighbour);
    return link === undefined ? INFINITY : Math.min(INFINITY, refmetric + linkCost(link));
  }

  #smooth(neighbour: number, route: Route): number {
    const metric = this.#metricOf(neighbour, route);
    const share = 0.5 ** ((this.#now - route.smoothedAt) / HALF_LIFE);
    route.smoothed = metric === INFINITY || route.smoothed === INFINITY ? metric : metric + (route.smoothed - metric) * share;
    route.smoothedAt = this.#now;
    return Math.round(route.smoothed);
  }

  #push(bytes: Uint8Array, urgent: boolean): void {
    this.#buffer.push(bytes);
    const at = this.#now + this.#roughly(urgent ? FLUSH.urgent : FLUSH.patient);
    if (this.#flushAt === 0 || at < this.#flushAt) this.#flushAt = at;
  }

  #roughly(time: number): number {
    return Math.floor((time * 3) / 4) + this.#prng.below(Math.floor(time / 2) + 1);
  }
}

/** Type, length, then words; padded to the length that Babel's has. */
function tlv(type: number, length: number, ...words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes[0] = type;
  bytes[1] = length;
  words.forEach((word, index) => bytes.set([word >> 8, word], 2 + 2 * index));
  return bytes;
}

function isNewer(a: number, b: number): boolean {
  const ahead = (a - b) & 0xffff;
  return ahead !== 0 && ahead < 0x8000;
}

function linkCost({ reach, txcost }: Neighbour): number {
  const cost = rxcost(reach);
  return cost === INFINITY || txcost === INFINITY ? INFINITY : txcost;
}

/** Two of the last three hellos, as babeld judges an interface that is not wireless. */
function rxcost(reach: number): number {
  const both = reach & 0xc000;
  return both === 0xc000 || (both !== 0 && (reach & 0x2000) !== 0) ? WIRED : INFINITY;
}
