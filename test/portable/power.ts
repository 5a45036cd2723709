/** The power machine: order of services, lockout and slow return, and that bad readings do no harm. */
import { millis, type Millis } from '../../firmware/core/base/index.js';
import { Battery, energyPenalty, levels, lifepo4Cell, Power, type Level, type PowerEffect } from '../../firmware/core/power/index.js';
import { check, equal, suite, throws } from './harness.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const loads: Readonly<Record<Level, number>> = { off: 5, sos: 60, routing: 300, payments: 330, production: 400, cache: 600 };

function power(stored: number, seed = 1, returns = 0): Power {
  const octets = new Uint8Array(16).fill(seed);
  return new Power({ battery: { capacity: 30_000, ...lifepo4Cell }, loads, lockout: 2_950, back: 3_200, seed: octets, stored, returns });
}

function effects(machine: Power): PowerEffect[] {
  const all: PowerEffect[] = [];
  for (let effect = machine.poll(); effect !== undefined; effect = machine.poll()) all.push(effect);
  return all;
}

/** Readings every ten minutes for so many hours; answers the levels in the order in which they came. */
function live(machine: Power, from: number, hours: number, millivolts: number, charge: number, load: number): Level[] {
  const seen: Level[] = [];
  for (let at = 0; at <= hours * HOUR; at += 10 * MINUTE) {
    machine.handle(millis(from + at), { type: 'reading', millivolts, charge, load });
    for (const effect of effects(machine)) if (effect.type === 'level') seen.push(effect.level);
  }
  return seen;
}

suite('power', (t) => {
  t.test('a battery counts what flows, and its voltage corrects both ends', () => {
    const battery = new Battery({ capacity: 10_000, full: 3_480, empty: 2_900 }, 5_000);
    equal(battery.read(millis(0), 3_300, 0, 0), 0);
    // 3,300 mV times 100 mA for ten minutes: 55 mWh, 198 J.
    equal(battery.read(millis(10 * MINUTE), 3_300, 100, 0), 198_000);
    equal(battery.stored, 5_055);
    battery.read(millis(20 * MINUTE), 3_300, 0, 200);
    equal(battery.stored, 4_945);
    battery.read(millis(30 * MINUTE), 3_480, 30, 0);
    equal(battery.percent, 100);
    battery.read(millis(40 * MINUTE), 2_890, 0, 100);
    equal(battery.stored, 0);
    battery.read(millis(500 * HOUR), 3_300, 100, 0);
    equal(battery.stored, 82, 'a gap counts as a quarter of an hour');
  });

  t.test('with nothing to come, services leave in their order, and none that is kept is skipped', () => {
    const machine = power(30_000);
    machine.handle(millis(0), { type: 'forecast', expected: 100_000 });
    const up = live(machine, 0, 5, 3_300, 1_000, 100);
    equal(up.join(), 'routing,payments,production,cache');
    const down: Level[] = [];
    for (let hour = 6; hour < 120; hour += 1) {
      machine.handle(millis(hour * HOUR), { type: 'forecast', expected: 0 });
      down.push(...live(machine, hour * HOUR + 1, 0, 3_250, 0, 0));
      // The battery empties by 300 mWh an hour whatever the level.
      machine.handle(millis(hour * HOUR + 2), { type: 'reading', millivolts: 3_250, charge: 0, load: 0 });
      live(machine, hour * HOUR + 20 * MINUTE, 0.5, 3_250, 0, 185);
    }
    const order = down.map((level) => levels.indexOf(level));
    for (let at = 1; at < order.length; at += 1) check(order[at]! < order[at - 1]!, `went up: ${down.join()}`);
    equal(machine.level, 'sos');
  });

  t.test('a level that the forecast does not carry is left, and regained one an hour', () => {
    const machine = power(20_000);
    machine.handle(millis(0), { type: 'forecast', expected: 20_000 });
    equal(live(machine, 0, 4, 3_300, 100, 100).join(), 'routing,payments,production,cache');
    machine.handle(millis(4 * HOUR), { type: 'forecast', expected: 0 });
    equal(
      live(machine, 4 * HOUR + MINUTE, 0, 3_300, 100, 100).join(),
      'routing',
      '20 Wh are a day of routing, and not three days of payments',
    );
    machine.handle(millis(5 * HOUR), { type: 'forecast', expected: 20_000 });
    equal(live(machine, 5 * HOUR + 10 * MINUTE, 4, 3_300, 100, 100).join(), 'payments,production,cache');
  });

  t.test('under-voltage locks, a cloud’s glimpse does not unlock, and the return takes its time', () => {
    const machine = power(2_000);
    effects(machine);
    machine.handle(millis(0), { type: 'reading', millivolts: 2_900, charge: 0, load: 90 });
    equal(machine.level, 'off');
    for (let at = MINUTE; at < 5 * HOUR; at += MINUTE)
      machine.handle(millis(at), { type: 'reading', millivolts: at % (10 * MINUTE) === 0 ? 2_940 : 3_300, charge: 600, load: 2 });
    equal(machine.level, 'off', 'the voltage was never good for a quarter of an hour');
    effects(machine);
    let back = 5 * HOUR;
    const said: PowerEffect[] = [];
    for (; machine.level === 'off' && back < 8 * HOUR; back += MINUTE) {
      machine.handle(millis(back), { type: 'reading', millivolts: 3_300, charge: 600, load: 2 });
      said.push(...effects(machine));
    }
    equal(machine.level, 'sos', 'it comes back with the least');
    check(back >= 5 * HOUR + 6 * MINUTE, 'a quarter of an hour of good voltage was not waited for');
    check(
      said.some((effect) => effect.type === 'remember' && effect.returns === 1),
      'the return was not counted',
    );
  });

  t.test('boards that lost power together return apart, and farther apart each time', () => {
    const at = (seed: number, returns: number): number => {
      const machine = power(0, seed, returns);
      machine.handle(millis(0), { type: 'reading', millivolts: 2_800, charge: 0, load: 90 });
      for (let now = 0; now < 6 * HOUR; now += MINUTE) {
        machine.handle(millis(now), { type: 'reading', millivolts: 3_300, charge: 900, load: 2 });
        if (machine.deadline() < now + MINUTE) machine.handle(machine.deadline() as Millis, { type: 'tick' });
        if (machine.level !== 'off') return now;
      }
      return -1;
    };
    for (const [returns, spread] of [
      [0, 1],
      [5, 20],
    ] as const) {
      const times = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => at(seed, returns)).sort((a, b) => a - b);
      check(times[0]! > 0, 'one never came back');
      check(times[7]! - times[0]! >= spread * MINUTE, `${returns} returns: all within ${times[7]! - times[0]!} ms`);
    }
  });

  t.test('neighbours pass a tired node by, and prefer it to none', () => {
    equal([100, 50, 49, 30, 29, 15, 14, 0].map(energyPenalty).join(), '0,0,2,2,8,8,16,16');
  });

  t.test('nonsense from a meter does not throw, and our own misuse does', () => {
    const machine = power(1_000);
    for (const [millivolts, charge, load] of [
      [0, 0, 0],
      [-5, -5, -5],
      [65_535, 65_535, 65_535],
      [3_300, 4_000_000, 0],
    ] as const) {
      machine.handle(millis(0), { type: 'reading', millivolts, charge, load });
      machine.handle(millis(MINUTE), { type: 'reading', millivolts, charge, load });
      check(machine.stored >= 0 && machine.stored <= 30_000, `${machine.stored} mWh`);
      effects(machine);
    }
    throws(() => new Battery({ capacity: 10, full: 3_480, empty: 2_900 }), 'power-battery');
    const [battery, seed] = [{ capacity: 1_000, ...lifepo4Cell }, new Uint8Array(16)];
    throws(() => new Power({ battery, loads: { ...loads, cache: 0 }, lockout: 1, back: 2, seed }), 'power-loads');
    throws(() => new Power({ battery, loads, lockout: 2, back: 2, seed }), 'power-lockout');
  });
});
