/** A year on the sun: routing holds with the planned panel, services leave in their order with half of it, and a policy that is no policy is caught. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { levels } from '../../firmware/core/power/index.js';
import { supplyFor } from '../../hosts/field/plan/solar.js';
import { boxLoads, liveYear } from '../../hosts/field/power/year.js';

const place = { boxes: 6, seed: 1, lat: -17.7, sunshine: 0.45 };
const supply = supplyFor({ ...place, watts: boxLoads.routing / 1_000, darkDays: 3 })!;

test('with the planned panel routing is up for 99.5 % of the year', () => {
  const year = liveYear({ ...place, ...supply });
  assert.ok(year.up.routing >= 0.995, `${year.up.routing}`);
  for (const { up, lockouts } of year.boxes) assert.ok(up.sos === 1 && lockouts === 0);
});

test('with half the panel services leave in the order cache, production, payments, routing, and SOS stays', () => {
  const year = liveYear({ ...place, ...supply, panelWatts: supply.panelWatts / 2 });
  for (let at = 2; at < levels.length; at += 1) {
    const [less, more] = [year.up[levels[at]!], year.up[levels[at - 1]!]];
    assert.ok(less < more, `${levels[at]} was up ${less}, ${levels[at - 1]} ${more}`);
  }
  assert.ok(year.up.routing < 0.995 && year.up.sos > 0.995, JSON.stringify(year.up));
  for (const { changes } of year.boxes)
    for (const [index, [hour, level]] of changes.entries()) {
      const before = changes[index - 1];
      if (before && levels.indexOf(level) > levels.indexOf(before[1]))
        assert.equal(levels.indexOf(level) - levels.indexOf(before[1]), 1, `hour ${hour}: ${level} after ${before[1]}`);
    }
});

test('with a thirtieth of the panel boards lock out, come back, and not all at once', () => {
  const year = liveYear({ ...place, ...supply, panelWatts: supply.panelWatts / 30 });
  const lockouts = year.boxes.reduce((sum, box) => sum + box.lockouts, 0);
  assert.ok(lockouts >= 6, `${lockouts} lockouts`);
  assert.ok(year.up.off === 1 && year.up.sos < 0.9, JSON.stringify(year.up));
  assert.ok(year.returnsTogether <= 2, `${year.returnsTogether} boxes came back within a minute`);
});

test('the year is the same for the same seed, and another for another', () => {
  const short = { ...place, ...supply, boxes: 1 };
  assert.deepEqual(liveYear(short), liveYear(short));
  assert.notDeepEqual(liveYear(short).boxes[0]!.changes, liveYear({ ...short, seed: 2 }).boxes[0]!.changes);
});
