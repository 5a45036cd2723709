/** Duplicate filter and route table, the oracle in TypeScript: each rule of their headers by a case, and what must always hold by chance. */
import { Prng, RouteOutcome } from '../../firmware/core/base/index.js';
import { createDuplicateFilter, createRouteTable } from '../../firmware/core/crypto/index.js';
import { emptyEntry } from '../../firmware/core/mesh/index.js';
import type { RouteTable } from '../../firmware/core/ports/index.js';
import { check, equal, same, suite, throws } from './harness.js';
import { seedOf } from './medium.js';

const idOf = (value: number): Uint8Array => new Uint8Array([value, 1, 2, value, value >> 8, 5, value, 7]);

/** A slot as text: seqno/metric via neighbour, alternate; FD. */
function shown(table: RouteTable, id: Uint8Array): string {
  const entry = emptyEntry();
  if (!table.read(table.find(id, 0), entry)) return 'none';
  const { seqno, neighbour, metric, alternate, alternateMetric, feasibleSeqno, feasibleMetric } = entry;
  const route = neighbour < 0 ? 'unreachable' : `${seqno}/${metric} via ${neighbour}`;
  const other = alternate < 0 ? '' : ` or ${alternateMetric} via ${alternate}`;
  return `${route}${other}; FD ${feasibleMetric === 0xffff ? 'none' : `${feasibleSeqno}/${feasibleMetric}`}`;
}

suite('duplicate filter', (t) => {
  t.test('a packet is seen for the window, from its first sighting', () => {
    const filter = createDuplicateFilter({ capacity: 16, window: 10 });
    equal(filter.seen(1, 2, 100), false);
    equal(filter.seen(1, 2, 109), true);
    equal(filter.seen(1, 3, 109), false);
    equal(filter.seen(2, 2, 109), false);
    equal(filter.seen(1, 2, 110), false, 'the window counts from the first sighting');
    equal(filter.seen(1, 2, 119), true);
  });

  t.test('flow 0, counter 0 at second 0 is a packet like any other', () => {
    const filter = createDuplicateFilter({ capacity: 4, window: 1 });
    equal(filter.seen(0, 0, 0), false);
    equal(filter.seen(0, 0, 0), true);
  });

  t.test('time may wrap at 2^16', () => {
    const filter = createDuplicateFilter({ capacity: 16, window: 10 });
    equal(filter.seen(9, 9, 0xfffe), false);
    equal(filter.seen(9, 9, 3), true);
    equal(filter.seen(9, 9, 8), false);
  });

  t.test('a full bucket loses its oldest', () => {
    const filter = createDuplicateFilter({ capacity: 4, window: 100 });
    for (let i = 0; i < 4; i += 1) equal(filter.seen(7, i, i), false);
    equal(filter.seen(7, 9, 10), false);
    equal(filter.seen(7, 1, 11), true);
    equal(filter.seen(7, 0, 11), false, 'the first one went');
    equal(filter.seen(7, 1, 12), false, 'and now the second');
  });

  t.test('no false positives, and few losses when half full', () => {
    const filter = createDuplicateFilter({ capacity: 256, window: 30 });
    const prng = new Prng(seedOf(1));
    const packets = Array.from({ length: 128 }, () => [prng.u32(), prng.below(65_536)] as const);
    for (const [flow, counter] of packets) equal(filter.seen(flow, counter, 5), false);
    let lost = 0;
    for (const [flow, counter] of packets) if (!filter.seen(flow, counter, 6)) lost += 1;
    check(lost <= 4, `${lost} of 128 forgotten`);
  });

  t.test('options out of bounds are misuse', () => {
    for (const capacity of [0, 2, 6, 65_536]) throws(() => createDuplicateFilter({ capacity, window: 1 }), 'duplicate-filter-capacity');
    for (const window of [0, 0x8000]) throws(() => createDuplicateFilter({ capacity: 4, window }), 'duplicate-filter-window');
  });
});

suite('route table', (t) => {
  const [A, B, C] = [idOf(1), idOf(2), idOf(3)];
  const make = (capacity = 8, hold = 60): RouteTable => createRouteTable({ capacity, hold });

  t.test('found, improved, kept, retracted', () => {
    const table = make();
    equal(table.update(A, 0, 1, 5, 100, 20, 0), RouteOutcome.Found);
    equal(shown(table, A), '5/120 via 1; FD none');
    equal(table.update(A, 0, 1, 5, 100, 20, 1), RouteOutcome.Kept);
    equal(table.update(A, 0, 1, 5, 90, 20, 1), RouteOutcome.Changed);
    equal(table.update(A, 0, 1, 6, 90, 20, 1), RouteOutcome.Changed, 'a new sequence number is a change');
    equal(table.update(A, 0, 2, 6, 10, 20, 1), RouteOutcome.Changed, 'a better neighbour');
    equal(shown(table, A), '6/30 via 2 or 110 via 1; FD none');
    equal(table.update(A, 0, 2, 6, 0xffff, 20, 2), RouteOutcome.Changed);
    equal(table.update(A, 0, 1, 6, 0xffff, 20, 2), RouteOutcome.Lost);
    equal(table.update(A, 0, 1, 6, 0xffff, 20, 2), RouteOutcome.Kept);
    equal(table.size(), 1, 'the destination is held for its feasibility distance');
  });

  t.test('a retraction of what was never there is nothing', () => {
    const table = make();
    equal(table.update(A, 0, 1, 5, 0xffff, 20, 0), RouteOutcome.Kept);
    equal(table.find(A, 0), -1);
  });

  t.test('feasibility: the announced metric must be below what we announced, or the sequence number newer', () => {
    const table = make();
    table.update(A, 0, 1, 5, 100, 20, 0);
    table.announced(table.find(A, 0));
    equal(shown(table, A), '5/120 via 1; FD 5/120');
    equal(table.update(A, 0, 2, 5, 120, 1, 0), RouteOutcome.Unfeasible);
    equal(table.update(A, 0, 2, 5, 119, 1, 0), RouteOutcome.Kept, 'feasible, but not better by an eighth');
    equal(shown(table, A), '5/120 via 1 or 120 via 2; FD 5/120');
    equal(table.update(A, 0, 3, 4, 1, 1, 0), RouteOutcome.Unfeasible, 'an older number is worse than any metric');
    equal(table.update(A, 0, 1, 5, 0xffff, 20, 0), RouteOutcome.Changed);
    equal(table.update(A, 0, 2, 5, 130, 1, 0), RouteOutcome.Lost, 'an unfeasible update unselects');
    equal(table.lookup(A, 0, -1), -1);
    equal(table.update(A, 0, 2, 6, 130, 1, 0), RouteOutcome.Found);
    equal(shown(table, A), '6/131 via 2; FD 5/120');
    table.announced(table.find(A, 0));
    equal(shown(table, A), '6/131 via 2; FD 6/131');
  });

  t.test('the feasibility distance only falls within a sequence number', () => {
    const table = make();
    table.update(A, 0, 1, 5, 100, 20, 0);
    table.announced(table.find(A, 0));
    table.neighbourCost(1, 50, () => undefined);
    table.announced(table.find(A, 0));
    equal(shown(table, A), '5/150 via 1; FD 5/120');
    table.neighbourCost(1, 5, () => undefined);
    table.announced(table.find(A, 0));
    equal(shown(table, A), '5/105 via 1; FD 5/105');
  });

  t.test('sequence numbers compare modulo 2^16', () => {
    const table = make();
    table.update(A, 0, 1, 0xffff, 100, 20, 0);
    table.announced(table.find(A, 0));
    equal(table.update(A, 0, 2, 0, 500, 20, 0), RouteOutcome.Kept);
    equal(shown(table, A), '65535/120 via 1 or 520 via 2; FD 65535/120');
    equal(table.update(A, 0, 2, 0x7fff, 1, 20, 0), RouteOutcome.Unfeasible, 'half a circle ahead is behind');
  });

  t.test('hysteresis: another route must be better by more than an eighth of itself', () => {
    const table = make();
    table.update(A, 0, 1, 5, 80, 10, 0);
    equal(table.update(A, 0, 2, 5, 70, 10, 0), RouteOutcome.Kept, '80 + 10 is not less than 90');
    equal(table.update(A, 0, 2, 5, 69, 10, 0), RouteOutcome.Changed, '79 + 9 is');
  });

  t.test('two next hops: a third replaces the one that is not selected, if it is better', () => {
    const table = make();
    table.update(A, 0, 1, 5, 80, 10, 0);
    table.update(A, 0, 2, 5, 100, 10, 0);
    equal(table.update(A, 0, 3, 5, 100, 10, 0), RouteOutcome.Kept);
    equal(shown(table, A), '5/90 via 1 or 110 via 2; FD none', 'equal is not better');
    equal(table.update(A, 0, 3, 5, 99, 10, 0), RouteOutcome.Kept);
    equal(shown(table, A), '5/90 via 1 or 109 via 3; FD none');
    equal(table.update(A, 0, 4, 5, 10, 10, 0), RouteOutcome.Changed);
    equal(shown(table, A), '5/20 via 4 or 90 via 1; FD none');
  });

  t.test('lookup passes over a neighbour that has just failed', () => {
    const table = make();
    table.update(A, 0, 1, 5, 80, 10, 0);
    table.update(A, 0, 2, 5, 100, 10, 0);
    equal(table.lookup(A, 0, -1), 1);
    equal(table.lookup(A, 0, 1), 2);
    equal(table.lookup(A, 0, 2), 1);
    equal(table.lookup(B, 0, -1), -1);
  });

  t.test('a link cost of 0xffff removes, 0xfffe keeps without use', () => {
    const table = make();
    const changes: string[] = [];
    const note = (slot: number, outcome: RouteOutcome): void => void changes.push(`${slot === table.find(A, 0) ? 'A' : 'B'}${outcome}`);
    equal(table.update(A, 0, 1, 5, 0, 0xfffe, 0), RouteOutcome.Kept);
    equal(shown(table, A), 'unreachable; FD none', 'even metric 0 is no route over a link that may not be used');
    table.update(B, 0, 2, 5, 10, 10, 0);
    table.neighbourCost(1, 21, note);
    equal(changes.join(), `A${RouteOutcome.Found}`);
    table.neighbourCost(1, 21, note);
    equal(changes.length, 1, 'the same cost is no change');
    table.neighbourCost(1, 0xffff, note);
    table.neighbourCost(1, 21, note);
    equal(changes.join(), `A${RouteOutcome.Found},A${RouteOutcome.Lost}`, 'what was removed does not come back');
  });

  t.test('routes expire, then the destination is forgotten with its feasibility distance', () => {
    const table = make(8, 60);
    const lost: RouteOutcome[] = [];
    const note = (_: number, outcome: RouteOutcome): void => void lost.push(outcome);
    table.update(A, 0, 1, 5, 80, 10, 0xffe0);
    table.update(A, 0, 2, 5, 81, 10, 0);
    table.announced(table.find(A, 0));
    table.expire((0xffe0 + 59) & 0xffff, note);
    equal(lost.length, 0);
    table.expire((0xffe0 + 60) & 0xffff, note);
    equal(lost.join(), `${RouteOutcome.Changed}`);
    table.expire(60, note);
    equal(lost.join(), `${RouteOutcome.Changed},${RouteOutcome.Lost}`);
    equal(shown(table, A), 'unreachable; FD 5/90');
    equal(table.update(A, 0, 1, 5, 90, 1, 61), RouteOutcome.Unfeasible);
    table.update(A, 0, 1, 5, 0xffff, 1, 61);
    table.expire(120, note);
    equal(shown(table, A), 'unreachable; FD 5/90', 'it counts from the loss of the last hop');
    table.expire(121, note);
    equal(shown(table, A), 'none');
    equal(table.size(), 0);
    equal(table.update(A, 0, 1, 5, 90, 1, 122), RouteOutcome.Found);
  });

  t.test('full: the longest unreachable goes first, then the farthest, and only for a nearer one', () => {
    const table = make(2, 60);
    table.update(A, 0, 1, 5, 100, 10, 0);
    table.update(B, 0, 1, 5, 200, 10, 0);
    equal(table.update(C, 0, 1, 5, 200, 10, 0), RouteOutcome.Full);
    equal(table.update(C, 0, 1, 5, 199, 10, 0), RouteOutcome.Found);
    equal(table.find(B, 0), -1);
    table.update(A, 0, 1, 5, 0xffff, 10, 5);
    equal(table.update(B, 0, 1, 5, 5000, 0xfffe, 9), RouteOutcome.Full, 'what cannot be used evicts nothing');
    equal(table.update(B, 0, 1, 5, 5000, 10, 9), RouteOutcome.Found);
    equal(table.find(A, 0), -1);
    equal(table.size(), 2);
  });

  t.test('as many destinations as slots, whatever their ids, are all found', () => {
    const prng = new Prng(seedOf(3));
    for (const capacity of [1, 2, 64, 256]) {
      const table = make(capacity);
      const ids = Array.from({ length: capacity }, (_, i) => {
        const id = new Uint8Array(8);
        for (let k = 0; k < 8; k += 1) id[k] = i % 3 === 0 ? 0 : prng.below(256);
        id[0] = i >> 8;
        id[7] = i;
        return id;
      });
      for (const [i, id] of ids.entries()) equal(table.update(id, 0, 1, 1, i, 1, 0), RouteOutcome.Found);
      const entry = emptyEntry();
      for (const [i, id] of ids.entries()) {
        check(table.read(table.find(id, 0), entry), `id ${i} is not found`);
        same(entry.id, id);
        equal(entry.metric, i + 1);
      }
    }
  });

  t.test('a slot stays the same until its destination goes; forgotten ones are filled again', () => {
    const table = make(4, 10);
    const ids = [idOf(16), idOf(32), idOf(48)];
    ids.forEach((id, i) => table.update(id, 0, i, 1, 1, 1, 0));
    const slots = ids.map((id) => table.find(id, 0));
    table.update(ids[0]!, 0, 0, 1, 0xffff, 1, 0);
    table.update(ids[2]!, 0, 2, 1, 1, 1, 9);
    table.update(ids[1]!, 0, 1, 1, 1, 1, 9);
    table.expire(10, () => undefined);
    equal(table.find(ids[0]!, 0), -1);
    equal(table.find(ids[1]!, 0), slots[1]!);
    equal(table.find(ids[2]!, 0), slots[2]!);
    for (let round = 20; round < 60; round += 1) {
      const id = idOf(1000 + round);
      equal(table.update(id, 0, 1, 1, 1, 1, round), RouteOutcome.Found);
      table.update(id, 0, 1, 1, 0xffff, 1, round);
      table.expire((round + 10) & 0xffff, () => undefined);
      for (const kept of [1, 2]) table.update(ids[kept]!, 0, kept, 1, 1, 1, round + 10);
    }
    equal(table.size(), 2);
  });

  t.test('ids, neighbours and options out of bounds are misuse', () => {
    const table = make();
    throws(() => table.find(new Uint8Array(8), 1), 'route-id');
    throws(() => table.update(A, 0, 255, 0, 0, 1, 0), 'route-neighbour');
    for (const capacity of [0, 3, 65_536]) throws(() => make(capacity), 'route-table-capacity');
    for (const hold of [0, 0x8000]) throws(() => make(8, hold), 'route-table-hold');
  });
});
