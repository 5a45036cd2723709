/** Every message of the norm: golden frames, bounds, truncation, invalid vectors, extensions, and our own misuse. */
import { ByteWriter, concat, hex, Reason, reasonName } from '../../firmware/core/base/index.js';
import { decodePacket, encodeBeacon, encodeMessage, encodePacket } from '../../firmware/core/wire/index.js';
import golden from '../wire/golden-frames.json' with { type: 'json' };
import invalid from '../wire/invalid.json' with { type: 'json' };
import { check, equal, same, suite, throws } from './harness.js';
import { codecOf, codecs, encode, fromJson, sameMessage, unhex, type Fields } from './wire-codecs.js';

const id = new Uint8Array(8).fill(0xee);
const key = new Uint8Array(33).fill(0xee);
const sha256 = new Uint8Array(32).fill(0xee);
const U16 = 0xffff;
const U32 = 0xffffffff;
const repeat = <T>(times: number, value: T): T[] => Array.from({ length: times }, () => value);
const octets = (length: number): Uint8Array => new Uint8Array(length).fill(0xee);
const seats = (times: number): Fields[] => repeat(times, { seat: 255, signature: octets(64) });
const keys = octets(561);
const report = { kind: 'report', counters: { forwarded: U32, delivered: U32, sentOctets: U32, dropped: U32, retries: U32 } };
const pools = { chunkPeak: U32, chunkSize: U32, slotPeak: U32, slotSize: U32, stackPeak: U16, stackSize: U16 };
const segment = { kind: 'segment', node: id, number: U32, index: U16, count: U16, payload: new Uint8Array(1024) };

/** The longest message of each kind; the first of a rule is the longest of all. */
const largest: readonly (readonly [string, Fields])[] = [
  ['beacon', { id, role: 'leaf', number: U16, heard: repeat(24, { neighbour: id.subarray(4), quality: 255 }), queue: 255, battery: 100 }],
  ['handshake', { pattern: 'ik', step: 2, noise: octets(160) }],
  ['greeting', { group: octets(32), role: 'leaf', number: U32, boot: U32 }],
  ['routing', { kind: 'update', announcements: repeat(20, { destination: id, seqno: U16, metric: U16 }), since: U16 }],
  ['routing', { kind: 'seqno-request', wanted: repeat(20, { destination: id, seqno: U16 }), hops: 63 }],
  ['routing', { kind: 'repeat-request', after: U16 }],
  ['packet', { ...segment, leaf: id, toLeaf: id }],
  ['packet', { kind: 'receipt', node: id, leaf: id, toLeaf: id, number: U32, next: U16, arrived: key.subarray(17), refusal: 'too-long' }],
  ['packet', { kind: 'ping', node: id, leaf: id, toLeaf: id, number: U32 }],
  ['packet', { kind: 'pong', node: id, leaf: id, toLeaf: id, number: U32, hops: 63 }],
  ['message', { kind: 'file-block', sha256, block: U16, bytes: new Uint8Array(4096) }],
  ['message', { kind: 'text-message', text: 'é'.repeat(1000), wall: Number.MAX_SAFE_INTEGER }],
  ['message', { kind: 'file-offer', sha256, octets: U32, blockOctets: U16, name: 'x'.repeat(120), mediaType: 'x'.repeat(80) }],
  ['message', { kind: 'file-answer', sha256, wanted: true, missing: new Uint8Array(1024) }],
  ['message', { kind: 'report-request' }],
  ['message', { ...report, uptime: U32, neighbours: repeat(32, { id, role: 'leaf', metric: U16, rssi: 255 }), pools }],
  [
    'chain',
    {
      kind: 'epoch-header',
      header: octets(334),
      child: sha256,
      previous: sha256,
      rest: sha256,
      signatures: seats(17),
      next: keys,
      current: keys,
    },
  ],
  ['chain', { kind: 'attestation', sourceNumber: U32, source: sha256, targetNumber: U32, target: sha256, signature: octets(65) }],
  ['chain', { kind: 'certificate', sourceNumber: U32, source: sha256, targetNumber: U32, target: sha256, signatures: seats(34) }],
  [
    'payment',
    {
      kind: 'resume',
      openBlock: U32,
      channel: octets(4),
      answer: true,
      sent: Number.MAX_SAFE_INTEGER,
      received: Number.MAX_SAFE_INTEGER,
      half: { own: true, halfNonce: Number.MAX_SAFE_INTEGER, transferred: octets(16), additional: sha256, proof: octets(64) },
      locks: repeat(32, { lockNonce: Number.MAX_SAFE_INTEGER, value: octets(16), hash: sha256, expiryBlock: U32, expiryTime: U32 }),
    },
  ],
  [
    'payment',
    {
      kind: 'transfer',
      nonce: Number.MAX_SAFE_INTEGER,
      channel: octets(4),
      amount: octets(16),
      lock: { value: octets(16), hash: sha256, expiryBlock: U32, expiryTime: U32, fee: octets(16) },
      unlocked: repeat(8, { lockNonce: Number.MAX_SAFE_INTEGER }),
      removed: repeat(8, { lockNonce: Number.MAX_SAFE_INTEGER }),
      data: octets(256),
      origin: octets(16),
      route: octets(32),
      signature: octets(64),
    },
  ],
  ['payment', { kind: 'cooperation', openBlock: U32, channel: octets(4), answer: true, withdraw: octets(16), consent: octets(64) }],
  ['content-message', { kind: 'content-block', digest: sha256, section: 'data', at: Number.MAX_SAFE_INTEGER, bytes: new Uint8Array(4096) }],
  ['content-message', { kind: 'content-ask', digest: sha256, codec: 'dag-pb' }],
  [
    'content-message',
    { kind: 'content-have', digest: sha256, octets: Number.MAX_SAFE_INTEGER, outboardOctets: U32, held: new Uint8Array(1024) },
  ],
  ['content-message', { kind: 'content-want', digest: sha256, section: 'data', at: Number.MAX_SAFE_INTEGER, count: 255 }],
  ['content-message', { kind: 'content-no', digest: sha256, why: 'busy' }],
  ['content-message', { kind: 'content-head', digest: sha256, owner: key, sequence: Number.MAX_SAFE_INTEGER }],
  ['hello', { major: 255, name: 'x'.repeat(40), role: 'leaf', key, session: U32, frameMax: U16, holds: U16, heard: U32, answer: true }],
];

/** What the golden frames do not show of the other end. */
const smallest: readonly (readonly [string, Fields])[] = [
  ['routing', { kind: 'update', announcements: [{ destination: id, seqno: 0, metric: 0 }] }],
  ['routing', { kind: 'seqno-request', wanted: [{ destination: id, seqno: 0 }], hops: 0 }],
  ['routing', { kind: 'repeat-request', after: 0 }],
  ['packet', { ...segment, number: 0, index: 0, count: 1, payload: new Uint8Array(0) }],
  ['packet', { kind: 'receipt', node: id, number: 0, next: 0, arrived: new Uint8Array(1), refusal: 'no-room' }],
  ['message', { kind: 'text-message', text: '', wall: 0 }],
  ['message', { kind: 'file-offer', sha256, octets: 0, blockOctets: 0, name: 'x', mediaType: 'x' }],
  ['message', { kind: 'file-answer', sha256, wanted: false, missing: new Uint8Array(0) }],
  ['message', { kind: 'file-block', sha256, block: 0, bytes: new Uint8Array(1) }],
  ['message', { ...report, uptime: 0, neighbours: [] }],
  ['chain', { kind: 'attestation', sourceNumber: 0, source: sha256, targetNumber: 0, target: sha256, signature: octets(65) }],
  ['chain', { kind: 'certificate', sourceNumber: 0, source: sha256, targetNumber: 0, target: sha256, signatures: seats(1) }],
  ['chain', { kind: 'epoch-header', header: octets(334), child: sha256, previous: sha256, rest: sha256, signatures: seats(1), next: keys }],
  ['payment', { kind: 'transfer', nonce: 0, amount: octets(1), signature: octets(64) }],
  ['payment', { kind: 'transfer-ack', nonce: 0 }],
  ['payment', { kind: 'reveal-ack', nonce: 0 }],
  ['payment', { kind: 'waiver', nonce: 0, reason: 0 }],
  ['payment', { kind: 'secret-request', secretHash: sha256 }],
  ['payment', { kind: 'resume', openBlock: 0, answer: false, sent: 0, received: 0, locks: [] }],
  ['content-message', { kind: 'content-have', digest: sha256, octets: 0, outboardOctets: 0 }],
  ['content-message', { kind: 'content-want', digest: sha256, section: 'outboard', at: 0, count: 0 }],
  ['content-message', { kind: 'content-block', digest: sha256, section: 'outboard', at: 0, bytes: new Uint8Array(1) }],
  ['hello', { major: 0, name: 'x', role: 'box', key, session: 0, frameMax: 0, holds: 0, heard: 0, answer: false }],
];

const goldenMessages = golden.messages.map(({ name, rule, fields, hex: text }) => ({
  name,
  codec: codecOf(rule),
  fields: fromJson(fields) as Fields,
  octets: unhex(text),
}));
const vectorOctets = (vector: (typeof invalid)[number]): Uint8Array =>
  concat(unhex(vector.hex), new Uint8Array('zeros' in vector ? vector.zeros : 0));

suite('wire messages', (t) => {
  t.test('golden frames are written and read', () => {
    for (const { name, codec, fields, octets } of goldenMessages) {
      equal(hex(encode(codec, fields)), hex(octets), name);
      sameMessage(codec.decode(octets, 0, octets.length), fields, name);
    }
  });

  t.test('every rule has a golden frame', () => {
    for (const codec of codecs)
      check(
        goldenMessages.some((each) => each.codec === codec),
        codec.rule,
      );
  });

  t.test('messages at their bounds make the round trip', () => {
    for (const [rule, fields] of [...largest, ...smallest]) {
      const octets = encode(codecOf(rule), fields);
      sameMessage(codecOf(rule).decode(octets, 0, octets.length), fields, rule);
    }
  });

  t.test('the longest message of a rule has the octets that its constant says', () => {
    for (const codec of codecs) {
      const [, fields] = largest.find(([rule]) => rule === codec.rule)!;
      equal(encode(codec, fields).length, codec.max, codec.rule);
    }
  });

  t.test('a message is read in the middle of other octets', () => {
    for (const { name, codec, fields, octets } of goldenMessages) {
      const padded = concat(new Uint8Array(7).fill(0xa1), octets, new Uint8Array(7).fill(0x01));
      sameMessage(codec.decode(padded, 7, 7 + octets.length), fields, name);
    }
  });

  t.test('octet strings are views', () => {
    const octets = goldenMessages.find(({ name }) => name === 'segment alone')!.octets.slice();
    const read = decodePacket(octets, 0, octets.length);
    check(typeof read !== 'number' && read.kind === 'segment', 'not a segment');
    octets[octets.length - 1] = 0x5a;
    equal(read.payload[0], 0x5a);
  });

  t.test('a message cut at any octet is truncated, whatever stands behind the cut', () => {
    for (const { name, codec, octets } of goldenMessages)
      for (let end = 0; end < octets.length; end += 1) {
        equal(codec.decode(octets, 0, end) as number, Reason.Truncated, `${name} at ${end}`);
        equal(codec.decode(octets.slice(0, end), 0, end) as number, Reason.Truncated, `${name} at ${end}, nothing behind`);
      }
    for (const [rule, fields] of largest) {
      const octets = encode(codecOf(rule), fields);
      for (let end = 0; end < octets.length; end += 1)
        equal(codecOf(rule).decode(octets, 0, end) as number, Reason.Truncated, `${rule} at ${end}`);
    }
  });

  t.test('invalid vectors are refused, each for its reason', () => {
    for (const vector of invalid) {
      const octets = vectorOctets(vector);
      const read = codecOf(vector.rule).decode(octets, 0, octets.length);
      equal(
        typeof read === 'number' ? reasonName(read) : 'accepted',
        vector.reason as ReturnType<typeof reasonName>,
        `${vector.rule}: ${vector.what}:`,
      );
    }
  });

  t.test('every reason of a decoder has an invalid vector', () => {
    const wanted = 'Truncated TrailingBytes WrongType OutOfBounds NotDeterministic MissingKey DuplicateKey TooLong BadUtf8'.split(' ');
    for (const reason of wanted)
      check(
        invalid.some((vector) => vector.reason === reason),
        reason,
      );
  });

  t.test('unknown keys are skipped, whatever well-formed item stands under them', () => {
    const { codec, fields, octets } = goldenMessages.find(({ name }) => name === 'pong')!;
    // Integers to 2^64 - 1, strings, lists, maps and tags four deep, simple values, floats of each size.
    const items =
      '00 1818 19ffff 1affffffff 1bffffffffffffffff 20 3bffffffffffffffff 40 420102 60 61ff 80 8181818100 a0 a1616101 c100 d9d9f7c1c1c100 e0 f4 f6 f7 f820 f93c00 fa7fc00000 fb7ff0000000000000';
    for (const item of items.split(' ')) {
      const extended = concat(unhex('a5'), octets.subarray(1), unhex(`06${item}`));
      sameMessage(codec.decode(extended, 0, extended.length), fields, item);
    }
    const pairs = Array.from({ length: 40 }, (_, i) =>
      unhex(i + 6 < 24 ? `${hex(Uint8Array.of(i + 6))}00` : `18${hex(Uint8Array.of(i + 6))}00`),
    );
    const many = concat(unhex('b82c'), octets.subarray(1), ...pairs);
    sameMessage(codec.decode(many, 0, many.length), fields, '40 unknown keys');
  });

  t.test('a buffer too small sets overflow and leaves what is behind it alone', () => {
    for (const { name, codec, fields, octets } of goldenMessages) {
      const room = new Uint8Array(octets.length + 8).fill(0x77);
      const w = new ByteWriter(room.subarray(0, octets.length - 1));
      codec.encode(w, fields);
      check(w.overflow, name);
      same(room.subarray(octets.length - 1), new Uint8Array(9).fill(0x77), name);
    }
  });

  t.test('a value that the norm does not allow is our own misuse', () => {
    const w = new ByteWriter(new Uint8Array(4096));
    const beacon = { id, role: 'box', number: 0, heard: [] } as const;
    throws(() => encodeBeacon(w, { ...beacon, id: id.subarray(1) }), 'wire-bounds: beacon.id is 7');
    throws(() => encodeBeacon(w, { ...beacon, number: 65536 }), 'wire-bounds: beacon.number is 65536');
    throws(() => encodeBeacon(w, { ...beacon, number: -1 }), 'wire-bounds');
    throws(() => encodeBeacon(w, { ...beacon, number: 1 / 2 }), 'wire-type');
    throws(() => encodeBeacon(w, { ...beacon, number: NaN }), 'wire-type');
    throws(() => encodeBeacon(w, { ...beacon, battery: 101 }), 'wire-bounds: beacon.battery');
    throws(() => encodeBeacon(w, { ...beacon, role: 'ship' as 'box' }), 'wire-bounds: beacon.role');
    throws(
      () => encodeBeacon(w, { ...beacon, heard: repeat(25, { neighbour: id.subarray(4), quality: 0 }) }),
      'wire-bounds: beacon.heard is 25',
    );
    throws(() => encodePacket(w, { ...segment, kind: 'segment', count: 0 }), 'wire-bounds: segment.count');
    throws(() => encodeMessage(w, { kind: 'text-message', text: 'é'.repeat(1001) }), 'wire-bounds: text-message.text is 2002');
    throws(() => encodeMessage(w, { kind: 'text-message', text: String.fromCharCode(0xd800) }), 'wire-text');
    throws(() => encodeMessage(w, { kind: 'text-message', text: '', wall: 2 ** 53 }), 'wire-bounds');
  });
});
