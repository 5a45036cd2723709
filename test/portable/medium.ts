/**
 * A small deterministic world for suites: nodes, links that lose frames, virtual time. Stations in range of a sender wait for it (an ideal carrier
 * sense without collisions); a frame takes its airtime. The real air with collisions and signal strengths is hosts/sim.
 */
import { concat, millis, Prng, type Millis } from '../../firmware/core/base/index.js';
import { createKernels } from '../../firmware/core/crypto/index.js';
import { createNode, type Node, type NodeCaps, type NodeEffect, type NodeInput, type Role } from '../../firmware/core/node/index.js';
import { airtime, type LinkKind } from '../../firmware/core/link/index.js';
import type { Kernels } from '../../firmware/core/ports/index.js';
import { envelopeClass, EnvelopeClass } from '../../firmware/core/wire/index.js';
import { keyOf, toyCrypto } from './toy-group.js';

export function seedOf(number: number): Uint8Array {
  const seed = new Uint8Array(16);
  for (let i = 0; i < 4; i += 1) seed[i] = number >>> (8 * i);
  return seed;
}

interface Edge {
  readonly to: number;
  readonly link: LinkKind;
  /** Frames lost, of 256. */
  loss: number;
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export class Station {
  readonly node: Node;
  readonly role: Role;
  readonly edges: Edge[] = [];
  readonly effects: NodeEffect[] = [];
  alive = true;
  busyUntil = 0;
  constructor(node: Node, role: Role) {
    this.node = node;
    this.role = role;
  }

  /** Effects of a type so far. */
  of<T extends NodeEffect['type']>(type: T): Extract<NodeEffect, { type: T }>[] {
    return this.effects.filter((effect): effect is Extract<NodeEffect, { type: T }> => effect.type === type);
  }
}

export class Medium {
  now: Millis = millis(0);
  readonly stations: Station[] = [];
  readonly prng: Prng;
  readonly kernels: Kernels;
  readonly #events: Event[] = [];
  #order = 0;
  /** Sees every frame that leaves a station, and what it was before it was sealed; false keeps it from everyone. */
  tap: (from: number, link: LinkKind, bytes: Uint8Array, plain: Uint8Array) => boolean = () => true;
  /** What was sealed last. */
  #sealed: Uint8Array = new Uint8Array(0);

  constructor(seed: number, kernels: Kernels = createKernels()) {
    this.prng = new Prng(seedOf(seed));
    this.kernels = watched(kernels, (frame) => (this.#sealed = frame));
  }

  add(role: Role = 'board', links: readonly LinkKind[] = ['air'], caps: Partial<NodeCaps> = {}): number {
    const index = this.stations.length;
    this.stations.push(this.#make(role, links, caps, index, 0));
    return index;
  }

  /** The same key, a new life: everything in memory is gone. */
  restart(index: number, links: readonly LinkKind[] = ['air'], caps: Partial<NodeCaps> = {}): Station {
    const before = this.stations[index]!;
    const after = this.#make(before.role, links, caps, index, this.#order + 1);
    after.edges.push(...before.edges);
    this.stations[index] = after;
    before.alive = false;
    return after;
  }

  /** A link both ways; losses of 256. */
  join(a: number, b: number, loss = 0, link: LinkKind = 'air'): void {
    this.stations[a]!.edges.push({ to: b, link, loss });
    this.stations[b]!.edges.push({ to: a, link, loss });
    if (link !== 'serial') return;
    for (const index of [a, b]) this.input(index, { type: 'link', link, up: true });
  }

  cut(a: number, b: number): void {
    this.loss(a, b, 256);
    this.loss(b, a, 256);
  }

  /** One direction. */
  loss(from: number, to: number, loss: number): void {
    for (const edge of this.stations[from]!.edges) if (edge.to === to) edge.loss = loss;
  }

  input(index: number, input: NodeInput): void {
    const station = this.stations[index]!;
    if (!station.alive) return;
    station.node.handle(this.now, input);
    this.#drain(index);
  }

  /** Let virtual time pass. */
  run(duration: number): void {
    const end = this.now + duration;
    for (;;) {
      let due = end;
      let who = -1;
      this.stations.forEach((station, index) => {
        if (station.alive && station.node.deadline() < due) {
          due = station.node.deadline();
          who = index;
        }
      });
      const event = this.#earliest();
      if (event !== undefined && event.at <= due) {
        this.#events.splice(this.#events.indexOf(event), 1);
        this.now = millis(Math.max(this.now, event.at));
        event.run();
      } else if (who >= 0) {
        this.now = millis(Math.max(this.now, due));
        this.input(who, { type: 'tick' });
      } else break;
    }
    this.now = millis(end);
  }

  address(index: number): { node: Uint8Array } {
    return { node: this.stations[index]!.node.id };
  }

  /** Next hops followed from one station to another: the hops, or -1 if they end or circle. */
  follow(from: number, to: number): number {
    let at = from;
    for (let hops = 0; hops <= this.stations.length; hops += 1) {
      if (at === to) return hops;
      const next = this.nextHop(at, to);
      if (next < 0) return -1;
      at = next;
    }
    return -1;
  }

  nextHop(at: number, to: number): number {
    const wanted = this.stations[to]!.node.id;
    let found = -1;
    this.stations[at]!.node.routes((id, nextHop) => {
      if (id.every((octet, i) => octet === wanted[i]))
        found = this.stations.findIndex(({ node }) => node.id.every((octet, i) => octet === nextHop[i]));
    });
    return found;
  }

  #make(role: Role, links: readonly LinkKind[], caps: Partial<NodeCaps>, index: number, life: number): Station {
    const mtu: Partial<Record<LinkKind, number>> = {};
    for (const link of links) mtu[link] = link === 'air' ? 250 : link === 'ble' ? 244 : 1024;
    const seed = seedOf(this.prng.u32() + life);
    const inline = toyCrypto(index + 1, new Prng(seedOf(this.prng.u32())));
    return new Station(createNode({ publicKey: keyOf(index + 1), role, kernels: this.kernels, mtu, seed, caps, inline }), role);
  }

  #drain(index: number): void {
    const station = this.stations[index]!;
    for (let effect = station.node.poll(); effect !== undefined; effect = station.node.poll()) {
      if (effect.type === 'transmit') this.#transmit(index, station, effect.link, effect.to, effect.bytes);
      else station.effects.push(effect);
    }
  }

  #transmit(index: number, station: Station, link: LinkKind, to: Uint8Array, bytes: Uint8Array): void {
    const shared = link === 'air';
    const start = shared ? Math.max(this.now, station.busyUntil) : this.now;
    const end = start + Math.ceil(airtime(link, bytes.length) / 1000);
    if (shared) {
      station.busyUntil = end;
      for (const edge of station.edges) if (edge.link === link) this.stations[edge.to]!.busyUntil = end;
    }
    const isSealed = envelopeClass(bytes, 0) !== EnvelopeClass.handshake;
    const heard = this.tap(index, link, bytes, isSealed ? this.#sealed : bytes);
    const from = macOf(station.node.id, link);
    this.#at(end, () => {
      if (station.alive && this.stations[index] === station) this.input(index, { type: 'sent', link, ok: true });
      if (!station.alive || !heard) return;
      for (const edge of station.edges) {
        const receiver = this.stations[edge.to]!;
        if (edge.link !== link || !receiver.alive || this.prng.below(256) < edge.loss) continue;
        if (!shared && !reaches(to, receiver.node.id, link)) continue;
        this.input(edge.to, { type: 'frame', link, from, to, rssi: -60, bytes: bytes.slice() });
      }
    });
  }

  #at(at: number, run: () => void): void {
    this.#order += 1;
    this.#events.push({ at, order: this.#order, run });
  }

  #earliest(): Event | undefined {
    let earliest: Event | undefined;
    for (const event of this.#events)
      if (earliest === undefined || event.at < earliest.at || (event.at === earliest.at && event.order < earliest.order)) earliest = event;
    return earliest;
  }
}

/** The same kernels, whose sealing is seen: a link seals a frame right before it transmits it. */
function watched(kernels: Kernels, see: (frame: Uint8Array) => void): Kernels {
  return {
    name: kernels.name,
    keccak256: (out, data) => kernels.keccak256(out, data),
    sha256: (out, data) => kernels.sha256(out, data),
    hashStart: (kind) => kernels.hashStart(kind),
    hashUpdate: (data) => kernels.hashUpdate(data),
    hashFinish: (out) => kernels.hashFinish(out),
    hmacSha256: (out, key, data) => kernels.hmacSha256(out, key, data),
    hkdfSha256: (out, ikm, salt, info) => kernels.hkdfSha256(out, ikm, salt, info),
    aeadSeal: (out, key, nonce, aad, plain) => {
      see(concat(aad, plain));
      kernels.aeadSeal(out, key, nonce, aad, plain);
    },
    aeadOpen: (out, key, nonce, aad, sealed) => kernels.aeadOpen(out, key, nonce, aad, sealed),
    duplicateFilter: (options) => kernels.duplicateFilter(options),
    routeTable: (options) => kernels.routeTable(options),
  };
}

function macOf(id: Uint8Array, link: LinkKind): Uint8Array {
  const mac = new Uint8Array(6);
  if (link === 'serial') return mac;
  mac[0] = 2;
  mac.set(id.subarray(0, 5), 1);
  return mac;
}

function reaches(to: Uint8Array, id: Uint8Array, link: LinkKind): boolean {
  const mac = macOf(id, link);
  return link === 'serial' || to.every((octet) => octet === 255) || to.every((octet, i) => octet === mac[i]);
}
