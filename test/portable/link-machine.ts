/** The link machine: discovery step by step, acknowledgements explicit and implicit, tries, what comes back, what is refused. */
import { ByteWriter, millis, Prng, type Millis } from '../../firmware/core/base/index.js';
import { createKernels } from '../../firmware/core/crypto/index.js';
import {
  COST_INFINITE,
  Counters,
  EVERYONE,
  Link,
  Rank,
  type LinkEffect,
  type LinkInput,
  type LinkKind,
} from '../../firmware/core/link/index.js';
import {
  encodeBeacon,
  encodeIdentity,
  ENVELOPE_OCTETS,
  EnvelopeClass,
  envelopeClass,
  EnvelopeFlag,
  envelopeFlags,
  writeEnvelope,
} from '../../firmware/core/wire/index.js';
import { check, equal, same, suite, throws } from './harness.js';
import { keyOf, seedOf } from './medium.js';

const kernels = createKernels();
const BROADCAST = new Uint8Array(6).fill(255);

function idOf(number: number): Uint8Array {
  const digest = new Uint8Array(32);
  kernels.sha256(digest, keyOf(number));
  return digest.slice(0, 8);
}

const macOf = (number: number): Uint8Array => new Uint8Array([2, 0, 0, 0, 0, number]);

/** A link machine whose driver is the test: what it transmits is listed, `sent` comes when the test says so. */
class Bench {
  readonly link: Link;
  readonly counters = new Counters();
  readonly number: number;
  readonly kinds: readonly LinkKind[];
  now: Millis = millis(0);
  readonly transmitted: { readonly kind: LinkKind; readonly to: Uint8Array; readonly bytes: Uint8Array }[] = [];
  readonly effects: Exclude<LinkEffect, { type: 'transmit' }>[] = [];

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
      queue,
    });
  }

  feed(input: LinkInput, now: number = this.now): void {
    this.now = millis(now);
    this.link.handle(this.now, input);
    for (let effect = this.link.poll(); effect !== undefined; effect = this.link.poll()) {
      if (effect.type === 'transmit') this.transmitted.push({ kind: effect.link, to: effect.to, bytes: effect.bytes });
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

  takeEffects(): Exclude<LinkEffect, { type: 'transmit' }>[] {
    return this.effects.splice(0);
  }

  /** Make a station a usable neighbour: identity, then a beacon that lists us. Its slot. */
  befriend(other: number, kind: LinkKind = 'air'): number {
    this.feed({ type: 'tick' });
    this.hear(other, identity(other), BROADCAST, kind);
    this.hear(other, beacon(other, 1, [[this.number, 255]]), BROADCAST, kind);
    this.runTo(this.now + 1000);
    this.take();
    this.takeEffects();
    return this.link.neighbours.find(kind, idOf(other));
  }
}

function framed(frameClass: number, destination: Uint8Array, flow: number, counter: number, body: (w: ByteWriter) => void): Uint8Array {
  const w = new ByteWriter(new Uint8Array(250));
  writeEnvelope(w.buffer, 0, { class: frameClass, hopLimit: 0, flags: 0, destination, flow, counter });
  w.at = ENVELOPE_OCTETS;
  body(w);
  return w.written().slice();
}

function beacon(from: number, number: number, heard: readonly (readonly [number, number])[]): Uint8Array {
  const list = heard.map(([who, quality]) => ({ neighbour: idOf(who).subarray(0, 4), quality }));
  return framed(EnvelopeClass.beacon, BROADCAST_ID, 0, 0, (w) => encodeBeacon(w, { id: idOf(from), role: 'board', number, heard: list }));
}

function identity(from: number, answer = false, to: Uint8Array = BROADCAST_ID): Uint8Array {
  return framed(EnvelopeClass.identity, to, 0, 0, (w) => encodeIdentity(w, { key: keyOf(from), role: 'board', answer }));
}

const BROADCAST_ID = new Uint8Array(8).fill(255);

function packet(flow: number, counter: number, hopLimit = 9): Uint8Array {
  const bytes = new Uint8Array(40);
  writeEnvelope(bytes, 0, { class: EnvelopeClass.free, hopLimit, flags: 0, destination: idOf(99), flow, counter });
  return bytes;
}

const ack = (to: number, flow: number, counter: number): Uint8Array => framed(EnvelopeClass.ack, idOf(to), flow, counter, () => undefined);

const submit = (neighbour: number, frame: Uint8Array, rank: Rank = Rank.Free): LinkInput => ({
  type: 'submit',
  neighbour,
  link: 'air',
  rank,
  frame,
  from: -1,
  reroutes: 0,
});

const classes = (frames: readonly { readonly bytes: Uint8Array }[]): string => frames.map(({ bytes }) => envelopeClass(bytes, 0)).join();

suite('link: discovery', (t) => {
  t.test('beacons from the start, and a deadline for each', () => {
    const bench = new Bench(1);
    equal<number>(bench.link.deadline(), 0, 'a tick at once, to learn the time');
    bench.feed({ type: 'tick' });
    equal(classes(bench.take()), '');
    bench.runTo(3000);
    const frames = bench.take();
    check(frames.length >= 4 && frames.length <= 7, `${frames.length} beacons in 3 s`);
    for (const { to, bytes } of frames) {
      same(to, BROADCAST);
      equal(envelopeClass(bytes, 0), EnvelopeClass.beacon);
    }
  });

  t.test('heard -> asked -> pinned -> listed by it -> usable', () => {
    const bench = new Bench(1);
    bench.runTo(2000);
    bench.take();
    bench.hear(2, beacon(2, 1, []), BROADCAST);
    const slot = bench.link.neighbours.find('air', idOf(2));
    check(slot >= 0 && !bench.link.neighbours.isPinned(slot), 'heard');
    bench.runTo(2200);
    const asked = bench.take().filter(({ bytes }) => envelopeClass(bytes, 0) === EnvelopeClass.identity);
    equal(asked.length, 1, 'it asks once');
    bench.hear(2, identity(2), BROADCAST);
    check(bench.link.neighbours.isPinned(slot), 'pinned');
    equal(bench.takeEffects().length, 0, 'not usable yet: it does not say that it hears us');
    bench.hear(2, beacon(2, 2, [[1, 255]]), BROADCAST);
    const [heard, usable] = bench.takeEffects();
    equal(heard?.type, 'heard');
    check(
      usable?.type === 'neighbour' && usable.neighbour === slot && usable.cost === 21 && !usable.restarted,
      'usable at the lossless cost',
    );
  });

  t.test('an unpinned station is asked again each second or so until it answers', () => {
    const bench = new Bench(1);
    bench.hear(2, beacon(2, 1, []), BROADCAST);
    bench.runTo(5000);
    const asked = bench.take().filter(({ bytes }) => envelopeClass(bytes, 0) === EnvelopeClass.identity);
    check(asked.length >= 4 && asked.length <= 8, `${asked.length} questions in 5 s`);
  });

  t.test('who asks is answered, several by one frame', () => {
    const bench = new Bench(1);
    bench.runTo(3000);
    bench.take();
    bench.hear(2, identity(2, true, idOf(1)), BROADCAST);
    bench.hear(3, identity(3, true, idOf(1)), BROADCAST);
    bench.hear(4, identity(4, true, idOf(2)), BROADCAST);
    bench.runTo(3100);
    equal(bench.take().filter(({ bytes }) => envelopeClass(bytes, 0) === EnvelopeClass.identity).length, 1);
  });

  t.test('a key that another station’s id is pinned to, or our own id, is an impostor', () => {
    const bench = new Bench(1);
    bench.hear(2, identity(2), BROADCAST);
    bench.hear(3, beacon(2, 1, []), BROADCAST);
    equal(bench.counters.read().drops.Impostor, 1, 'the same id from another address');
    bench.hear(3, beacon(1, 1, []), BROADCAST);
    bench.hear(3, identity(1), BROADCAST);
    equal(bench.counters.read().drops.Impostor, 3, 'our own id');
  });

  t.test('silence takes a neighbour away, and says so', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    bench.runTo(bench.now + 30_000);
    check(
      bench.takeEffects().every((effect) => effect.type === 'neighbour' && effect.cost >= 21),
      'dearer at first',
    );
    check(bench.link.neighbours.isKnown(slot), 'three beacons missing');
    bench.runTo(bench.now + 25_000);
    const gone = bench.takeEffects().at(-1);
    check(gone?.type === 'neighbour' && gone.cost === COST_INFINITE, 'gone');
    check(!bench.link.neighbours.isKnown(slot), 'the slot is free');
  });

  t.test('a beacon whose number went back tells of a restart', () => {
    const bench = new Bench(1);
    bench.befriend(2);
    bench.hear(2, beacon(2, 0, []), BROADCAST);
    const told = bench.takeEffects().find((effect) => effect.type === 'neighbour');
    check(told?.type === 'neighbour' && told.restarted, 'restarted');
  });

  t.test('a serial link that goes down takes its neighbour along at once', () => {
    const bench = new Bench(1, ['serial']);
    bench.feed({ type: 'link', link: 'serial', up: true });
    const slot = bench.befriend(2, 'serial');
    check(bench.link.neighbours.cost(slot) !== COST_INFINITE, 'usable');
    bench.feed({ type: 'link', link: 'serial', up: false });
    const told = bench.takeEffects().at(-1);
    check(told?.type === 'neighbour' && told.cost === COST_INFINITE, 'told');
    equal(bench.link.neighbours.used, 0);
  });
});

suite('link: acknowledgement', (t) => {
  t.test('a frame flies, is acknowledged by an ack frame, and the next one follows', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    bench.feed(submit(slot, packet(7, 1)));
    bench.feed(submit(slot, packet(7, 2)));
    const [first] = bench.take();
    same(first!.to, macOf(2));
    bench.sent();
    equal(bench.take().length, 0, 'it waits for the acknowledgement');
    bench.hear(2, ack(1, 7, 1));
    equal(bench.take().length, 0, 'the neighbour has still to send it on');
    bench.hear(2, packet(7, 1, 8), macOf(9));
    equal(bench.take().length, 0, 'and is answered by whom we may not hear');
    bench.runTo(bench.now + 10);
    equal(bench.take().length, 1, 'the second');
    bench.sent();
    bench.hear(2, ack(1, 7, 2));
    bench.runTo(bench.now + 500);
    equal(bench.counters.retries, 0);
    equal(bench.takeEffects().filter((effect) => effect.type === 'undelivered').length, 0);
  });

  t.test(
    'a neighbour that acknowledged by name and is not heard sending it on gets the next frame after 30 ms; a destination at once',
    () => {
      const bench = new Bench(1);
      const slot = bench.befriend(2);
      const own = packet(7, 2);
      own.set(idOf(2), 2);
      for (const frame of [packet(7, 1), own, packet(7, 3)]) bench.feed(submit(slot, frame));
      bench.sent();
      bench.hear(2, ack(1, 7, 1));
      const started = bench.now;
      bench.take();
      bench.feed({ type: 'tick' }, started + 29);
      equal(bench.take().length, 0);
      bench.feed({ type: 'tick' }, started + 30);
      equal(bench.take().length, 1, 'the one that is for the neighbour itself');
      bench.sent();
      bench.hear(2, ack(1, 7, 2));
      equal(bench.take().length, 1, 'the third follows at once');
    },
  );

  t.test('overhearing the next hop send it on is an acknowledgement; another station doing so is none', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    bench.befriend(3);
    bench.feed(submit(slot, packet(7, 1)));
    bench.sent();
    bench.hear(3, packet(7, 1, 8), macOf(9));
    bench.hear(2, packet(7, 1, 8), macOf(9));
    bench.take();
    bench.runTo(bench.now + 300);
    equal(bench.counters.retries, 0);
    equal(bench.takeEffects().filter((effect) => effect.type === 'heard').length, 0, 'what is for others is not handed up');
  });

  t.test('three tries with growing waits, the retries flagged; then it comes back', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    bench.feed(submit(slot, packet(7, 1)));
    const started = bench.now;
    bench.sent();
    bench.runTo(started + 400);
    const data = bench.take().filter(({ bytes }) => envelopeClass(bytes, 0) === EnvelopeClass.free);
    equal(data.map(({ bytes }) => envelopeFlags(bytes, 0) & EnvelopeFlag.retry).join(), '0,1,1');
    const back = bench.takeEffects().find((effect) => effect.type === 'undelivered');
    check(back?.type === 'undelivered' && back.neighbour === slot, 'it comes back');
    same(back.frame.subarray(2), packet(7, 1).subarray(2));
    equal(bench.counters.retries, 2);
  });

  t.test('failures lower the quality at once: three in silence end the link, a busy neighbour loses little', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    const fail = (counter: number, heard: boolean): number => {
      bench.feed(submit(slot, packet(7, counter)));
      bench.sent();
      bench.runTo(bench.now + 20);
      if (heard) bench.hear(2, packet(1, counter), macOf(9));
      bench.runTo(bench.now + 400);
      return bench.link.neighbours.cost(slot);
    };
    for (let number = 2; number < 20; number += 1) bench.hear(2, beacon(2, number, [[1, 255]]), BROADCAST);
    equal(bench.link.neighbours.cost(slot), 21);
    fail(1, true);
    equal(bench.link.neighbours.cost(slot), 21, 'heard meanwhile');
    check(fail(2, false) > 30, 'once in silence');
    fail(3, false);
    equal(fail(4, false), COST_INFINITE, 'three times');
  });

  t.test('a poor link gets five tries', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    bench.hear(2, beacon(2, 2, [[1, 100]]), BROADCAST);
    bench.feed(submit(slot, packet(7, 1)));
    bench.sent();
    bench.runTo(bench.now + 2000);
    equal(bench.take().filter(({ bytes }) => envelopeClass(bytes, 0) === EnvelopeClass.free).length, 5);
  });

  t.test('what we accept is acknowledged: at once by name, or by sending it on', () => {
    const bench = new Bench(1);
    const [from, to] = [bench.befriend(2), bench.befriend(3)];
    bench.feed({ type: 'acknowledge', neighbour: from, flow: 7, counter: 1 });
    const [named] = bench.take();
    same(named!.bytes, ack(2, 7, 1));
    same(named!.to, macOf(2));
    bench.sent();
    bench.feed({ ...(submit(to, packet(7, 2)) as Extract<LinkInput, { type: 'submit' }>), from });
    equal(classes(bench.take()), `${EnvelopeClass.free}`, 'sent on at once: no ack frame');
    bench.feed({ ...(submit(to, packet(7, 3)) as Extract<LinkInput, { type: 'submit' }>), from });
    bench.sent();
    equal(classes(bench.take()), `${EnvelopeClass.ack}`, 'not at once: an ack frame');
  });

  t.test('a line that delivers what it takes needs no ack frames', () => {
    const bench = new Bench(1, ['serial']);
    bench.feed({ type: 'link', link: 'serial', up: true });
    const slot = bench.befriend(2, 'serial');
    bench.feed({ ...(submit(slot, packet(7, 1)) as Extract<LinkInput, { type: 'submit' }>), link: 'serial' });
    equal(bench.take().length, 1);
    bench.sent(true, 'serial');
    bench.feed({ type: 'acknowledge', neighbour: slot, flow: 1, counter: 1 });
    bench.runTo(bench.now + 200);
    equal(classes(bench.take().filter(({ bytes }) => envelopeClass(bytes, 0) !== EnvelopeClass.beacon)), '');
    equal(bench.takeEffects().filter((effect) => effect.type === 'undelivered').length, 0);
  });

  t.test('a driver that gives up counts as a try', () => {
    const bench = new Bench(1);
    const slot = bench.befriend(2);
    bench.feed(submit(slot, packet(7, 1)));
    bench.sent(false);
    bench.feed({ type: 'tick' }, bench.link.deadline());
    equal(bench.counters.retries, 1);
  });

  t.test('broadcasts leave the queue when sent', () => {
    const bench = new Bench(1, ['air'], 2);
    bench.befriend(2);
    for (let i = 0; i < 5; i += 1) {
      bench.feed(submit(EVERYONE, packet(7, i), Rank.Control));
      bench.sent();
    }
    equal(bench.take().length, 5);
    equal(bench.counters.read().drops.QueueFull, 0);
  });
});

suite('link: bounds', (t) => {
  t.test('a full queue refuses and counts', () => {
    const bench = new Bench(1, ['air'], 4);
    const slot = bench.befriend(2);
    for (let i = 0; i < 6; i += 1) bench.feed(submit(slot, packet(7, i)));
    equal(bench.counters.read().drops.QueueFull, 4);
    check(bench.link.hasRoom(Rank.Sos) && !bench.link.hasRoom(Rank.Free), 'the urgent still fit');
  });

  t.test('strangers’ packets and rubbish are dropped and counted', () => {
    const bench = new Bench(1);
    bench.feed({ type: 'tick' });
    bench.hear(5, packet(1, 1));
    equal(bench.counters.read().drops.Stranger, 1);
    bench.hear(5, new Uint8Array(3));
    bench.hear(5, new Uint8Array(40));
    bench.hear(5, beacon(5, 1, []).subarray(0, 25), BROADCAST);
    equal(bench.counters.read().drops.Malformed, 3);
    equal(bench.takeEffects().length, 0);
  });

  t.test('misuse throws', () => {
    throws(() => new Bench(1, []), 'link-none');
    throws(() => new Bench(1).feed({ type: 'sent', link: 'ble', ok: true }), 'link-kind');
  });
});
