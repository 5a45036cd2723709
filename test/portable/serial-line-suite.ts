/** The reliable serial line over a bad line, in virtual time. */
import { ByteWriter } from '../../firmware/core/base/index.js';
import { SERIAL_VERSION, SerialLine } from '../../firmware/core/link/index.js';
import { encodeHello, HELLO_MAX, SERIAL_BODY_MAX, SERIAL_FRAME_MAX, SerialKind, writeSerialFrame } from '../../firmware/core/wire/index.js';
import { check, equal, same, suite, throws } from './harness.js';
import { Chance, End, NO_FAULTS, Pipe, type Faults } from './serial-line-pipe.js';

const box = (): End => new End({ role: 'box', holds: 4096, session: 0x2000_0000 }, 3);
const board = (): End => new End({ role: 'board', holds: 128, session: 0x3000_0000 }, 5);
const bothPaired = (pipe: Pipe): boolean => [pipe.a, pipe.b].every((end) => end.events.at(-1)?.startsWith('paired') === true);

function frame(chance: Chance, number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 1) bytes[i] = i < 2 ? number >> (8 * i) : chance.below(5) === 0 ? 0 : chance.below(256);
  return bytes;
}

/** Sends `count` frames each way, one in flight per end as a node does, and checks that each arrives once, in order. */
function exchange(pipe: Pipe, count: number, seed: number, limit: number): void {
  const chance = new Chance(seed);
  const [a, b] = [pipe.a, pipe.b];
  const lengths = [0, 1, 2, 82, 83, 84, 119, 120, 166, 250, 253, 254, 255, 256, 1_024, SERIAL_BODY_MAX];
  const plans = [a, b].map(() =>
    Array.from({ length: count }, (_, i) => frame(chance, i, i < lengths.length ? lengths[i]! : chance.below(300))),
  );
  const answered = (end: End): number => end.sentOk + end.sentNot;
  const before = [answered(a), answered(b)];
  for (const [i, end] of [a, b].entries()) pipe.send(end, plans[i]![0]!);
  const next = [1, 1];
  const done = pipe.run(limit, () => {
    for (const [i, end] of [a, b].entries())
      if (answered(end) - before[i]! === next[i]! && next[i]! < count) {
        next[i]! += 1;
        pipe.send(end, plans[i]![next[i]! - 1]!);
      }
    return answered(a) - before[0]! === count && answered(b) - before[1]! === count;
  });
  check(done, `seed ${seed}: ${answered(a)} and ${answered(b)} of ${count} frames answered after ${pipe.now} ms`);
  for (const [i, end] of [b, a].entries()) {
    equal(end.frames.length, count, `seed ${seed}: frames received`);
    for (let n = 0; n < count; n += 1) same(end.frames[n]!, plans[i]![n]!, `seed ${seed}: frame ${n}`);
  }
}

function paired(faults: Faults = NO_FAULTS, seed = 1): Pipe {
  const pipe = new Pipe(box(), board(), faults, seed);
  check(
    pipe.run(60_000, () => bothPaired(pipe)),
    `seed ${seed}: no pairing within a minute`,
  );
  return pipe;
}

suite('serial line', (t) => {
  t.test('pairs at once and tells each end who the other is', () => {
    const pipe = paired();
    check(pipe.now < 100, `took ${pipe.now} ms`);
    equal(pipe.a.events.join(), 'paired test board');
    equal(pipe.b.events.join(), 'paired test box');
  });

  t.test('a clean line: every length, both ways, nothing sent twice, the board never overflows', () => {
    const pipe = paired();
    exchange(pipe, 60, 1, 60_000);
    for (const end of [pipe.a, pipe.b]) {
      equal(end.overflow, 0, 'octets lost in the buffer');
      equal(end.line.counters().retransmissions, 0, 'retransmissions');
      equal(end.line.counters().framesSent, 60);
      equal(end.line.counters().framesReceived, 60);
    }
  });

  t.test('octets lost, doubled and corrupted: everything arrives once, in order', () => {
    for (const seed of [1, 2, 3]) {
      const pipe = paired({ lost: 800, doubled: 800, corrupted: 800, bursts: 0 }, seed);
      exchange(pipe, 40, seed, 120_000);
      check(pipe.a.line.counters().retransmissions > 0 && pipe.b.line.counters().badFrames > 0, 'the faults took place');
    }
  });

  t.test('bursts of up to 200 spoilt octets: everything arrives once, in order', () => {
    for (const seed of [4, 5]) exchange(paired({ lost: 100, doubled: 100, corrupted: 100, bursts: 700 }, seed), 40, seed, 120_000);
  });

  t.test('once paired, a board that reads only every 35 ms does not overflow', () => {
    const pipe = new Pipe(box(), new End({ role: 'board', holds: 128 }, 35));
    pipe.run(5_000, () => bothPaired(pipe));
    pipe.run(100); // The handshake itself is not paced: a lost hello is said again.
    const before = pipe.b.overflow;
    exchange(pipe, 30, 7, 120_000);
    equal(pipe.b.overflow - before, 0, 'octets lost in the buffer');
  });

  t.test('planted fault: a board that claims a buffer which it does not have does overflow, and even that heals', () => {
    const pipe = new Pipe(box(), new End({ role: 'board', holds: 4096 }, 35, 128));
    pipe.run(5_000, () => bothPaired(pipe));
    pipe.run(100);
    const before = pipe.b.overflow;
    exchange(pipe, 30, 7, 120_000);
    check(pipe.b.overflow > before, 'no octet was lost: the test above proves nothing');
  });

  t.test('never writes more than the room, and goes on where it stopped', () => {
    const line = new SerialLine(box().options);
    let written = 0;
    for (let now = 0; now < 40; now += 1) {
      line.handle(now as never, { type: 'room', octets: 3 });
      let octets = 0;
      for (let effect = line.poll(); effect; effect = line.poll()) if (effect.type === 'write') octets += effect.bytes.length;
      check(octets <= 3, `${octets} octets into a room of 3`);
      written += octets;
    }
    check(written > 60 && written <= 117, `one hello, not ${written} octets`);
  });

  for (const [who, session] of [
    ['box', 0x2222_0000],
    ['board', 0x3333_0000],
  ] as const) {
    t.test(`the ${who} restarts in the middle of a frame: the other end learns it, nothing old is handed over, frames flow again`, () => {
      const pipe = paired();
      const [restarting, other] = who === 'box' ? [pipe.a, pipe.b] : [pipe.b, pipe.a];
      pipe.send(other, new Uint8Array(1_000).fill(7));
      pipe.run(20);
      restarting.restart(session);
      pipe.plug(restarting);
      check(
        pipe.run(10_000, () => other.events.length === 3 && bothPaired(pipe)),
        other.events.join(),
      );
      equal(other.events.slice(1).join(), `lost restarted,paired test ${who}`);
      equal(other.sentNot, 1, 'the frame on its way is reported as not sent');
      equal(restarting.frames.length, 0, 'nothing of the old session');
      exchange(pipe, 20, 3, 60_000);
    });
  }

  t.test('a restart on a bad line: pairing comes back for every seed', () => {
    for (let seed = 10; seed < 18; seed += 1) {
      const pipe = paired({ lost: 1_000, doubled: 1_000, corrupted: 1_000, bursts: 0 }, seed);
      pipe.b.restart(0x4000_0000 + seed);
      pipe.plug(pipe.b);
      check(
        pipe.run(60_000, () => pipe.a.events.length >= 3 && bothPaired(pipe)),
        `seed ${seed}: ${pipe.a.events.join()}`,
      );
      exchange(pipe, 10, seed, 60_000);
    }
  });

  t.test('unplugged and plugged in again', () => {
    const pipe = paired();
    pipe.send(pipe.a, new Uint8Array(900));
    pipe.unplug(pipe.a);
    equal(pipe.a.events.at(-1)!, 'lost closed');
    equal(pipe.a.sentNot, 1);
    pipe.send(pipe.a, new Uint8Array(5));
    equal(pipe.a.sentNot, 2, 'a frame while unplugged is answered at once');
    pipe.run(3_000);
    pipe.plug(pipe.a);
    check(
      pipe.run(10_000, () => bothPaired(pipe)),
      pipe.a.events.join(),
    );
    exchange(pipe, 10, 9, 60_000);
  });

  t.test('an idle line stays paired; a silent one is lost, and found again', () => {
    const pipe = paired();
    pipe.run(60_000);
    equal(pipe.a.events.length, 1, 'keep-alives hold the pairing');
    pipe.b.mute = true;
    pipe.run(10_000);
    equal(pipe.a.events.at(-1)!, 'lost silence');
    pipe.b.mute = false;
    check(
      pipe.run(10_000, () => bothPaired(pipe)),
      pipe.a.events.join() + pipe.b.events.join(),
    );
    exchange(pipe, 10, 9, 60_000);
  });

  t.test('pieces that are never acknowledged end the session', () => {
    const pipe = paired();
    // The board's receiver hears nothing any more, but its keep-alives go on coming.
    pipe.a.mute = true;
    pipe.send(pipe.a, new Uint8Array(50));
    pipe.run(6_900, () => pipe.a.events.length > 1);
    equal(pipe.a.events.at(-1)!, 'lost unacknowledged');
    equal(pipe.a.sentNot, 1);
  });

  t.test('another major version is refused on both sides, with who must be updated; the right one pairs afterwards', () => {
    const pipe = new Pipe(box(), board());
    pipe.b.mute = true;
    pipe.run(50);
    pipe.give(pipe.a, { type: 'octets', bytes: helloFrame(SERIAL_VERSION + 1) });
    pipe.give(pipe.a, { type: 'octets', bytes: helloFrame(SERIAL_VERSION + 1) });
    equal(pipe.a.events.join(), 'refused', 'said once');
    equal(
      pipe.a.refusal,
      'the board speaks version 2 of the serial protocol, this box version 1. Update the box to the release that the other one runs.',
    );
    pipe.unplug(pipe.a);
    pipe.plug(pipe.a);
    pipe.give(pipe.a, { type: 'octets', bytes: helloFrame(0) });
    check(pipe.a.refusal.endsWith('Update the board to the release that the other one runs.'), pipe.a.refusal);
    pipe.b.mute = false;
    check(
      pipe.run(10_000, () => bothPaired(pipe)),
      pipe.a.events.join(),
    );
  });

  t.test('a line that is looped back does not pair with itself', () => {
    const end = box();
    const pipe = new Pipe(end, board());
    pipe.b.mute = true;
    pipe.a.mute = true;
    for (let i = 0; i < 20; i += 1) {
      pipe.run(500);
      pipe.give(end, { type: 'octets', bytes: helloFrame(SERIAL_VERSION, end) });
    }
    equal(end.events.length, 0);
  });

  t.test('caps: a full queue and a frame that is too long are answered, and nothing else suffers', () => {
    const pipe = paired();
    for (let i = 0; i < 5; i += 1) pipe.send(pipe.a, new Uint8Array(1_000).fill(i));
    check(pipe.a.sentNot >= 2, `${pipe.a.sentNot} refused`);
    const refused = pipe.a.sentNot;
    pipe.send(pipe.a, new Uint8Array(SERIAL_BODY_MAX + 1));
    equal(pipe.a.sentNot, refused + 1);
    check(
      pipe.run(10_000, () => pipe.a.sentOk + pipe.a.sentNot === 6),
      'every frame is answered',
    );
    equal(pipe.b.frames.length, pipe.a.sentOk);
  });

  t.test('noise, foreign frames and an endless frame are counted and change nothing', () => {
    const pipe = paired();
    const chance = new Chance(99);
    for (let i = 0; i < 40; i += 1) pipe.give(pipe.a, { type: 'octets', bytes: frame(chance, i, 500) });
    pipe.give(pipe.a, { type: 'octets', bytes: new Uint8Array(5_000).fill(1) });
    pipe.give(pipe.a, { type: 'octets', bytes: new Uint8Array(1) });
    check(pipe.a.line.counters().badFrames > 100, `${pipe.a.line.counters().badFrames} bad frames`);
    exchange(pipe, 10, 5, 60_000);
    // Parts without end: the frame outgrows its buffer, is passed over, and the next one is whole again.
    const after = pipe.a.line.counters();
    const out = new Uint8Array(SERIAL_FRAME_MAX);
    const lone = paired();
    lone.run(100);
    for (let i = 0; i < 20; i += 1) {
      const kind = i === 18 || i === 19 ? SerialKind.data : SerialKind.part;
      lone.give(lone.a, { type: 'octets', bytes: out.slice(0, writeSerialFrame(out, 0, kind, i, 0, new Uint8Array(100).fill(i))) });
    }
    equal(lone.a.frames.length, 1);
    same(lone.a.frames[0]!, new Uint8Array(100).fill(19));
    equal(after.framesReceived, 10);
  });

  t.test('a side that holds less than a piece is our own misuse', () => {
    throws(() => new SerialLine({ ...box().options, holds: 64 }), 'serial-holds');
  });
});

function helloFrame(major: number, as: End = board()): Uint8Array {
  const w = new ByteWriter(new Uint8Array(HELLO_MAX));
  encodeHello(w, { ...as.options, major, frameMax: 1_024, heard: 0, answer: true });
  const out = new Uint8Array(SERIAL_FRAME_MAX);
  return out.slice(0, writeSerialFrame(out, 0, SerialKind.hello, 0, 0, w.written()));
}
