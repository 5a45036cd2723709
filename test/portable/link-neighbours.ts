/** The neighbour table: states, histories from beacon numbers, who gives way. */
import { COST_INFINITE, NeighbourState, NeighbourTable } from '../../firmware/core/link/index.js';
import { check, equal, same, suite, throws } from './harness.js';

const octets = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
const idOf = (value: number): Uint8Array => octets(8, value);
const macOf = (value: number): Uint8Array => octets(6, value);

function claim(table: NeighbourTable, value: number, now = 0): number {
  return table.claim('air', idOf(value), macOf(value), 'board', now, false);
}

suite('neighbour table', (t) => {
  t.test('vacant -> heard -> pinned -> leaving -> vacant', () => {
    const table = new NeighbourTable(2);
    const slot = claim(table, 7);
    equal(table.state(slot), NeighbourState.Heard);
    check(table.isKnown(slot) && !table.isPinned(slot), 'heard is known, not pinned');
    table.pin(slot, octets(33, 9));
    check(table.isPinned(slot), 'pinned');
    check(table.hasKey(slot, octets(33, 9)) && !table.hasKey(slot, octets(33, 8)), 'the key is kept');
    equal(table.find('air', idOf(7)), slot);
    equal(table.findMac('air', macOf(7)), slot);
    equal(table.find('ble', idOf(7)), -1, 'another kind of link is another neighbour');
    same(table.id(slot), idOf(7));
    equal(table.role(slot), 'board');
    table.tell(slot, 33);
    equal(table.changed(), slot);
    equal(table.told(slot), false);
    equal(table.changed(), -1);
    table.leave(slot);
    equal(table.find('air', idOf(7)), -1, 'who leaves is not found');
    equal(table.cost(slot), COST_INFINITE);
    equal(table.used, 1, 'the slot is kept until it was told');
    table.told(slot);
    equal(table.used, 0);
    equal(table.state(slot), NeighbourState.Vacant);
  });

  t.test('gaps in beacon numbers are losses, also round 2^16', () => {
    const table = new NeighbourTable(1);
    const slot = claim(table, 1);
    check(table.beacon(slot, 0, 0xfffe), 'the first beacon is no restart');
    equal(table.inward(slot), 255);
    check(table.beacon(slot, 1, 0xffff), 'next');
    check(table.beacon(slot, 2, 2), 'two lost across the wrap');
    equal(table.inward(slot), 191, '3 of 5, and 3 on credit');
  });

  t.test('losses assumed by the clock are not counted again when the next beacon names the gap', () => {
    const table = new NeighbourTable(1);
    const slot = claim(table, 1);
    table.beacon(slot, 0, 10);
    table.assumeLost(slot, 1);
    table.assumeLost(slot, 2);
    table.assumeLost(slot, 2);
    equal(table.inward(slot), 170, '1 of 3, and 3 on credit');
    table.beacon(slot, 3, 14);
    equal(table.inward(slot), 159, '2 of 5: three were lost');
  });

  t.test('numbers that go back are a restart: history begins anew', () => {
    const table = new NeighbourTable(1);
    const slot = claim(table, 1);
    for (let number = 5; number < 9; number += 1) table.beacon(slot, number, number);
    table.record(slot, false, 8);
    check(!table.beacon(slot, 20, 0), 'a restart');
    equal(table.inward(slot), 255);
  });

  t.test('rssi is kept in one octet below zero', () => {
    const table = new NeighbourTable(1);
    const slot = claim(table, 1);
    for (const [heard, kept] of [
      [-87, -87],
      [3, 0],
      [-300, -255],
    ] as const) {
      table.heard(slot, 1, heard);
      equal(table.rssi(slot) + 0, kept);
    }
  });

  t.test('full: a newcomer waits until the useless one that was silent longest has left', () => {
    const table = new NeighbourTable(3);
    const [useful, old, older] = [claim(table, 1, 0), claim(table, 2, 100), claim(table, 3, 0)];
    table.tell(useful, 21);
    table.told(useful);
    equal(claim(table, 4, 10_000), -1, 'nobody has been silent for long');
    equal(table.changed(), -1);
    equal(claim(table, 4, 20_000), -1);
    equal(table.changed(), older);
    table.told(older);
    equal(claim(table, 4, 20_001), older);
    equal(claim(table, 5, 40_000), -1);
    equal(table.changed(), old);
    table.told(old);
    check(table.isKnown(useful), 'who is of use stays');
  });

  t.test('capacities outside 1..254 are misuse', () => {
    throws(() => new NeighbourTable(0), 'neighbour-capacity');
    throws(() => new NeighbourTable(255), 'neighbour-capacity');
  });
});
