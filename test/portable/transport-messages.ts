/** Messages end to end over a path that loses, doubles and reorders: whole, once, and with an end that is told. No mesh below, a queue in virtual time. */
import { ByteWriter, millis, Prng, type Millis } from '../../firmware/core/base/index.js';
import { Counters } from '../../firmware/core/link/index.js';
import {
  Messages,
  type Address,
  type MessagesCaps,
  type MessagesEffect,
  type MessagesInput,
  type TrafficClass,
} from '../../firmware/core/transport/index.js';
import { decodePacket, encodePacket, ENVELOPE_OCTETS, type Packet } from '../../firmware/core/wire/index.js';
import { check, equal, same, suite, throws } from './harness.js';
import { seedOf } from './medium.js';

const caps: MessagesCaps = {
  outgoing: 4,
  pings: 2,
  paths: 2,
  delivered: 16,
  messages: 2,
  messageOctets: 4200,
  octets: 8000,
};
const HOPS = 5;

interface Fate {
  /** Of 256. */
  readonly loss: number;
  readonly doubled: number;
  /** Milliseconds, at random up to `spread` more. */
  readonly delay: number;
  readonly spread: number;
}

class End {
  readonly messages: Messages;
  readonly counters = new Counters();
  readonly got: Extract<MessagesEffect, { type: 'message' }>[] = [];
  readonly outcomes: string[] = [];
  readonly progress: string[] = [];
  readonly pongs: Extract<MessagesEffect, { type: 'pong' }>[] = [];
  room = true;
  reachable = true;

  constructor(self: Address, seed: number, some: Partial<MessagesCaps> = {}) {
    this.messages = new Messages({
      role: 'board',
      prng: new Prng(seedOf(seed)),
      counters: this.counters,
      below: {
        self: () => self,
        mtu: () => 250,
        hasLeaf: () => false,
        hasRoom: () => this.room,
        reaches: () => this.reachable,
      },
      caps: { ...caps, ...some },
    });
  }
}

interface Flight {
  readonly at: number;
  readonly to: End;
  readonly input: MessagesInput;
}

/** Two ends and the way between them. */
class Path {
  now: Millis = millis(0);
  readonly a: End;
  readonly b: End;
  readonly addressA: Address = { node: new Uint8Array(8).fill(1) };
  readonly addressB: Address = { node: new Uint8Array(8).fill(2) };
  fate: Fate;
  packets = 0;
  /** Sees each packet; false loses it. */
  tap: (packet: Packet, fromA: boolean) => boolean = () => true;
  readonly #prng: Prng;
  readonly #flights: Flight[] = [];

  constructor(seed: number, fate: Partial<Fate> = {}, capsOfA: Partial<MessagesCaps> = {}, capsOfB = capsOfA) {
    this.#prng = new Prng(seedOf(seed));
    this.fate = { loss: 0, doubled: 0, delay: 20, spread: 0, ...fate };
    this.a = new End(this.addressA, seed + 1, capsOfA);
    this.b = new End(this.addressB, seed + 2, capsOfB);
  }

  send(token: number, payload: Uint8Array, trafficClass: TrafficClass = 'free'): void {
    this.feed(this.a, { type: 'send', token, to: this.addressB, class: trafficClass, payload });
  }

  feed(end: End, input: MessagesInput): void {
    end.messages.handle(this.now, input);
    for (let effect = end.messages.poll(); effect !== undefined; effect = end.messages.poll()) this.#perform(end, effect);
  }

  run(duration: number): void {
    const end = this.now + duration;
    for (;;) {
      let at = end;
      let due: End | undefined;
      for (const each of [this.a, this.b]) {
        if (each.messages.deadline() >= at) continue;
        at = each.messages.deadline();
        due = each;
      }
      const flight = this.#flights.reduce<Flight | undefined>((first, each) => (first && first.at <= each.at ? first : each), undefined);
      if (flight !== undefined && flight.at <= at) {
        this.#flights.splice(this.#flights.indexOf(flight), 1);
        this.now = millis(Math.max(this.now, flight.at));
        this.feed(flight.to, flight.input);
      } else if (due !== undefined) {
        this.now = millis(Math.max(this.now, at));
        this.feed(due, { type: 'tick' });
      } else break;
    }
    this.now = millis(end);
  }

  #perform(end: End, effect: MessagesEffect): void {
    if (effect.type === 'message') end.got.push(effect);
    else if (effect.type === 'outcome')
      end.outcomes.push(`${effect.token} ${effect.outcome}${effect.reason === undefined ? '' : ` ${effect.reason}`}`);
    else if (effect.type === 'progress') end.progress.push(`${effect.done}/${effect.total}`);
    else if (effect.type === 'pong') end.pongs.push(effect);
    else if (effect.type === 'packet') this.#fly(end, effect);
  }

  #fly(from: End, { class: packetClass, last, body }: Extract<MessagesEffect, { type: 'packet' }>): void {
    const packet = decodePacket(body, 0, body.length);
    check(typeof packet !== 'number', 'what is sent decodes');
    this.packets += 1;
    const frame = new Uint8Array(ENVELOPE_OCTETS + body.length);
    frame.set(body, ENVELOPE_OCTETS);
    if (!this.tap(packet as Packet, from === this.a)) return;
    const { loss, doubled, delay, spread } = this.fate;
    for (let copies = this.#prng.below(256) < doubled ? 2 : 1; copies > 0; copies -= 1) {
      if (this.#prng.below(256) < loss) continue;
      const at = this.now + delay + this.#prng.below(spread + 1);
      const to = from === this.a ? this.b : this.a;
      this.#flights.push({ at, to, input: { type: 'deliver', class: packetClass, last, hops: HOPS, frame } });
    }
  }
}

function pattern(octets: number, seed: number): Uint8Array {
  const prng = new Prng(seedOf(seed));
  const bytes = new Uint8Array(octets);
  for (let i = 0; i < octets; i += 1) bytes[i] = prng.below(256);
  return bytes;
}

/** One of two pieces of a message from somebody else. */
function piece(sender: number, index: number): Uint8Array {
  const w = new ByteWriter(new Uint8Array(250));
  w.at = ENVELOPE_OCTETS;
  const payload = new Uint8Array(100);
  encodePacket(w, { kind: 'segment', node: new Uint8Array(8).fill(sender), number: 1, index, count: 2, payload });
  return w.written();
}

suite('messages', (t) => {
  t.test('one segment: one packet, one receipt, delivered', () => {
    const path = new Path(1);
    path.send(7, pattern(100, 1), 'paid');
    path.run(100);
    equal(path.packets, 2);
    equal(path.b.got.length, 1);
    same(path.b.got[0]!.payload, pattern(100, 1));
    equal(path.b.got[0]!.class, 'paid');
    same(path.b.got[0]!.from.node, path.addressA.node);
    equal(path.a.outcomes.join(), '7 delivered');
  });

  t.test('an empty message is a message', () => {
    const path = new Path(1);
    path.send(7, new Uint8Array(0));
    path.run(100);
    equal(path.b.got[0]!.payload.length, 0);
    equal(path.a.outcomes.join(), '7 delivered');
  });

  for (const octets of [203, 204, 406, 407, 4142])
    t.test(`${octets} octets arrive as they left, and progress counts the segments`, () => {
      const path = new Path(octets);
      path.send(1, pattern(octets, 2));
      path.run(10_000);
      same(path.b.got[0]!.payload, pattern(octets, 2));
      equal(path.a.outcomes.join(), '1 delivered');
      const total = Math.ceil(octets / 203);
      equal(path.a.progress.at(-1), `${total}/${total}`);
    });

  t.test('over a path that loses, doubles and reorders: whole, in 40 runs, each once', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const path = new Path(seed, { loss: 60, doubled: 40, delay: 30, spread: 120 });
      for (let token = 0; token < 3; token += 1) path.send(token, pattern(1000 + 1000 * token, seed * 10 + token));
      path.run(60_000);
      equal(path.a.outcomes.map((outcome) => outcome.slice(2)).join(), 'delivered,delivered,delivered', `seed ${seed}:`);
      equal(path.b.got.length, 3, `seed ${seed}:`);
      for (const { payload } of path.b.got) {
        const token = payload.length / 1000 - 1;
        same(payload, pattern(payload.length, seed * 10 + token), `seed ${seed}:`);
      }
    }
  });

  t.test('what is lost alone is sent again, not the rest', () => {
    const path = new Path(3);
    let lost = 0;
    const sent = new Map<number, number>();
    path.tap = (packet) => {
      if (packet.kind !== 'segment') return true;
      sent.set(packet.index, (sent.get(packet.index) ?? 0) + 1);
      return packet.index !== 4 || (lost += 1) > 1;
    };
    path.send(1, pattern(4000, 1));
    path.run(10_000);
    equal(path.a.outcomes.join(), '1 delivered');
    for (const [index, times] of sent) equal(times, index === 4 ? 2 : 1, `segment ${index} left`);
  });

  t.test('the window is small, grows with success and never lets more than 12 segments be under way', () => {
    const path = new Path(4, { delay: 200 });
    let flying = 0;
    let most = 0;
    path.tap = (packet) => {
      if (packet.kind === 'segment') most = Math.max(most, (flying += 1));
      else if (packet.kind === 'receipt') flying = 0;
      return true;
    };
    path.send(1, pattern(600, 1));
    path.run(5_000);
    check(most <= 4, `${most} at first`);
    for (let token = 2; token < 12; token += 1) {
      path.send(token, pattern(4000, 1));
      path.run(20_000);
    }
    check(most > 4 && most <= 12, `${most} later`);
  });

  t.test('a lost receipt makes no second message', () => {
    const path = new Path(5);
    let receipts = 0;
    path.tap = (packet) => packet.kind !== 'receipt' || (receipts += 1) > 2;
    path.send(1, pattern(150, 1));
    path.run(20_000);
    equal(path.a.outcomes.join(), '1 delivered');
    equal(path.b.got.length, 1);
    check(path.b.counters.duplicates >= 2, 'the repetitions were seen');
  });

  t.test('no answer in time is unknown, after half a minute without news', () => {
    const path = new Path(6, { loss: 256 });
    path.send(1, pattern(150, 1));
    path.run(29_000);
    equal(path.a.outcomes.length, 0);
    path.run(2_000);
    equal(path.a.outcomes.join(), '1 unknown');
    check(path.packets >= 5 && path.packets <= 20, `${path.packets} tries`);
  });

  t.test('as long as something arrives it is not given up', () => {
    const path = new Path(7, { loss: 110, delay: 1000, spread: 1500 });
    path.send(1, pattern(4000, 1));
    let seconds = 0;
    for (; path.a.outcomes.length === 0; seconds += 1) path.run(1000);
    equal(path.a.outcomes.join(), '1 delivered');
    check(seconds > 30, `it took ${seconds} s`);
  });

  t.test('without a route or room nothing leaves; it goes as soon as there is one', () => {
    const path = new Path(8);
    path.a.reachable = false;
    path.send(1, pattern(100, 1));
    path.run(5_000);
    equal(path.packets, 0);
    path.a.reachable = true;
    path.a.room = false;
    path.feed(path.a, { type: 'tick' });
    equal(path.packets, 0);
    path.a.room = true;
    path.feed(path.a, { type: 'tick' });
    equal(path.packets, 1);
    path.run(100);
    equal(path.a.outcomes.join(), '1 delivered');
  });

  t.test('sos goes before what was there first', () => {
    const path = new Path(9);
    path.a.room = false;
    path.send(1, pattern(100, 1), 'free');
    path.send(2, pattern(100, 2), 'sos');
    path.a.room = true;
    path.feed(path.a, { type: 'tick' });
    path.run(100);
    equal(path.b.got.map((message) => message.class).join(), 'sos,free');
  });
});

suite('messages: caps', (t) => {
  t.test('more messages than the cap are refused at once, as is one too long', () => {
    const path = new Path(1, { loss: 256 });
    for (let token = 0; token < 5; token += 1) path.send(token, pattern(10, 1));
    equal(path.a.outcomes.join(), '4 refused busy');
    path.send(9, new Uint8Array(4201));
    equal(path.a.outcomes.at(-1), '9 refused too-long');
  });

  t.test('a message that the other end never takes is refused by it', () => {
    const path = new Path(2, {}, {}, { messageOctets: 1000 });
    path.send(1, pattern(1500, 1));
    path.run(5_000);
    equal(path.a.outcomes.join(), '1 refused too-long');
    check(path.packets < 12, 'the sender stops');
  });

  t.test('a receiver without room says so, and takes the message when it has', () => {
    const path = new Path(3);
    for (const sender of [8, 9]) path.feed(path.b, { type: 'deliver', class: 11, last: false, hops: 1, frame: piece(sender, 0) });
    path.send(1, pattern(2000, 1));
    path.run(3_000);
    check(path.b.counters.read().drops.NoRoom > 0, 'there is no room for a third');
    equal(path.a.outcomes.length, 0);
    path.feed(path.b, { type: 'deliver', class: 11, last: false, hops: 1, frame: piece(8, 1) });
    path.run(10_000);
    equal(path.a.outcomes.join(), '1 delivered');
  });

  t.test('idle pieces give way after a while', () => {
    const path = new Path(4);
    path.tap = (packet, fromA) => !fromA || packet.kind !== 'segment' || packet.index === 0;
    path.send(0, pattern(2000, 0));
    path.send(1, pattern(2000, 1));
    path.run(40_000);
    equal(path.a.outcomes.length, 2);
    path.tap = () => true;
    path.send(2, pattern(2000, 2));
    path.run(5_000);
    equal(path.a.outcomes.at(-1), '2 delivered');
  });

  t.test('misuse throws', () => {
    const path = new Path(5);
    const to: Address = { node: new Uint8Array(7) };
    throws(() => path.feed(path.a, { type: 'send', token: 1, to, class: 'free', payload: new Uint8Array(1) }), 'address');
    throws(() => path.feed(path.a, { type: 'ping', token: 1, to }), 'address');
    throws(() => new Path(6, {}, { outgoing: 0 }), 'messages-caps');
  });
});

suite('ping', (t) => {
  t.test('a pong tells hops and time', () => {
    const path = new Path(1, { delay: 35 });
    path.feed(path.a, { type: 'ping', token: 3, to: path.addressB });
    path.run(1000);
    const [pong] = path.a.pongs;
    equal(pong!.token, 3);
    equal(pong!.hops, HOPS);
    equal<number>(pong!.elapsed, 70);
  });

  t.test('three tries, then unknown; a late pong is nothing', () => {
    const path = new Path(2, { delay: 7_000 });
    path.feed(path.a, { type: 'ping', token: 3, to: path.addressB });
    path.run(30_000);
    equal(path.a.outcomes.join(), '3 unknown');
    equal(path.a.pongs.length, 0);
    equal(path.packets, 6);
  });

  t.test('to ourselves: no hops, no time', () => {
    const path = new Path(3);
    path.feed(path.a, { type: 'ping', token: 3, to: path.addressA });
    path.feed(path.a, { type: 'send', token: 4, to: path.addressA, class: 'free', payload: pattern(9, 1) });
    equal(path.a.pongs[0]!.hops, 0);
    equal(path.a.outcomes.join(), '4 delivered');
    same(path.a.got[0]!.payload, pattern(9, 1));
    equal(path.packets, 0);
  });
});
