/** The serial frame against a plain reader and writer of COBS and CRC-32, and over a line that damages what it carries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SERIAL_BODY_MAX, SERIAL_FRAME_MAX, SerialFrameReader, SerialKind, writeSerialFrame } from '../../firmware/core/wire/index.js';
import { chance } from './fuzz.js';

const SEED = 20261122;

/** Bit by bit, as in the standard. */
function plainCrc(octets: readonly number[]): number {
  let crc = 0xffffffff;
  for (const octet of octets)
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc ^ (octet >> bit)) & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1) >>> 0;
  return (crc ^ 0xffffffff) >>> 0;
}

function plainFrame(kind: number, sequence: number, acknowledgement: number, body: Uint8Array): number[] {
  const plain = [kind, sequence, acknowledgement, ...body];
  const crc = plainCrc(plain);
  plain.push(crc >>> 24, (crc >>> 16) & 255, (crc >>> 8) & 255, crc & 255);
  const out: number[] = [];
  let group: number[] = [];
  plain.forEach((octet, i) => {
    if (octet !== 0) group.push(octet);
    if (octet === 0 || (group.length === 254 && i + 1 < plain.length)) {
      out.push(group.length + 1, ...group);
      group = [];
    }
  });
  return [...out, group.length + 1, ...group, 0];
}

/** Bodies, as hexadecimal, of the frames in a line. `checks`: whether it looks at the checksum. */
type LineReader = (line: Uint8Array) => string[];

const plainReader =
  (checks: boolean): LineReader =>
  (line) => {
    const bodies: string[] = [];
    for (let at = 0, end = line.indexOf(0); end >= 0; at = end + 1, end = line.indexOf(0, at)) {
      const plain: number[] = [];
      for (let next = at; next < end;) {
        const code = line[next]!;
        plain.push(...line.subarray(next + 1, next + code));
        next += code;
        if (code < 255 && next < end) plain.push(0);
      }
      const crc = plain.slice(-4).reduce((value, octet) => value * 256 + octet, 0);
      if (plain.length >= 7 && (!checks || crc === plainCrc(plain.slice(0, -4))))
        bodies.push(Buffer.from(plain.slice(3, -4)).toString('hex'));
    }
    return bodies;
  };

const ourReader: LineReader = (line) => {
  const reader = new SerialFrameReader();
  const bodies: string[] = [];
  reader.feed(line);
  for (let frame = reader.next(); frame !== undefined; frame = reader.next())
    if (typeof frame !== 'number') bodies.push(Buffer.from(frame.body).toString('hex'));
  return bodies;
};

const octet = fc.integer({ min: 0, max: 255 });
const body = fc.oneof(
  fc.uint8Array({ maxLength: SERIAL_BODY_MAX, size: 'max' }),
  fc.array(fc.constantFrom(0, 1, 255), { maxLength: 600, size: 'max' }).map((octets) => Uint8Array.from(octets)),
  fc.integer({ min: 240, max: 520 }).map((length) => new Uint8Array(length).fill(7)),
);

test('frames are what a plain writer makes, and a plain reader and ours read them alike', () => {
  const out = new Uint8Array(SERIAL_FRAME_MAX);
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(SerialKind)), octet, octet, body, (kind, sequence, acknowledgement, bytes) => {
      const line = out.slice(0, writeSerialFrame(out, 0, kind, sequence, acknowledgement, bytes));
      assert.equal(Buffer.from(line).toString('hex'), Buffer.from(plainFrame(kind, sequence, acknowledgement, bytes)).toString('hex'));
      const expected = [Buffer.from(bytes).toString('hex')];
      assert.deepEqual(ourReader(line), expected);
      assert.deepEqual(plainReader(true)(line), expected);
    }),
    { seed: SEED, numRuns: 500 },
  );
});

/** Lines of ten frames with about three damages each: the first body that nobody sent, or undefined; and how many frames came through. */
function damage(reader: LineReader, lines: number): { finding: string | undefined; arrived: number } {
  const random = chance(SEED);
  const out = new Uint8Array(SERIAL_FRAME_MAX);
  let arrived = 0;
  for (let run = 0; run < lines; run += 1) {
    const bodies = Array.from({ length: 10 }, () => Uint8Array.from({ length: random(60) }, () => (random(4) === 0 ? 0 : random(256))));
    const sent = new Set(bodies.map((bytes) => Buffer.from(bytes).toString('hex')));
    const line = bodies.flatMap((bytes, i) => [...out.subarray(0, writeSerialFrame(out, 0, SerialKind.data, i, 0, bytes))]);
    for (let left = random(7); left > 0; left -= 1) {
      const at = random(line.length);
      const how = random(3);
      if (how === 0) line.splice(at, 1 + random(4));
      else if (how === 1) line.splice(at, 0, ...line.slice(at, at + 1 + random(4)));
      else line[at] = random(256);
    }
    const read = reader(Uint8Array.from(line));
    const foreign = read.find((each) => !sent.has(each));
    if (foreign !== undefined) return { finding: `seed ${SEED}, line ${run}: ${foreign}`, arrived };
    arrived += read.length;
  }
  return { finding: undefined, arrived };
}

test('a damaged line brings only what was sent, and most of that', (t) => {
  const { finding, arrived } = damage(ourReader, 2_000);
  assert.equal(finding, undefined);
  t.diagnostic(`${arrived} of 20000 frames arrived`);
  assert.equal(arrived, damage(plainReader(true), 2_000).arrived, 'a plain reader gets another number of frames');
  assert.ok(arrived > 10_000);
});

test('planted fault is caught: a reader that does not look at the checksum', () => {
  assert.notEqual(damage(plainReader(false), 2_000).finding, undefined);
});
