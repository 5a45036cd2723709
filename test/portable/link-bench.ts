/** A link machine on a bench: its driver, its clock, its curve and its neighbours are the test's. */
import { millis, Prng, type Millis } from '../../firmware/core/base/index.js';
import { createKernels } from '../../firmware/core/crypto/index.js';
import { Counters, Link, Rank, XX, type LinkEffect, type LinkInput, type LinkKind } from '../../firmware/core/link/index.js';
import { EnvelopeClass, envelopeClass, writeEnvelope } from '../../firmware/core/wire/index.js';
import { seedOf } from './medium.js';
import { idOf, Peer } from './peer.js';
import { keyOf, toyCrypto } from './toy-group.js';

const kernels = createKernels();
export const BROADCAST = new Uint8Array(6).fill(255);

export const macOf = (number: number): Uint8Array => new Uint8Array([2, 0, 0, 0, 0, number]);

export type Told = Exclude<LinkEffect, { type: 'transmit' | 'want-random' | 'crypto-job' }>;

/** Its driver is the test: what it transmits is listed, `sent` comes when the test says so. */
export class Bench {
  readonly link: Link;
  readonly counters = new Counters();
  readonly number: number;
  readonly kinds: readonly LinkKind[];
  now: Millis = millis(0);
  readonly transmitted: { readonly kind: LinkKind; readonly to: Uint8Array; readonly bytes: Uint8Array }[] = [];
  readonly effects: Told[] = [];
  readonly #crypto;
  readonly #peers = new Map<number, Peer>();

  constructor(number: number, kinds: readonly LinkKind[] = ['air'], queue = 8) {
    this.number = number;
    this.kinds = kinds;
    const media: Partial<Record<LinkKind, { mtu: number; mac: Uint8Array }>> = {};
    for (const kind of kinds) media[kind] = { mtu: 250, mac: kind === 'serial' ? new Uint8Array(6) : macOf(number) };
    this.link = new Link({
      id: idOf(number),
      publicKey: keyOf(number),
      role: 'board',
      kernels,
      prng: new Prng(seedOf(number)),
      counters: this.counters,
      media,
      neighbours: 4,
      handshakes: 4,
      queue,
    });
    this.#crypto = toyCrypto(number, new Prng(seedOf(number + 50)));
  }

  feed(input: LinkInput, now: number = this.now): void {
    this.now = millis(now);
    this.link.handle(this.now, input);
    for (let effect = this.link.poll(); effect !== undefined; effect = this.link.poll()) {
      if (effect.type === 'transmit') this.transmitted.push({ kind: effect.link, to: effect.to, bytes: effect.bytes });
      else if (effect.type === 'want-random') this.link.handle(this.now, { type: 'random', bytes: this.#crypto.random(effect.octets) });
      else if (effect.type === 'crypto-job') this.link.handle(this.now, { type: 'crypto-done', answer: this.#crypto.run(effect.job) });
      else this.effects.push(effect.type === 'undelivered' ? { ...effect, frame: effect.frame.slice() } : effect);
    }
  }

  /** Tick at each deadline until then; the driver answers at once. */
  runTo(end: number): void {
    while (this.link.deadline() <= end) {
      this.feed({ type: 'tick' }, Math.max(this.link.deadline(), this.now));
      for (const kind of this.kinds) this.sent(true, kind);
    }
    this.now = millis(end);
  }

  sent(ok = true, kind: LinkKind = 'air'): void {
    this.feed({ type: 'sent', link: kind, ok });
  }

  /** A frame from another station; `to` is us unless said otherwise. */
  hear(from: number, bytes: Uint8Array, to: Uint8Array = macOf(this.number), kind: LinkKind = 'air'): void {
    this.feed({ type: 'frame', link: kind, from: macOf(from), to, rssi: -70, bytes });
  }

  /** What was transmitted since the last call. */
  take(): { readonly kind: LinkKind; readonly to: Uint8Array; readonly bytes: Uint8Array }[] {
    return this.transmitted.splice(0);
  }

  takeEffects(): Told[] {
    return this.effects.splice(0);
  }

  peer(other: number, kind: LinkKind = 'air'): Peer {
    let peer = this.#peers.get(other);
    if (peer === undefined) this.#peers.set(other, (peer = new Peer(other, this.number, kind)));
    return peer;
  }

  /** A station calls us, and all goes well. */
  meet(other: number, kind: LinkKind = 'air'): void {
    const peer = this.peer(other, kind);
    this.feed({ type: 'tick' });
    this.take();
    this.sent(true, kind);
    this.hear(other, peer.call(XX), undefined, kind);
    this.hear(other, peer.finish(this.takeHandshake(kind)), undefined, kind);
  }

  /** The handshake message that goes out next; beacons before it are let go. */
  takeHandshake(kind: LinkKind = 'air'): Uint8Array {
    for (let tries = 0; tries < 1000; tries += 1) {
      const found = this.take().find(({ bytes }) => envelopeClass(bytes, 0) === EnvelopeClass.handshake);
      this.sent(true, kind);
      if (found !== undefined) return found.bytes;
      this.feed({ type: 'tick' }, this.now + 1);
    }
    throw new Error('no handshake message went out');
  }

  /** Make a station a usable neighbour: a handshake, then a beacon that lists us. Its slot. */
  befriend(other: number, kind: LinkKind = 'air'): number {
    this.meet(other, kind);
    this.hear(other, this.peer(other).beacon(1, [[this.number, 255]]), BROADCAST, kind);
    this.runTo(this.now + 1000);
    this.take();
    this.takeEffects();
    return this.link.neighbours.find(kind, idOf(other));
  }
}

export function packet(flow: number, counter: number, hopLimit = 9): Uint8Array {
  const bytes = new Uint8Array(40);
  writeEnvelope(bytes, 0, { class: EnvelopeClass.free, hopLimit, flags: 0, destination: idOf(99), flow, counter });
  return bytes;
}

export const submit = (neighbour: number, frame: Uint8Array, rank: Rank = Rank.Free): LinkInput => ({
  type: 'submit',
  neighbour,
  link: 'air',
  rank,
  frame,
  from: -1,
  reroutes: 0,
});

/** Their classes, in order. */
export const classes = (frames: readonly { readonly bytes: Uint8Array }[]): string =>
  frames.map(({ bytes }) => envelopeClass(bytes, 0)).join();
