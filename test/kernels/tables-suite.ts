/** Tables that must behave as the oracle's: the same random calls to both, every answer and every slot compared. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouteOutcome } from '../../firmware/core/base/index.js';
import type { DuplicateFilter, Kernels, RouteEntry, RouteTable } from '../../firmware/core/ports/index.js';
import { octets, seeded } from './seeded.js';

const SEED = 8966;
/** C pays a copy of the table for each call, and the oracle against itself is no test. */
const STEPS = { typescript: 1_500, wasm: 20_000, c: 1_500 };

const entry = (): RouteEntry => ({
  id: new Uint8Array(8),
  seqno: 0,
  neighbour: 0,
  metric: 0,
  alternate: 0,
  alternateMetric: 0,
  feasibleSeqno: 0,
  feasibleMetric: 0,
});

function state(table: RouteTable): unknown[] {
  const into = entry();
  return Array.from({ length: table.capacity }, (_, slot) =>
    table.read(slot, into) ? { ...into, id: Buffer.from(into.id).toString('hex') } : 0,
  );
}

/** One random call to both; every answer must be the same. */
function step(
  random: (below: number) => number,
  ids: readonly Uint8Array[],
  tables: readonly [RouteTable, RouteTable],
  now: number,
  outcomes: Set<number>,
): void {
  const id = ids[random(ids.length)]!;
  const at = random(3);
  const padded = new Uint8Array(8 + at);
  padded.set(id, at);
  const both = <T>(what: string, call: (table: RouteTable) => T): T => {
    const [expected, actual] = [call(tables[0]), call(tables[1])];
    assert.deepEqual(actual, expected, what);
    return expected;
  };
  const changes = (walk: (table: RouteTable, changed: (slot: number, outcome: number) => void) => void) => (table: RouteTable) => {
    const seen: number[][] = [];
    walk(table, (slot, outcome) => {
      seen.push([slot, outcome]);
      if (slot % 3 === 0) table.announced(slot);
    });
    return seen;
  };
  const neighbour = random(6);
  const few = (): number => [random(8), random(300), 0xfffe, 0xffff][Math.min(3, random(8))]!;
  switch (random(10)) {
    case 0:
    case 1:
    case 2:
    case 3: {
      const [seqno, metric, cost] = [random(20) === 0 ? random(0x10000) : 0xfff8 + random(16), few(), few()];
      outcomes.add(both('update', (table) => table.update(padded, at, neighbour, seqno & 0xffff, metric, cost, now)));
      break;
    }
    case 4: {
      const except = random(2) === 0 ? -1 : neighbour;
      both('lookup', (table) => table.lookup(padded, at, except));
      break;
    }
    case 5:
      both('find', (table) => table.find(padded, at));
      break;
    case 6:
    case 7: {
      const slot = random(tables[0].capacity + 1);
      both('announced', (table) => table.announced(slot));
      break;
    }
    case 8: {
      const cost = random(3) === 0 ? 0xffff : random(300);
      both(
        'neighbourCost',
        changes((table, changed) => table.neighbourCost(neighbour, cost, changed)),
      );
      break;
    }
    default:
      both(
        'expire',
        changes((table, changed) => table.expire(now, changed)),
      );
  }
}

export function tablesSuite(kernels: Kernels, oracle: Kernels): void {
  const outcomes = new Set<number>();

  for (const capacity of [1, 2, 4, 16, 64])
    test(`route table of ${capacity}: as the oracle (seed ${SEED})`, () => {
      const random = seeded(SEED + capacity);
      const ids = Array.from({ length: Math.ceil(capacity * 1.5) + 1 }, () => octets(random, 8));
      const tables = [oracle.routeTable({ capacity, hold: 40 }), kernels.routeTable({ capacity, hold: 40 })] as const;
      let now = 0xffc0;
      for (let i = 0; i < STEPS[kernels.name]; i += 1) {
        now = (now + (random(4) === 0 ? random(12) : 0)) & 0xffff;
        step(random, ids, tables, now, outcomes);
        if (i % 50 === 0) assert.deepEqual(state(tables[1]), state(tables[0]), `step ${i}`);
        assert.equal(tables[1].size(), tables[0].size(), `step ${i}`);
      }
      assert.deepEqual(state(tables[1]), state(tables[0]));
    });

  test('the random calls had every outcome', () => {
    assert.deepEqual([...outcomes].sort(), Object.values(RouteOutcome));
  });

  test('500 destinations with two next hops each are found again', () => {
    const random = seeded(SEED);
    const table = kernels.routeTable({ capacity: 512, hold: 100 });
    const ids = Array.from({ length: 500 }, () => octets(random, 8));
    for (const [i, id] of ids.entries()) {
      assert.equal(table.update(id, 0, i % 200, 1, 100, 10, 0), 2);
      assert.equal(table.update(id, 0, 200 + (i % 50), 1, 200, 10, 0), 0);
    }
    assert.equal(table.size(), 500);
    for (const [i, id] of ids.entries()) {
      assert.equal(table.lookup(id, 0, -1), i % 200);
      assert.equal(table.lookup(id, 0, i % 200), 200 + (i % 50));
    }
    assert.equal(table.lookup(octets(random, 8), 0, -1), -1);
  });

  test('tables do not share memory', () => {
    const options = { capacity: 4, hold: 100 };
    const [first, second] = [kernels.routeTable(options), kernels.routeTable(options)];
    const filter = kernels.duplicateFilter({ capacity: 4, window: 10 });
    const id = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    first.update(id, 0, 5, 1, 1, 1, 0);
    assert.equal(filter.seen(0x01020304, 5, 0), false);
    assert.equal(second.size(), 0);
    assert.equal(second.find(id, 0), -1);
    assert.equal(first.lookup(id, 0, -1), 5);
  });

  test('options and arguments out of range are our own misuse', () => {
    for (const capacity of [0, 3, 65_536]) {
      assert.throws(() => kernels.routeTable({ capacity, hold: 1 }), { code: 'route-table-capacity' });
      assert.throws(() => kernels.duplicateFilter({ capacity, window: 1 }), { code: 'duplicate-filter-capacity' });
    }
    assert.throws(() => kernels.duplicateFilter({ capacity: 2, window: 1 }), { code: 'duplicate-filter-capacity' });
    for (const seconds of [0, 32_768]) {
      assert.throws(() => kernels.routeTable({ capacity: 2, hold: seconds }), { code: 'route-table-hold' });
      assert.throws(() => kernels.duplicateFilter({ capacity: 4, window: seconds }), { code: 'duplicate-filter-window' });
    }
    const table = kernels.routeTable({ capacity: 2, hold: 1 });
    const id = new Uint8Array(8);
    for (const neighbour of [-1, 255]) assert.throws(() => table.update(id, 0, neighbour, 0, 0, 0, 0), { code: 'route-neighbour' });
    for (const at of [-1, 1]) {
      assert.throws(() => table.find(id, at), { code: 'route-id' });
      assert.throws(() => table.lookup(id, at, -1), { code: 'route-id' });
      assert.throws(() => table.update(id, at, 0, 0, 0, 0, 0), { code: 'route-id' });
    }
    assert.equal(table.read(-1, entry()), false);
    assert.equal(table.read(2, entry()), false);
  });

  for (const [capacity, window] of [
    [4, 1],
    [16, 20],
    [256, 200],
  ] as const)
    test(`duplicate filter of ${capacity}: as the oracle (seed ${SEED})`, () => {
      const random = seeded(SEED + capacity);
      const filters: readonly DuplicateFilter[] = [oracle, kernels].map((each) => each.duplicateFilter({ capacity, window }));
      let second = 0xfff0;
      let duplicates = 0;
      for (let i = 0; i < STEPS[kernels.name]; i += 1) {
        second = (second + (random(5) === 0 ? random(window) : 0)) & 0xffff;
        const [flow, counter] = [(random(8) * 0x2468_1357) >>> 0, random(capacity)];
        const [expected, actual] = filters.map((filter) => filter.seen(flow, counter, second));
        assert.equal(actual, expected, `step ${i}`);
        duplicates += Number(actual);
      }
      assert.ok(duplicates > 0, 'some packets came twice');
    });
}
