import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { airtime, ccaTime, contentionWindow, difs, slotTime } from '../../hosts/sim/phy.js';
import { plainLink } from '../../hosts/sim/topology.js';
import { AirBench, everyone } from './air-bench.js';

const duration = airtime('1M', 100);

suite('air', () => {
  test('a frame takes its airtime and reaches everyone in range, whoever it is for, and nobody else', () => {
    const bench = new AirBench(4).join(0, 1).join(0, 2).join(2, 3);
    const private1 = Uint8Array.of(2, 0, 0, 0, 0, 1);
    bench.at(1000, () => void bench.air.transmit(bench.now, 0, private1, new Uint8Array(100)));
    bench.run();
    assert.deepEqual(bench.started, [{ at: 1000, station: 0, airtime: duration }]);
    assert.deepEqual(bench.readings(), ['1<0', '2<0']);
    assert.deepEqual(
      bench.heard.map(({ at, frame }) => [at, frame.to]),
      [1, 2].map(() => [1000 + duration, private1]),
    );
    assert.deepEqual(bench.sent, [{ at: 1000 + duration, station: 0, ok: true }]);
  });

  test('half-duplex: who sends is deaf, whoever it is', () => {
    // 1 and 2 cannot sense 0's carrier before they start: all three start in the same instant.
    const bench = new AirBench(3).join(0, 1).join(0, 2);
    for (const station of [0, 1, 2]) bench.send(1000, station);
    bench.run();
    assert.deepEqual(bench.readings(), []);
    assert.equal(bench.air.counters(1).deafened, 1);
    assert.equal(bench.air.counters(0).deafened, 2);
  });

  test('one frame at a time: a second one is refused and not sent', () => {
    const bench = new AirBench(2).join(0, 1);
    bench.send(1000, 0);
    bench.at(1001, () => assert.equal(bench.air.transmit(bench.now, 0, everyone, new Uint8Array(16)), false));
    bench.run();
    assert.equal(bench.started.length, 1);
    assert.equal(bench.sent.length, 1);
  });

  test('hidden terminals: two that do not hear each other spoil both frames at the one between', () => {
    const bench = new AirBench(3).join(0, 1).join(1, 2);
    bench.send(1000, 0);
    bench.send(1000 + duration / 2, 2);
    bench.run();
    assert.deepEqual(bench.readings(), []);
    assert.equal(bench.air.counters(1).collided, 2);
  });

  test('capture: 10 dB more is read over a weaker frame, whichever came first; 9 dB is not', () => {
    const readings = (gap: number, firstIsStrong: boolean): string[] => {
      const weak = { prr: 1, snr: 10, deviation: 0 };
      const strong = { prr: 1, snr: 10 + gap, deviation: 0 };
      const bench = new AirBench(3).join(0, 1, strong).join(1, 2, weak);
      bench.send(1000, firstIsStrong ? 0 : 2);
      bench.send(1300, firstIsStrong ? 2 : 0);
      return bench.run().readings();
    };
    assert.deepEqual(readings(10.5, true), ['1<0']);
    assert.deepEqual(readings(10.5, false), ['1<0']);
    assert.deepEqual(readings(9, true), []);
    assert.deepEqual(readings(9, false), []);
  });

  test('interference adds up: two weak ones spoil what each alone does not', () => {
    const bench = new AirBench(4).join(0, 1, { prr: 1, snr: 21, deviation: 0 });
    for (const other of [2, 3]) bench.join(1, other, { prr: 1, snr: 10, deviation: 0 });
    bench.send(1000, 0);
    bench.send(1100, 2);
    bench.send(3000, 0);
    bench.send(3100, 2);
    bench.send(3200, 3);
    assert.deepEqual(bench.run().readings(), ['1<0']);
  });

  test('carrier sense: who hears a frame waits for its end, a DIFS and whole slots of back-off', () => {
    const bench = new AirBench(2).join(0, 1);
    bench.send(1000, 0);
    bench.send(1100, 1);
    bench.run();
    assert.deepEqual(bench.readings(), ['1<0', '0<1']);
    const waited = bench.started[1]!.at - (1000 + duration) - difs;
    assert.ok(waited >= 0 && waited < contentionWindow * slotTime && waited % slotTime === 0, `${waited}`);
  });

  test('carrier sense takes time: a start within it is not held back, one after it is', () => {
    const starts = (gap: number): number[] => {
      const bench = new AirBench(2).join(0, 1);
      bench.send(1000, 0);
      bench.send(1000 + gap, 1);
      return bench.run().started.map(({ at }) => at);
    };
    assert.equal(starts(1)[1]! > 1000 + duration, true, 'a frame handed over after the medium fell busy waits');
    // Both draw the same slot after a common busy period for some seed: they start together and collide.
    let together = 0;
    for (let seed = 1; seed <= 200; seed += 1) {
      const bench = new AirBench(3, { seed }).join(0, 1).join(0, 2).join(1, 2);
      bench.send(1000, 0);
      bench.send(1100, 1);
      bench.send(1200, 2);
      bench.run();
      const [, a, b] = bench.started;
      if (b!.at - a!.at <= ccaTime) together += 1;
      else assert.ok(b!.at >= a!.at + duration + difs, `seed ${seed}`);
    }
    assert.ok(together >= 1 && together <= 16, `same slot in ${together} of 200, expected about 200/32`);
  });

  test('the back-off freezes while the medium is busy and goes on where it stood', () => {
    // 0 and 2 do not hear each other; 1 counts down between their frames.
    for (let seed = 1; seed <= 20; seed += 1) {
      const bench = new AirBench(3, { seed }).join(0, 1).join(1, 2);
      bench.send(1000, 0);
      bench.send(1100, 1);
      const gap = 150;
      bench.send(1000 + duration + difs + gap, 2);
      bench.run();
      const one = bench.started.find(({ station }) => station === 1)!.at;
      const two = bench.started.find(({ station }) => station === 2)!.at;
      if (one <= two + ccaTime) continue;
      const counted = Math.floor(gap / slotTime) * slotTime;
      const left = one - (two + duration) - difs;
      assert.ok(left >= 0 && left <= (contentionWindow - 1) * slotTime - counted, `seed ${seed}: ${left}`);
    }
  });

  test('a back-off follows every transmission: a second frame at once does not go at once', () => {
    let backedOff = 0;
    for (let seed = 1; seed <= 20; seed += 1) {
      const bench = new AirBench(2, { seed }).join(0, 1);
      bench.send(1000, 0);
      bench.send(1000 + duration + 1, 0);
      bench.run();
      const waited = bench.started[1]!.at - (1000 + duration);
      assert.ok(waited >= difs, `seed ${seed}`);
      if (waited > difs) backedOff += 1;
    }
    assert.ok(backedOff >= 15, `${backedOff} of 20`);
  });

  test('a medium that stays busy for the whole lifetime: the frame is given up and the station told', () => {
    // Two jammers that do not hear each other take turns without a gap; 1 hears both.
    const bench = new AirBench(3).join(0, 1).join(1, 2);
    const jam = airtime('1M', 250);
    for (let k = 0; k < 300; k += 1) {
      bench.send(1000 + k * 2 * (jam - 300), 0, 250);
      bench.send(1000 + (k * 2 + 1) * (jam - 300), 2, 250);
    }
    bench.send(2000, 1);
    bench.run();
    assert.deepEqual(
      bench.sent.filter(({ station }) => station === 1),
      [{ at: 2000 + 524_288, station: 1, ok: false }],
    );
    assert.equal(bench.air.counters(1).starved, 1);
  });

  test('a payload above the limit is not sent, and the station told', () => {
    const bench = new AirBench(2).join(0, 1);
    bench.send(1000, 0, 251);
    bench.send(9000, 0, 250);
    bench.run();
    assert.deepEqual(
      bench.sent.map(({ ok }) => ok),
      [false, true],
    );
    assert.equal(bench.air.counters(0).tooLong, 1);
    assert.deepEqual(bench.readings(), ['1<0']);
  });

  test('a link that only disturbs is sensed and spoils, and is never read', () => {
    const bench = new AirBench(3).join(0, 1).join(1, 2, plainLink(0));
    bench.send(1000, 2);
    bench.send(10_000, 0);
    bench.send(10_500, 2);
    bench.run();
    assert.deepEqual(bench.readings(), []);
    assert.equal(bench.air.counters(1).collided, 1);
  });

  test('a sender that dies is cut short: nobody reads its frame, and the medium is free at once', () => {
    const bench = new AirBench(2).join(0, 1);
    bench.send(1000, 0);
    bench.at(1400, () => bench.air.kill(bench.now, 0));
    bench.send(1500, 1);
    bench.run();
    assert.deepEqual(bench.readings(), []);
    assert.ok(bench.started[1]!.at < 1000 + duration);
    assert.deepEqual(
      bench.sent.map(({ station }) => station),
      [1],
    );
  });

  test('a station that comes back hears what starts after that, not what was in the air', () => {
    const bench = new AirBench(2).join(0, 1);
    bench.at(900, () => bench.air.kill(bench.now, 1));
    bench.send(1000, 0);
    bench.at(1200, () => bench.air.revive(bench.now, 1));
    bench.send(5000, 0);
    bench.run();
    assert.deepEqual(
      bench.heard.map(({ at }) => at > 5000),
      [true],
    );
  });

  test('the share of frames read is the link ratio, each direction its own', () => {
    const frames = 4000;
    for (const seed of [1, 2, 3]) {
      const bench = new AirBench(2, { seed });
      bench.air.setLink(0, 1, plainLink(0.8));
      bench.air.setLink(1, 0, plainLink(0.3));
      for (let k = 0; k < frames; k += 1) {
        bench.send(k * 10_000, 0, 16);
        bench.send(k * 10_000 + 5000, 1, 16);
      }
      bench.run();
      for (const [reader, ratio] of [
        [1, 0.8],
        [0, 0.3],
      ] as const) {
        const read = bench.air.counters(reader).readFrames;
        // One degree of freedom; 10.83 is exceeded once in a thousand.
        const expected = frames * ratio;
        const chiSquare = (read - expected) ** 2 / expected + (read - expected) ** 2 / (frames - expected);
        assert.ok(chiSquare < 10.83, `seed ${seed}: ${read} of ${frames} at ${ratio}, chi-square ${chiSquare}`);
      }
    }
  });

  test('losses are independent from frame to frame: runs are as long as they should be', () => {
    const frames = 8000;
    const bench = new AirBench(2, { seed: 5 });
    bench.air.setLink(0, 1, plainLink(0.5));
    for (let k = 0; k < frames; k += 1) bench.send(k * 10_000, 0, 16);
    bench.run();
    const read = new Set(bench.heard.map(({ at }) => Math.floor(at / 10_000)));
    let changes = 0;
    for (let k = 1; k < frames; k += 1) if (read.has(k) !== read.has(k - 1)) changes += 1;
    // Changes are binomial with p = 1/2: mean 4000, deviation 45.
    assert.ok(Math.abs(changes - frames / 2) < 3.3 * Math.sqrt(frames / 4), `${changes} changes in ${frames}`);
  });

  test('counters: airtime, frames and octets of what left the antenna', () => {
    const bench = new AirBench(2).join(0, 1);
    bench.send(1000, 0, 100);
    bench.send(9000, 0, 16);
    bench.run();
    const { airtime: used, sentFrames, sentOctets } = bench.air.counters(0);
    assert.deepEqual({ used, sentFrames, sentOctets }, { used: airtime('1M', 100) + airtime('1M', 16), sentFrames: 2, sentOctets: 116 });
    assert.equal(bench.air.counters(1).readFrames, 2);
  });
});
