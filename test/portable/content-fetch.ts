/** Content from several holders over messages that get lost. The message layer is a queue in virtual time; disks are byte arrays, and a hash is a sum. */
import { millis, NEVER, Prng, sameOctets, type Millis } from '../../firmware/core/base/index.js';
import {
  ContentFetch,
  ContentHolder,
  UNIT,
  type FetchEffect,
  type FetchInput,
  type HoldEffect,
  type HoldInput,
} from '../../firmware/core/content/index.js';
import type { Address } from '../../firmware/core/transport/index.js';
import { check, equal, same, suite } from './harness.js';

const DIGEST = new Uint8Array(32).fill(7);
const READER: Address = { node: new Uint8Array(8).fill(1) };
const OUTBOARD = new Uint8Array(5_000).fill(3);

interface Source {
  readonly address: Address;
  machine: ContentHolder;
  /** Pieces that it has; absent: all. */
  readonly held?: Uint8Array;
  readonly denies?: boolean;
  readonly lies?: boolean;
  dead: boolean;
}

class Island {
  now: Millis = millis(0);
  /** Share of messages lost, in 1/256. */
  loss = 0;
  readonly prng: Prng;
  readonly file: Uint8Array;
  readonly outboard = new Uint8Array(OUTBOARD.length);
  readonly disk: Uint8Array;
  readonly verified: Uint8Array;
  readonly sources: Source[] = [];
  readonly events: string[] = [];
  /** Octets of verified pieces that came once more. */
  again = 0;
  proven = false;
  fetch = new ContentFetch({ digest: DIGEST, codec: 'dag-pb' });
  readonly queue: { at: number; run: () => void }[] = [];

  constructor(octets: number, seed: number) {
    this.prng = new Prng(new Uint8Array(16).fill(seed));
    this.file = new Uint8Array(octets);
    for (let i = 0; i < octets; i += 97) this.file[i] = this.prng.below(256);
    this.disk = new Uint8Array(octets);
    this.verified = new Uint8Array(Math.ceil(octets / UNIT));
  }

  source(options: Partial<Omit<Source, 'address' | 'machine'>> = {}): Source {
    const source: Source = {
      dead: false,
      ...options,
      address: { node: new Uint8Array(8).fill(10 + this.sources.length) },
      machine: new ContentHolder(),
    };
    this.sources.push(source);
    this.feed({ type: 'holder', address: source.address });
    return source;
  }

  /** The reader's process starts anew with what is verified on its disk. */
  restart(): void {
    this.fetch = new ContentFetch({ digest: DIGEST, codec: 'dag-pb' });
    for (const { address } of this.sources) this.feed({ type: 'holder', address });
  }

  run(until: number, stop: () => boolean = () => this.events.includes('done')): void {
    while (!stop()) {
      this.queue.sort((a, b) => a.at - b.at);
      const next = this.queue[0]?.at ?? NEVER;
      const at = Math.min(next, this.fetch.deadline());
      if (at > until) return;
      this.now = millis(Math.max(this.now, at));
      if (next <= at) this.queue.shift()!.run();
      else this.feed({ type: 'tick' });
    }
  }

  feed(input: FetchInput): void {
    const machine = this.fetch;
    machine.handle(this.now, input);
    for (let effect = machine.poll(); effect !== undefined; effect = machine.poll()) this.#perform(effect, machine);
  }

  #after(delay: number, run: () => void): void {
    this.queue.push({ at: this.now + delay, run });
  }

  #lost(): boolean {
    return this.prng.below(256) < this.loss;
  }

  #perform(effect: FetchEffect, machine: ContentFetch): void {
    const later = (delay: number, input: FetchInput): void => this.#after(delay, () => machine === this.fetch && this.feed(input));
    switch (effect.type) {
      case 'send': {
        const source = this.sources.find(({ address }) => sameOctets(address.node, 0, effect.to.node, 0, 8))!;
        if (!this.#lost()) this.#after(20, () => this.#hold(source, { type: 'message', from: READER, payload: effect.payload }));
        return;
      }
      case 'store': {
        if (effect.section === 'data' && this.verified[Math.floor(effect.at / UNIT)] === 1) this.again += effect.bytes.length;
        (effect.section === 'data' ? this.disk : this.outboard).set(effect.bytes, effect.at);
        return later(2, { type: 'stored', section: effect.section, at: effect.at });
      }
      case 'check': {
        if (effect.section === 'outboard') {
          this.proven = sameOctets(this.outboard, 0, OUTBOARD, 0, OUTBOARD.length);
          return later(3, {
            type: 'checked',
            section: 'outboard',
            unit: 0,
            fits: this.proven,
            octets: this.file.length,
            missing: this.missing(),
          });
        }
        const at = effect.unit * UNIT;
        const fits = sameOctets(this.disk, at, this.file, at, Math.min(UNIT, this.file.length - at));
        if (fits) this.verified[effect.unit] = 1;
        return later(3, { type: 'checked', section: 'data', unit: effect.unit, fits });
      }
      case 'progress':
        return;
      default:
        this.events.push(effect.type === 'refused' ? `refused ${effect.why}` : effect.type);
    }
  }

  missing(): Uint8Array {
    const bits = new Uint8Array((this.verified.length + 7) >> 3);
    this.verified.forEach((done, unit) => {
      if (done === 0) bits[unit >> 3]! |= 0x80 >> (unit & 7);
    });
    return bits;
  }

  #hold(source: Source, input: HoldInput): void {
    if (source.dead) return;
    source.machine.handle(this.now, input);
    for (let effect = source.machine.poll(); effect !== undefined; effect = source.machine.poll()) this.#answer(source, effect);
  }

  #answer(source: Source, effect: HoldEffect): void {
    const later = (delay: number, input: HoldInput): void => this.#after(delay, () => this.#hold(source, input));
    switch (effect.type) {
      case 'send':
        if (!this.#lost())
          this.#after(20 + this.prng.below(20), () => this.feed({ type: 'message', from: source.address, payload: effect.payload }));
        if (effect.token !== 0) later(45, { type: 'outcome', token: effect.token });
        return;
      case 'asked': {
        const { from: to, digest } = effect;
        if (source.denies) return later(1, { type: 'no', to, digest, why: 'denied' });
        return later(1, {
          type: 'have',
          to,
          digest,
          octets: this.file.length,
          outboardOctets: OUTBOARD.length,
          ...(source.held && { held: source.held }),
        });
      }
      case 'read': {
        const octets = effect.section === 'data' ? this.file : OUTBOARD;
        const bytes = octets.slice(effect.at, effect.at + effect.octets);
        if (source.lies && effect.section === 'data') bytes[0]! ^= 1;
        return later(1, { type: 'block', token: effect.token, bytes });
      }
    }
  }
}

const MINUTE = 60_000;

suite('content', (t) => {
  t.test('content of every awkward size arrives octet for octet, each block once', () => {
    for (const octets of [1, 4_095, 4_096, 4_097, UNIT - 1, UNIT, UNIT + 1, 3 * UNIT + 5_000]) {
      const island = new Island(octets, 1);
      island.source();
      island.run(10 * MINUTE);
      equal(island.events.join(), 'done', `${octets} octets`);
      same(island.disk, island.file);
      equal(island.again, 0);
    }
  });

  t.test('a fifth of the messages lost, three holders, two seeds', () => {
    for (let seed = 1; seed <= 2; seed += 1) {
      const island = new Island(4 * UNIT + 100, seed);
      island.loss = 51;
      for (let i = 0; i < 3; i += 1) island.source();
      island.run(120 * MINUTE);
      equal(island.events.join(), 'done', `seed ${seed}`);
      same(island.disk, island.file);
      equal(island.again, 0, 'verified octets again');
    }
  });

  t.test('one has half of it, one lies, one denies, one dies: the rest comes from whoever has it', () => {
    const island = new Island(6 * UNIT, 3);
    island.source({ held: Uint8Array.of(0b1110_0000) });
    island.source({ lies: true });
    island.source({ denies: true });
    const dies = island.source();
    island.run(5 * MINUTE, () => island.verified.reduce((sum, done) => sum + done, 0) >= 2);
    dies.dead = true;
    island.run(10 * MINUTE);
    check(!island.events.includes('done'), 'half of it is nowhere');
    island.source();
    island.run(30 * MINUTE);
    same(island.disk, island.file);
    check(island.events.includes('penalise') && island.events.includes('refused denied'), island.events.join());
    equal(island.again, 0);
  });

  t.test('a reader that restarts asks only for what is not verified', () => {
    const island = new Island(6 * UNIT, 4);
    island.source();
    island.run(30 * MINUTE, () => island.verified.reduce((sum, done) => sum + done, 0) >= 3);
    island.restart();
    island.run(60 * MINUTE);
    same(island.disk, island.file);
    equal(island.again, 0, 'verified octets again');
  });

  t.test('whoever is away for an hour is asked again', () => {
    const island = new Island(UNIT, 5);
    island.loss = 256;
    island.source();
    island.run(60 * MINUTE);
    equal(island.events.length, 0);
    island.loss = 0;
    island.run(70 * MINUTE);
    equal(island.events.join(), 'done');
  });

  t.test('bytes from outside never throw, and answers nobody asked for change nothing', () => {
    const island = new Island(UNIT, 6);
    island.source();
    const prng = new Prng(new Uint8Array(16).fill(9));
    for (let i = 0; i < 300; i += 1) {
      const payload = new Uint8Array(prng.below(60));
      for (let at = 0; at < payload.length; at += 1) payload[at] = prng.below(256);
      island.feed({ type: 'message', from: island.sources[0]!.address, payload });
      island.feed({ type: 'stored', section: 'data', at: prng.below(1_000_000) });
      island.feed({ type: 'checked', section: 'data', unit: prng.below(9), fits: true });
    }
    island.run(10 * MINUTE);
    same(island.disk, island.file);
  });
});
