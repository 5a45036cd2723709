/** The serial frame: golden frames, every size, octets in any pieces, and a line that loses, doubles and corrupts octets. */
import { concat, hex, Reason, sameOctets } from '../../firmware/core/base/index.js';
import {
  SERIAL_BODY_MAX,
  SERIAL_FRAME_MAX,
  SerialFrameReader,
  serialFrameSize,
  writeSerialFrame,
  SerialKind,
  type SerialFrame,
} from '../../firmware/core/wire/index.js';
import golden from '../wire/golden-frames.json' with { type: 'json' };
import { check, equal, same, suite, throws } from './harness.js';
import { fromJson, unhex } from './wire-codecs.js';

const kinds = SerialKind as Readonly<Record<string, SerialKind>>;
const out = new Uint8Array(SERIAL_FRAME_MAX);

function frame(kind: SerialKind, sequence: number, acknowledgement: number, body: Uint8Array): Uint8Array {
  return out.slice(0, writeSerialFrame(out, 0, kind, sequence, acknowledgement, body));
}

interface Result {
  readonly frames: SerialFrame[];
  readonly reasons: Reason[];
}

/** What a reader makes of the pieces; bodies copied. */
function read(pieces: readonly Uint8Array[]): Result {
  const reader = new SerialFrameReader();
  const result: Result = { frames: [], reasons: [] };
  for (const piece of pieces) {
    reader.feed(piece);
    for (let each = reader.next(); each !== undefined; each = reader.next()) {
      if (typeof each === 'number') result.reasons.push(each);
      else result.frames.push({ ...each, body: each.body.slice() });
    }
  }
  return result;
}

function only(result: Result, reason: Reason | undefined, frames: number, what: string): void {
  equal(result.frames.length, frames, `${what}: frames`);
  equal(result.reasons.length, reason === undefined ? 0 : 1, `${what}: reasons`);
  if (reason !== undefined) equal(result.reasons[0]!, reason, what);
}

/** Numerical Recipes' linear congruential generator: chance that is the same on every engine. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
}

const body = (octets: number, random: (below: number) => number): Uint8Array =>
  Uint8Array.from({ length: octets }, () => (random(3) === 0 ? 0 : random(256)));

suite('wire serial frame', (t) => {
  t.test('golden frames are written and read', () => {
    for (const { name, fields, hex: text } of golden.serial) {
      const { kind, sequence, acknowledgement } = fields;
      const octets = fromJson(fields.body) as Uint8Array;
      equal(hex(frame(kinds[kind]!, sequence, acknowledgement, octets)), text, name);
      const [first] = read([unhex(text)]).frames;
      check(first !== undefined, name);
      equal(first.kind, kinds[kind]!, name);
      equal(first.sequence, sequence, name);
      equal(first.acknowledgement, acknowledgement, name);
      same(first.body, octets, name);
    }
  });

  t.test('bodies of every kind of octet and size make the round trip, with no zero but the last', () => {
    const random = chance(1);
    for (const octets of [0, 1, 2, 240, 246, 247, 248, 253, 254, 255, 500, 501, 502, 508, 760, 1099, SERIAL_BODY_MAX])
      for (const make of [(): number => 0, (): number => 1, (): number => 255, (): number => random(256), (): number => random(2)]) {
        const sent = Uint8Array.from({ length: octets }, make);
        const line = frame(SerialKind.data, 255, 0, sent);
        equal(line.indexOf(0), line.length - 1, `${octets}`);
        const { frames, reasons } = read([line]);
        equal(reasons.length, 0, `${octets}`);
        same(frames[0]!.body, sent, `${octets}`);
      }
  });

  t.test('no frame is longer than its size says, and one without zeros is as long', () => {
    for (const octets of [0, 100, 246, 247, 248, 500, 501, 502, SERIAL_BODY_MAX]) {
      check(frame(SerialKind.data, 0, 0, new Uint8Array(octets)).length <= serialFrameSize(octets), `${octets} zeros`);
      // The checksum may hold a zero; among 32 sequence numbers one has none.
      const longest = Array.from(
        { length: 32 },
        (_, i) => frame(SerialKind.acknowledgement, i + 1, 1, new Uint8Array(octets).fill(1)).length,
      );
      equal(Math.max(...longest), serialFrameSize(octets), `${octets} ones`);
    }
    equal(serialFrameSize(SERIAL_BODY_MAX), SERIAL_FRAME_MAX);
  });

  t.test('a frame is written into the middle of a buffer and nowhere else', () => {
    for (const octets of [0, 300]) {
      const room = new Uint8Array(serialFrameSize(octets) + 8).fill(0);
      const end = writeSerialFrame(room.subarray(0, room.length - 4), 4, SerialKind.data, 1, 1, new Uint8Array(octets).fill(7));
      only(read([room.subarray(4, end)]), undefined, 1, `${octets}`);
      same(room.subarray(0, 4), new Uint8Array(4), 'in front');
      same(room.subarray(room.length - 4), new Uint8Array(4), 'behind');
    }
  });

  t.test('octets may come in any pieces', () => {
    const random = chance(2);
    const sent = [0, 3, 300].map((octets, i) => frame(SerialKind.data, i, 0, body(octets, random)));
    const line = concat(...sent);
    for (let cut = 0; cut <= line.length; cut += 1) only(read([line.subarray(0, cut), line.subarray(cut)]), undefined, 3, `cut at ${cut}`);
    only(read(Array.from(line, (octet) => Uint8Array.of(octet))), undefined, 3, 'one by one');
  });

  t.test('zeros in a row are no frames', () => {
    const line = frame(SerialKind.data, 0, 0, Uint8Array.of(1));
    only(read([new Uint8Array(9), line, new Uint8Array(9), line]), undefined, 2, 'zeros');
  });

  t.test('one lost, doubled or corrupted octet costs at most the frames that it touches', () => {
    const random = chance(3);
    const bodies = [body(20, random), body(20, random), body(20, random)];
    const frames = bodies.map((each, i) => frame(SerialKind.data, i, 9, each));
    const line = concat(...frames);
    const start = frames[0]!.length;
    const end = start + frames[1]!.length;
    for (let at = start; at < end; at += 1) {
      const lost = concat(line.subarray(0, at), line.subarray(at + 1));
      const doubled = concat(line.subarray(0, at + 1), line.subarray(at));
      const corrupted = line.slice();
      corrupted[at]! ^= 1 + random(255);
      for (const [what, damaged] of [
        ['lost', lost],
        ['doubled', doubled],
        ['corrupted', corrupted],
      ] as const) {
        const result = read([damaged]);
        const arrived = result.frames.map(({ sequence }) => sequence).join();
        // A lost or corrupted zero joins the frame to the next one; a doubled zero does no harm.
        const last = at === end - 1;
        equal(arrived, last && what === 'doubled' ? '0,1,2' : last ? '0' : '0,2', `${what} at ${at}`);
        check(last && what === 'doubled' ? result.reasons.length === 0 : result.reasons.length >= 1, `${what} at ${at}: not counted`);
        for (const each of result.frames) check(sameOctets(each.body, 0, bodies[each.sequence]!, 0, 20), `${what} at ${at}: another body`);
      }
    }
  });

  t.test('a line of noise never gives a frame that was not sent, and the next frame after it arrives', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const random = chance(seed);
      const noise = Uint8Array.from({ length: random(1500) }, () => random(256));
      const result = read([noise, Uint8Array.of(0), frame(SerialKind.data, 7, 0, Uint8Array.of(1, 2, 3))]);
      equal(result.frames.length, 1, `seed ${seed}`);
      equal(hex(result.frames[0]!.body), '010203', `seed ${seed}`);
    }
  });

  t.test('what is no frame has its reason', () => {
    const good = frame(SerialKind.data, 0, 0, Uint8Array.of(1));
    only(read([unhex('0500')]), Reason.Truncated, 0, 'a group that breaks off');
    only(read([unhex('0711223344556600')]), Reason.Truncated, 0, 'shorter than head and checksum');
    only(read([unhex('081122334455667700')]), Reason.BadChecksum, 0, 'no checksum');
    only(read([new Uint8Array(SERIAL_FRAME_MAX).fill(1), Uint8Array.of(0), good]), Reason.TooLong, 1, 'zeros without an end');
    only(read([new Uint8Array(5000).fill(255), Uint8Array.of(0), good]), Reason.TooLong, 1, 'octets without an end');
    only(
      read([...Array.from({ length: 5000 }, () => Uint8Array.of(2)), Uint8Array.of(0), good]),
      Reason.TooLong,
      1,
      'octets without an end, one by one',
    );
    only(read([frame(4 as SerialKind, 0, 0, Uint8Array.of(1)), good]), Reason.OutOfBounds, 1, 'an unknown kind');
  });

  t.test('our own misuse throws', () => {
    throws(() => writeSerialFrame(out, 0, SerialKind.data, 0, 0, new Uint8Array(SERIAL_BODY_MAX + 1)), 'serial-body');
    throws(() => writeSerialFrame(new Uint8Array(serialFrameSize(1) - 1), 0, SerialKind.data, 0, 0, Uint8Array.of(1)), 'serial-room');
    const reader = new SerialFrameReader();
    const line = frame(SerialKind.data, 0, 0, Uint8Array.of(1));
    reader.feed(concat(line, line));
    reader.next();
    throws(() => reader.feed(line), 'serial-feed');
  });
});
