/** The node as its hosts see it: reports, determinism, bounds, and rubbish from outside that never throws. */
import { ByteWriter, hex, millis, Prng } from '../../firmware/core/base/index.js';
import { createKernels } from '../../firmware/core/crypto/index.js';
import { createNode, defaultCaps, type NodeInput, type NodeOptions, type Role } from '../../firmware/core/node/index.js';
import { decodeMessage, encodeReportRequest, MESSAGE_MAX } from '../../firmware/core/wire/index.js';
import { check, equal, suite, throws } from './harness.js';
import { Medium, seedOf } from './medium.js';
import { keyOf, toyCrypto } from './toy-group.js';

function reportRequest(): Uint8Array {
  const w = new ByteWriter(new Uint8Array(MESSAGE_MAX));
  encodeReportRequest(w, { kind: 'report-request' });
  return w.written().slice();
}

const reading = {
  chunkPeak: 30_000,
  chunkSize: 40_960,
  slotPeak: 2000,
  slotSize: 2560,
  stackPeak: 200,
  stackSize: 320,
  computation: 123_456,
  overruns: 1,
};

const options = (some: Partial<NodeOptions> = {}): NodeOptions => ({
  publicKey: keyOf(1),
  role: 'board',
  kernels: createKernels(),
  mtu: { air: 250 },
  seed: seedOf(1),
  inline: toyCrypto(1, new Prng(seedOf(7))),
  ...some,
});

suite('node: reports', (t) => {
  t.test('a report-request is answered by the node itself, once it knows its health', () => {
    const medium = new Medium(1);
    for (let i = 0; i < 3; i += 1) medium.add();
    medium.join(0, 1);
    medium.join(1, 2);
    medium.run(10_000);
    medium.input(0, { type: 'send', token: 5, to: medium.address(2), class: 'control', payload: reportRequest() });
    medium.run(1000);
    equal(medium.stations[2]!.of('message').length, 0, 'not handed to the host');
    equal(medium.stations[2]!.of('want-health').length, 1);
    medium.input(2, { type: 'health', reading });
    medium.run(2000);
    const [message] = medium.stations[0]!.of('message');
    const report = decodeMessage(message!.payload, 0, message!.payload.length);
    check(typeof report !== 'number' && report.kind === 'report', 'a report');
    equal(report.uptime, 11);
    equal(report.neighbours.length, 1);
    equal(hex(report.neighbours[0]!.id), hex(medium.stations[1]!.node.id));
    equal(report.neighbours[0]!.metric, 21);
    equal(report.neighbours[0]!.rssi, 60);
    equal(report.pools?.chunkPeak, 30_000);
    check(report.counters.sentOctets > 500, 'it counts its octets');
    equal(medium.stations[2]!.of('outcome').length, 0, 'its own messages are not the host’s');
  });

  t.test('a reading without pools is reported without them; a reading that nobody asked for is ignored', () => {
    const medium = new Medium(2);
    medium.add();
    medium.add();
    medium.join(0, 1);
    medium.run(10_000);
    medium.input(1, { type: 'health', reading });
    medium.input(0, { type: 'send', token: 5, to: medium.address(1), class: 'control', payload: reportRequest() });
    medium.run(1000);
    medium.input(1, { type: 'health', reading: { ...reading, chunkSize: 0 } });
    medium.run(1000);
    const messages = medium.stations[0]!.of('message');
    equal(messages.length, 1);
    const report = decodeMessage(messages[0]!.payload, 0, messages[0]!.payload.length);
    check(typeof report !== 'number' && report.kind === 'report' && report.pools === undefined, 'no pools');
  });
});

suite('node: determinism', (t) => {
  const trace = (seed: number): string => {
    const medium = new Medium(seed);
    for (let i = 0; i < 4; i += 1) medium.add();
    for (let i = 1; i < 4; i += 1) medium.join(i - 1, i, 40);
    let digest = 0;
    let frames = 0;
    medium.tap = (from, _, bytes) => {
      frames += 1;
      for (const octet of bytes) digest = (Math.imul(digest ^ octet, 0x01000193) + from + medium.now) >>> 0;
      return true;
    };
    medium.run(3000);
    medium.input(0, { type: 'send', token: 1, to: medium.address(3), class: 'free', payload: new Uint8Array(1500) });
    medium.run(10_000);
    return `${frames} frames, ${digest}`;
  };

  t.test('the same seed gives the same frames at the same times, another seed others', () => {
    equal(trace(1), trace(1));
    check(trace(1) !== trace(2), 'seeds make no difference');
  });

  t.test('early and repeated ticks change nothing', () => {
    const frames: string[][] = [[], []];
    for (const often of [0, 1]) {
      const node = createNode(options());
      for (let now = 0; now < 20_000; now += 1) {
        if (node.deadline() > now && (often === 0 || now % 7 !== 0)) continue;
        for (let times = often; times >= 0; times -= 1) {
          node.handle(millis(now), { type: 'tick' });
          for (let effect = node.poll(); effect !== undefined; effect = node.poll()) {
            if (effect.type !== 'transmit') continue;
            frames[often]!.push(`${now} ${hex(effect.bytes)}`);
            node.handle(millis(now), { type: 'sent', link: 'air', ok: true });
          }
        }
      }
    }
    check(frames[0]!.length >= 5, 'it beacons');
    equal(frames[0]!.join('\n'), frames[1]!.join('\n'));
  });
});

suite('node: rubbish', (t) => {
  t.test('frames of a live mesh, mutated 6,000 times, never throw, and the mesh works on', () => {
    const medium = new Medium(3);
    for (let i = 0; i < 3; i += 1) medium.add('board', i === 0 ? ['air', 'ble'] : ['air']);
    medium.join(0, 1);
    medium.join(1, 2);
    const leaf = medium.add('leaf', ['ble']);
    medium.join(0, leaf, 0, 'ble');
    const captured: { readonly link: 'air' | 'ble'; readonly from: number; readonly bytes: Uint8Array }[] = [];
    medium.tap = (from, link, bytes) => {
      if (link !== 'serial' && captured.length < 400) captured.push({ link, from, bytes: bytes.slice() });
      return true;
    };
    medium.run(5000);
    const payload = new Uint8Array(1000).fill(0x55);
    for (const [from, to] of [
      [0, 2],
      [2, 0],
    ] as const)
      medium.input(from, { type: 'send', token: 1, to: medium.address(to), class: 'free', payload });
    medium.input(leaf, { type: 'send', token: 1, to: medium.address(2), class: 'free', payload });
    medium.run(5000);
    check(captured.length > 100, 'there is something to mutate');
    const prng = new Prng(seedOf(4));
    for (let round = 0; round < 6000; round += 1) {
      const { link, from, bytes } = captured[prng.below(captured.length)]!;
      const input = frameFrom(medium, link, from, mutated(prng, bytes));
      const victims = link === 'ble' ? [0, leaf] : [0, 1, 2];
      medium.input(victims[prng.below(victims.length)]!, input);
      if (round % 100 === 0) medium.run(200);
    }
    medium.run(60_000);
    for (const { node } of medium.stations) check(node.counters().drops.Malformed > 0, 'what was rubbish is counted');
    const delivered = medium.stations.flatMap((station) => station.of('message'));
    for (const { payload: octets } of delivered) check(octets.length <= 1000, 'nothing longer than what was sent');
    medium.input(0, { type: 'ping', token: 9, to: medium.address(2) });
    medium.run(7000);
    equal(medium.stations[0]!.of('pong').filter(({ token }) => token === 9).length, 1, 'the mesh still works');
  });
});

function mutated(prng: Prng, original: Uint8Array): Uint8Array {
  const bytes = original.slice(0, prng.below(4) === 0 ? prng.below(original.length + 1) : original.length);
  for (let changes = prng.below(4); changes > 0 && bytes.length > 0; changes -= 1) bytes[prng.below(bytes.length)] = prng.below(256);
  return bytes;
}

function frameFrom(medium: Medium, link: 'air' | 'ble', from: number, bytes: Uint8Array): NodeInput {
  const mac = new Uint8Array(6);
  mac[0] = 2;
  mac.set(medium.stations[from]!.node.id.subarray(0, 5), 1);
  return { type: 'frame', link, from: mac, to: new Uint8Array(6).fill(255), rssi: -50, bytes };
}

suite('node: bounds', (t) => {
  t.test('misuse throws', () => {
    throws(() => createNode(options({ publicKey: new Uint8Array(32) })), 'node-key');
    throws(() => createNode(options({ seed: new Uint8Array(8) })), 'prng-seed');
    throws(() => createNode(options({ mtu: {} })), 'link-none');
    throws(() => createNode(options({ mtu: { air: 20 } })), 'link-mtu');
    throws(() => createNode(options({ mac: { air: new Uint8Array(5) } })), 'link-mac');
    throws(() => createNode(options({ caps: { destinations: 100 } })), 'route-table-capacity');
    throws(() => createNode(options({ caps: { neighbours: 300 } })), 'neighbour-capacity');
    const node = createNode(options());
    const ping: NodeInput = { type: 'ping', token: -1, to: { node: new Uint8Array(8) } };
    throws(() => node.handle(millis(0), ping), 'token');
    throws(() => node.handle(millis(0), { type: 'sent', link: 'ble', ok: true }), 'link-kind');
  });

  t.test('every role has caps, and they make a node', () => {
    for (const role of Object.keys(defaultCaps) as Role[]) createNode(options({ role })).handle(millis(0), { type: 'tick' });
  });

  t.test('its id is the first 8 octets of the hash of its key', () => {
    const digest = new Uint8Array(32);
    createKernels().sha256(digest, keyOf(1));
    equal(hex(createNode(options()).id), hex(digest.subarray(0, 8)));
  });

  t.test('queues stay within their caps under a flood of messages', () => {
    const medium = new Medium(5);
    for (let i = 0; i < 3; i += 1) medium.add('board', ['air'], { queue: 6 });
    medium.join(0, 1);
    medium.join(1, 2);
    medium.run(10_000);
    for (let token = 0; token < 40; token += 1)
      for (const from of [0, 2])
        medium.input(from, { type: 'send', token, to: medium.address(2 - from), class: 'free', payload: new Uint8Array(1500).fill(token) });
    const outcomes = medium.stations[0]!.of('outcome');
    equal(outcomes.filter(({ reason }) => reason === 'busy').length, 36, 'four at a time');
    medium.run(30_000);
    for (const from of [0, 2]) {
      const all = medium.stations[from]!.of('outcome');
      equal(all.length, 40);
      equal(all.filter(({ outcome }) => outcome === 'delivered').length, 4);
      equal(medium.stations[from]!.of('message').length, 4);
    }
  });

  t.test('messages over a lossy row arrive exactly once', () => {
    const medium = new Medium(6);
    for (let i = 0; i < 4; i += 1) medium.add('board', ['air'], { outgoing: 8, delivered: 64 });
    for (let i = 1; i < 4; i += 1) medium.join(i - 1, i, 64);
    medium.run(20_000);
    for (let token = 0; token < 8; token += 1)
      medium.input(0, { type: 'send', token, to: medium.address(3), class: 'free', payload: new Uint8Array(700).fill(token) });
    medium.run(120_000);
    const got = medium.stations[3]!.of('message').map(({ payload }) => payload[0]!);
    equal(got.sort((a, b) => a - b).join(), '0,1,2,3,4,5,6,7');
    equal(medium.stations[0]!.of('outcome').filter(({ outcome }) => outcome === 'delivered').length, 8);
  });
});
