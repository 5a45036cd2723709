/**
 * Requests as frames: somebody else's to the next hop, with acknowledgement; our own to everyone. Damped: when half an island is lost at once, asking
 * must not take the air that the answers need.
 */
import { TokenBucket, type Millis } from '../base/index.js';
import { EVERYONE, type Link, type Submit } from '../link/index.js';
import type { RouteTable } from '../ports/index.js';
import { ENVELOPE_OCTETS, SEQNO_REQUEST_WANTED_MAX, type Wanted } from '../wire/index.js';
import { emptyEntry } from './empty-entry.js';
import type { Audience } from './listeners.js';
import type { Requests } from './requests.js';
import { routingFrame } from './routing-frame.js';

export const REQUEST_HOPS = 63;
/** Frames at once, and milliseconds for another. */
const BURST = 6;
const EVERY = 150;
/** Octets of a wanted destination: array 1, id 9, seqno 3; of a request around them: map, keys, list, hops 8. */
const WANTED_OCTETS = 13;
const REQUEST_OCTETS = 8;

export interface RequestFramesOptions {
  readonly id: Uint8Array;
  readonly link: Link;
  readonly table: RouteTable;
  readonly requests: Requests;
  readonly audience: () => readonly Audience[];
}

export class RequestFrames {
  readonly #options: RequestFramesOptions;
  readonly #damping = new TokenBucket(BURST * EVERY, 1);
  readonly #slots = new Uint16Array(SEQNO_REQUEST_WANTED_MAX);
  readonly #entry = emptyEntry();

  constructor(options: RequestFramesOptions) {
    this.#options = options;
  }

  deadline(now: Millis): number {
    return this.#options.requests.isOwing() ? now + this.#damping.wait(now, EVERY) : Number.MAX_SAFE_INTEGER;
  }

  /** One request, if any is owed and may go now, onto `out` as a frame for each link that it concerns. */
  poll(now: Millis, out: Submit[]): void {
    const { requests } = this.#options;
    if (!requests.isOwing() || this.#damping.wait(now, EVERY) > 0) return;
    const slots = this.#slots.subarray(0, this.#room());
    const { count, neighbour, hops } = requests.takeForward(slots, (slot) => (this.#read(slot) ? this.#entry.neighbour : -1));
    if (count > 0) {
      if (neighbour >= 0) this.#toNextHop(count, neighbour, hops, out);
    } else this.#toEveryone(requests.takeOwed(slots), out);
  }

  #toNextHop(count: number, neighbour: number, hops: number, out: Submit[]): void {
    const { link, id, requests } = this.#options;
    const wanted: Wanted[] = [];
    for (let i = 0; i < count; i += 1) {
      const slot = this.#slots[i]!;
      if (this.#read(slot)) wanted.push({ destination: this.#entry.id.slice(), seqno: requests.wantedSeqno(slot) });
    }
    const numbering = { counter: link.nextCounter(), repeats: false };
    this.#damping.spend(EVERY);
    out.push(routingFrame(link, id, neighbour, link.neighbours.kind(neighbour), { kind: 'seqno-request', wanted, hops }, numbering));
  }

  /** Only what is still unreachable. */
  #toEveryone(count: number, out: Submit[]): void {
    const { link, id } = this.#options;
    const wanted: Wanted[] = [];
    for (let i = 0; i < count; i += 1) {
      if (!this.#read(this.#slots[i]!) || this.#entry.neighbour >= 0) continue;
      wanted.push({ destination: this.#entry.id.slice(), seqno: (this.#entry.feasibleSeqno + 1) & 0xffff });
    }
    const audience = this.#options.audience();
    if (wanted.length === 0 || audience.length === 0) return;
    const numbering = { counter: link.nextCounter(), repeats: false };
    this.#damping.spend(EVERY);
    for (const { kind } of audience)
      out.push(routingFrame(link, id, EVERYONE, kind, { kind: 'seqno-request', wanted, hops: REQUEST_HOPS }, numbering));
  }

  #read(slot: number): boolean {
    return this.#options.table.read(slot, this.#entry);
  }

  #room(): number {
    const { link } = this.#options;
    let room = SEQNO_REQUEST_WANTED_MAX;
    for (const kind of link.kindsUp())
      room = Math.min(room, Math.floor((link.mtu(kind) - ENVELOPE_OCTETS - REQUEST_OCTETS) / WANTED_OCTETS));
    return room;
  }
}
