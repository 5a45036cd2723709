/**
 * Node: link, mesh and messages wired into one machine, by role. The only place where they meet: each input goes to the lowest that knows it, and
 * the effects of one are the inputs of the next until only those for the world are left.
 *
 *   frame, sent, link -> Link -> heard, neighbour, undelivered -> Mesh -> deliver -> Messages -> message, outcome, progress, pong
 *   want-random, crypto-job, random, crypto-done: Link, answered at once where the options say how
 *   send, ping -> Messages -> packet, hand-over -> Mesh -> submit, acknowledge -> Link -> transmit
 *
 * A node answers a report-request itself, once `want-health` has been answered.
 */
import { ByteWriter, CodedError, millis, Prng, Ring, sameOctets, type Machine, type Millis } from '../base/index.js';
import {
  COST_INFINITE,
  Counters,
  Link,
  LINK_KINDS,
  linkProfiles,
  SEAL_OCTETS,
  type CounterReading,
  type CryptoEffect,
  type LinkEffect,
  type LinkKind,
} from '../link/index.js';
import { Mesh, rankOf, type MeshEffect } from '../mesh/index.js';
import type { HealthReading, RouteEntry } from '../ports/index.js';
import { Messages, type Address, type MessagesEffect, type TrafficClass } from '../transport/index.js';
import {
  decodeMessage,
  encodeReport,
  EnvelopeClass,
  REPORT_MAX,
  REPORT_NEIGHBOURS_MAX,
  type NeighbourReport,
  type Report,
} from '../wire/index.js';
import { defaultCaps, type NodeCaps } from './caps.js';
import type { NeighbourInfo, NodeEffect, NodeInput, NodeOptions } from './node-inputs.js';

/** Tokens of the node's own messages; a host's are not negative. */
const OWN_TOKEN = -1;
/** ATT payload at MTU 247: what a leaf's link takes, wherever on the way to it the sender is. */
const LEAF_MTU = linkProfiles.ble.mtu - SEAL_OCTETS;
const AIR_MTU = linkProfiles.air.mtu - SEAL_OCTETS;

export class Node implements Machine<NodeInput, NodeEffect> {
  /** 8 octets. */
  readonly id: Uint8Array;
  readonly #options: NodeOptions;
  readonly #caps: NodeCaps;
  readonly #counters = new Counters();
  readonly #link: Link;
  readonly #mesh: Mesh;
  readonly #messages: Messages;
  readonly #reports: Ring<Address>;
  #wantsHealth = false;
  #now = millis(0);

  constructor(options: NodeOptions) {
    const { publicKey, role, kernels, seed, mtu } = options;
    if (publicKey.length !== 33) throw new CodedError('node-key', `a compressed public key has 33 octets, not ${publicKey.length}`);
    this.#options = options;
    this.#caps = { ...defaultCaps[role], ...options.caps };
    const digest = new Uint8Array(32);
    kernels.sha256(digest, publicKey);
    this.id = digest.slice(0, 8);
    const { id } = this;
    const prng = new Prng(seed);
    const counters = this.#counters;
    const media: Partial<Record<LinkKind, { mtu: number; mac: Uint8Array }>> = {};
    for (const kind of LINK_KINDS) {
      const octets = mtu[kind];
      if (octets !== undefined) media[kind] = { mtu: octets, mac: options.mac?.[kind] ?? defaultMac(kind, id) };
    }
    const { neighbours, handshakes, queue, destinations, duplicates, reports } = this.#caps;
    const link = new Link({ id, publicKey, role, kernels, prng, counters, media, neighbours, handshakes, queue });
    const mesh = new Mesh({
      id,
      role,
      kernels,
      prng,
      counters,
      link,
      destinations,
      duplicates,
      tellsRoutes: options.tellsRoutes,
      ...(options.timers && { timers: options.timers }),
    });
    this.#link = link;
    this.#mesh = mesh;
    const below = {
      self: () => this.#address(),
      mtu: (to: Address) => this.#mtuTo(to),
      hasLeaf: (leaf: Uint8Array) => mesh.hasLeaf(leaf),
      hasRoom: (trafficClass: TrafficClass) => link.hasRoom(rankOf(EnvelopeClass[trafficClass])),
      reaches: ({ node, leaf }: Address) => (leaf !== undefined && sameOctets(node, 0, id, 0, 8) ? mesh.hasLeaf(leaf) : mesh.reaches(node)),
    };
    this.#messages = new Messages({ role, prng, counters, below, caps: this.#caps });
    this.#reports = new Ring(reports);
  }

  handle(now: Millis, input: NodeInput): void {
    this.#now = now;
    switch (input.type) {
      case 'frame':
      case 'sent':
      case 'link':
      case 'random':
      case 'crypto-done':
        this.#link.handle(now, input);
        break;
      case 'send':
      case 'ping':
        if (input.token < 0) throw new CodedError('token', `${input.token} is negative`);
        this.#messages.handle(now, input);
        break;
      case 'health':
        this.#report(input.reading);
        break;
      case 'tick':
        this.#link.handle(now, input);
        this.#mesh.handle(now, input);
        this.#messages.handle(now, input);
        break;
    }
  }

  poll(): NodeEffect | undefined {
    for (;;) {
      // Mesh first: its effects hold frames that its next input would overwrite.
      const fromMesh = this.#mesh.poll();
      const fromLink = fromMesh === undefined ? this.#link.poll() : undefined;
      const fromMessages = fromMesh === undefined && fromLink === undefined ? this.#messages.poll() : undefined;
      let effect: NodeEffect | undefined;
      if (fromMesh !== undefined) effect = this.#afterMesh(fromMesh);
      else if (fromLink !== undefined) effect = this.#afterLink(fromLink);
      else if (fromMessages !== undefined) effect = this.#afterMessages(fromMessages);
      else break;
      if (effect !== undefined) return effect;
    }
    if (!this.#wantsHealth) return undefined;
    this.#wantsHealth = false;
    return { type: 'want-health' };
  }

  deadline(): Millis {
    return millis(Math.min(this.#link.deadline(), this.#mesh.deadline(), this.#messages.deadline()));
  }

  counters(): CounterReading {
    return this.#counters.read();
  }

  neighbours(): readonly NeighbourInfo[] {
    const all: NeighbourInfo[] = [];
    const { neighbours } = this.#link;
    for (let slot = 0; slot < neighbours.capacity; slot += 1) if (neighbours.isPinned(slot)) all.push(this.#neighbour(slot));
    return all;
  }

  /** Every destination with a selected route. The arrays are the callee's to keep. */
  routes(each: (id: Uint8Array, nextHop: Uint8Array, metric: number) => void): void {
    this.#mesh.routes((entry: RouteEntry) => {
      if (entry.neighbour >= 0) each(entry.id.slice(), this.#link.neighbours.id(entry.neighbour).slice(), entry.metric);
    });
  }

  #afterLink(effect: LinkEffect): NodeEffect | undefined {
    switch (effect.type) {
      case 'transmit':
        return effect;
      case 'want-random':
      case 'crypto-job':
        return this.#afterCrypto(effect);
    }
    const info = effect.type === 'neighbour' ? this.#neighbour(effect.neighbour) : undefined;
    this.#mesh.handle(this.#now, effect);
    return info === undefined ? undefined : { type: 'neighbour', ...info };
  }

  #afterCrypto(effect: CryptoEffect): CryptoEffect | undefined {
    const { inline } = this.#options;
    if (inline === undefined) return effect;
    if (effect.type === 'want-random') this.#link.handle(this.#now, { type: 'random', bytes: inline.random(effect.octets) });
    else this.#link.handle(this.#now, { type: 'crypto-done', answer: inline.run(effect.job) });
    return undefined;
  }

  #afterMesh(effect: MeshEffect): NodeEffect | undefined {
    switch (effect.type) {
      case 'submit':
      case 'acknowledge':
        this.#link.handle(this.#now, effect);
        return undefined;
      case 'deliver':
        this.#messages.handle(this.#now, effect);
        return undefined;
      case 'route': {
        const nextHop = effect.nextHop < 0 ? undefined : this.#link.neighbours.id(effect.nextHop).slice();
        return { type: 'route', id: effect.id, nextHop, metric: effect.metric };
      }
    }
  }

  #afterMessages(effect: MessagesEffect): NodeEffect | undefined {
    switch (effect.type) {
      case 'packet':
        this.#mesh.handle(this.#now, { type: 'send', class: effect.class, to: effect.to, last: effect.last, body: effect.body });
        return undefined;
      case 'hand-over':
        this.#mesh.handle(this.#now, effect);
        return undefined;
      case 'message':
        return this.#isReportRequest(effect.payload) ? this.#askForReport(effect.from) : effect;
      case 'progress':
      case 'outcome':
        return effect.token === OWN_TOKEN ? undefined : effect;
      case 'pong':
        return effect;
    }
  }

  #isReportRequest(payload: Uint8Array): boolean {
    const message = decodeMessage(payload, 0, payload.length);
    return typeof message !== 'number' && message.kind === 'report-request';
  }

  #askForReport(from: Address): undefined {
    if (this.#reports.push(from)) this.#wantsHealth = true;
  }

  #report(reading: HealthReading): void {
    const counters = this.#counters;
    const neighbours: NeighbourReport[] = [];
    for (const { id, role, metric, rssi, up } of this.neighbours())
      if (up && neighbours.length < REPORT_NEIGHBOURS_MAX) neighbours.push({ id, role, metric, rssi: -rssi });
    const report: Report = {
      kind: 'report',
      uptime: Math.floor(this.#now / 1000),
      neighbours,
      counters: {
        forwarded: counters.forwarded,
        delivered: counters.delivered,
        sentOctets: counters.totalOctets(),
        dropped: counters.totalDrops(),
        retries: counters.retries,
      },
    };
    const { chunkPeak, chunkSize, slotPeak, slotSize, stackPeak, stackSize } = reading;
    const whole: Report =
      chunkSize === 0 ? report : { ...report, pools: { chunkPeak, chunkSize, slotPeak, slotSize, stackPeak, stackSize } };
    const w = new ByteWriter(new Uint8Array(REPORT_MAX));
    encodeReport(w, whole);
    for (let to = this.#reports.shift(); to !== undefined; to = this.#reports.shift())
      this.#messages.handle(this.#now, { type: 'send', token: OWN_TOKEN, to, class: 'control', payload: w.written() });
  }

  #neighbour(slot: number): NeighbourInfo {
    const { neighbours } = this.#link;
    const metric = neighbours.cost(slot);
    return {
      id: neighbours.id(slot).slice(),
      link: neighbours.kind(slot),
      role: neighbours.role(slot),
      up: metric !== COST_INFINITE,
      metric,
      rssi: neighbours.rssi(slot),
    };
  }

  /** Ours now; a leaf's names the node that it is attached to. */
  #address(): Address | undefined {
    if (this.#options.role !== 'leaf') return { node: this.id };
    const { attached } = this.#mesh;
    return attached < 0 ? undefined : { node: this.#link.neighbours.id(attached).slice(), leaf: this.id };
  }

  /** A neighbour is reached over its link alone; what lies farther away, over the air. */
  #mtuTo({ node, leaf }: Address): number {
    const slot = this.#mesh.neighbourOf(node);
    const octets = slot >= 0 ? this.#link.mtu(this.#link.neighbours.kind(slot)) : Math.min(AIR_MTU, this.#link.frameOctets);
    return leaf === undefined && this.#options.role !== 'leaf' ? octets : Math.min(octets, LEAF_MTU);
  }
}

export function createNode(options: NodeOptions): Node {
  return new Node(options);
}

function defaultMac(kind: LinkKind, id: Uint8Array): Uint8Array {
  const mac = new Uint8Array(6);
  if (kind === 'serial') return mac;
  mac[0] = 2;
  mac.set(id.subarray(0, 5), 1);
  return mac;
}
