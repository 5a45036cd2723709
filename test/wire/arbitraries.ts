/** Random valid messages, written by hand from the norm: by the name of the rule that stands alone on the wire. */
import fc from 'fast-check';
import type { Fields } from '../portable/wire-codecs.js';

const octets = (min: number, max = min): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: min, maxLength: max, size: 'max' });
/** Chance alone would hardly ever meet the ends of a range and the sizes of a head. */
const uint = (max: number, min = 0): fc.Arbitrary<number> =>
  fc.oneof(
    fc.integer({ min, max }),
    fc.constantFrom(
      ...[0, 1, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, min, max].filter((value) => value >= min && value <= max),
    ),
  );
/** Plain objects, as decoders make them. */
const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> => fc.record(fields, { noNullPrototype: true });
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
/** Any code points, at most 4 octets each. */
const text = (min: number, max: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: 'binary', minLength: min, maxLength: Math.floor(max / 4), size: 'max' }),
    fc.string({ unit: 'grapheme-ascii', minLength: min, maxLength: max, size: 'max' }),
  );
const U8 = 0xff;
const U16 = 0xffff;
const U32 = 0xffffffff;

const id = octets(8);
const key = octets(33);
const sha256 = octets(32);
const role = fc.constantFrom('box', 'board', 'leaf');
const kind = <K extends string>(name: K): fc.Arbitrary<K> => fc.constant(name);
const between = { node: id, leaf: maybe(id), toLeaf: maybe(id), number: uint(U32) };
const link = { sourceNumber: uint(U32), source: sha256, targetNumber: uint(U32), target: sha256 };
const count = uint(Number.MAX_SAFE_INTEGER);
const section = fc.constantFrom('outboard', 'data');
const seat = record({ seat: uint(U8), signature: octets(64) });
const counters = record({ forwarded: uint(U32), delivered: uint(U32), sentOctets: uint(U32), dropped: uint(U32), retries: uint(U32) });
const pools = record({
  chunkPeak: uint(U32),
  chunkSize: uint(U32),
  slotPeak: uint(U32),
  slotSize: uint(U32),
  stackPeak: uint(U16),
  stackSize: uint(U16),
});

const arbitraries: Readonly<Record<string, fc.Arbitrary<Fields>>> = {
  beacon: record({
    id,
    role,
    number: uint(U16),
    heard: fc.array(record({ neighbour: octets(4), quality: uint(U8) }), { maxLength: 24 }),
    queue: maybe(uint(U8)),
    battery: maybe(uint(100)),
  }),
  handshake: record({ pattern: fc.constantFrom('xx', 'ik'), step: uint(2), noise: octets(16, 160) }),
  greeting: record({ group: octets(32), role, number: uint(U32), boot: uint(U32) }),
  routing: fc.oneof(
    record({
      kind: kind('update'),
      announcements: fc.array(record({ destination: id, seqno: uint(U16), metric: uint(U16) }), { minLength: 1, maxLength: 20 }),
      since: maybe(uint(U16)),
    }),
    record({
      kind: kind('seqno-request'),
      wanted: fc.array(record({ destination: id, seqno: uint(U16) }), { minLength: 1, maxLength: 20 }),
      hops: uint(63),
    }),
    record({ kind: kind('repeat-request'), after: uint(U16) }),
  ),
  packet: fc.oneof(
    record({ kind: kind('segment'), ...between, index: uint(U16), count: uint(U16, 1), payload: octets(0, 1024) }),
    record({
      kind: kind('receipt'),
      ...between,
      next: uint(U16),
      arrived: maybe(octets(1, 16)),
      refusal: maybe(fc.constantFrom('no-room', 'unknown-leaf', 'too-long')),
    }),
    record({ kind: kind('ping'), ...between }),
    record({ kind: kind('pong'), ...between, hops: uint(63) }),
  ),
  message: fc.oneof(
    record({ kind: kind('text-message'), text: text(0, 2000), wall: maybe(uint(Number.MAX_SAFE_INTEGER)) }),
    record({ kind: kind('file-offer'), sha256, octets: uint(U32), blockOctets: uint(U16), name: text(1, 120), mediaType: text(1, 80) }),
    record({ kind: kind('file-answer'), sha256, wanted: fc.boolean(), missing: octets(0, 1024) }),
    record({ kind: kind('file-block'), sha256, block: uint(U16), bytes: octets(1, 4096) }),
    record({ kind: kind('report-request') }),
    record({
      kind: kind('report'),
      uptime: uint(U32),
      neighbours: fc.array(record({ id, role, metric: uint(U16), rssi: uint(U8) }), { maxLength: 32 }),
      counters,
      pools: maybe(pools),
    }),
  ),
  chain: fc.oneof(
    record({ kind: kind('attestation'), ...link, signature: octets(65) }),
    record({ kind: kind('certificate'), ...link, signatures: fc.array(seat, { minLength: 1, maxLength: 34 }) }),
    record({
      kind: kind('epoch-header'),
      header: octets(334),
      child: sha256,
      previous: sha256,
      rest: sha256,
      signatures: fc.array(seat, { minLength: 1, maxLength: 17 }),
      next: octets(561),
      current: maybe(octets(561)),
    }),
  ),
  payment: fc.oneof(
    record({
      kind: kind('transfer'),
      nonce: count,
      channel: maybe(octets(4)),
      amount: maybe(octets(1, 16)),
      lock: maybe(record({ value: octets(1, 16), hash: sha256, expiryBlock: uint(U32), expiryTime: uint(U32), fee: octets(0, 16) })),
      unlocked: maybe(fc.array(record({ lockNonce: count }), { minLength: 1, maxLength: 8 })),
      removed: maybe(fc.array(record({ lockNonce: count }), { minLength: 1, maxLength: 8 })),
      data: maybe(octets(1, 256)),
      origin: maybe(octets(16)),
      route: maybe(octets(8, 32)),
      signature: octets(64),
    }),
    record({ kind: kind('transfer-ack'), nonce: count, channel: maybe(octets(4)) }),
    record({ kind: kind('reveal'), secret: octets(16, 32) }),
    record({ kind: kind('reveal-ack'), nonce: count, channel: maybe(octets(4)) }),
    record({ kind: kind('waiver'), nonce: count, channel: maybe(octets(4)), reason: uint(U8), disposed: maybe(octets(64)) }),
    record({
      kind: kind('cooperation'),
      openBlock: uint(U32),
      channel: maybe(octets(4)),
      answer: fc.boolean(),
      withdraw: maybe(octets(1, 16)),
      consent: octets(64),
    }),
    record({
      kind: kind('resume'),
      openBlock: uint(U32),
      channel: maybe(octets(4)),
      answer: fc.boolean(),
      sent: count,
      received: count,
      half: maybe(record({ own: fc.boolean(), halfNonce: count, transferred: octets(0, 16), additional: sha256, proof: octets(64) })),
      locks: maybe(
        fc.array(record({ lockNonce: count, value: octets(1, 16), hash: sha256, expiryBlock: uint(U32), expiryTime: uint(U32) }), {
          maxLength: 32,
        }),
      ),
    }),
    record({ kind: kind('secret-request'), secretHash: sha256, cancelled: maybe(uint(U8)) }),
  ),
  'content-message': fc.oneof(
    record({ kind: kind('content-ask'), digest: sha256, codec: fc.constantFrom('raw', 'dag-pb') }),
    record({ kind: kind('content-have'), digest: sha256, octets: count, outboardOctets: uint(U32), held: maybe(octets(1, 1024)) }),
    record({ kind: kind('content-want'), digest: sha256, section, at: count, count: uint(U8) }),
    record({ kind: kind('content-block'), digest: sha256, section, at: count, bytes: octets(1, 4096) }),
    record({ kind: kind('content-no'), digest: sha256, why: fc.constantFrom('unknown', 'denied', 'busy') }),
    record({ kind: kind('content-head'), digest: sha256, owner: key, sequence: count }),
  ),
  hello: record({
    major: uint(U8),
    name: text(1, 40),
    role,
    key,
    session: uint(U32),
    frameMax: uint(U16),
    holds: uint(U16),
    heard: uint(U32),
    answer: fc.boolean(),
  }),
};

export function arbitrary(rule: string): fc.Arbitrary<Fields> {
  const found = arbitraries[rule];
  if (!found) throw new Error(`no arbitrary for ${rule}`);
  return found;
}
