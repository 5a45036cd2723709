/** The page's pure functions: links, routes, layout, figures, words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileInfo, Island, IslandNode, Message } from '../../hosts/box/api/types.js';
import { growth } from '../../hosts/web/console/model/activity.js';
import { fileChange, islandChanges, messageChange, radioChange } from '../../hosts/web/console/model/changes.js';
import { fit, nextInDirection } from '../../hosts/web/console/model/fit.js';
import * as format from '../../hosts/web/console/model/format.js';
import { placeLabels } from '../../hosts/web/console/model/labels.js';
import { layout, noLayout, type Layout } from '../../hosts/web/console/model/layout.js';
import { neighboursOf, pairLinks } from '../../hosts/web/console/model/links.js';
import { linkQuality } from '../../hosts/web/console/model/quality.js';
import { addressOf, recipients } from '../../hosts/web/console/model/recipients.js';
import { pathKeys, routePaths } from '../../hosts/web/console/model/routes.js';
import { sortNodes } from '../../hosts/web/console/model/sort.js';
import { crossings, overpasses, type Places } from '../../hosts/web/console/model/tangle.js';
import { lcg, makeIsland, withNode } from './fixture-island.js';

const node = (id: string, more: Partial<IslandNode> = {}): IslandNode => ({ id, role: 'board', state: 'up', ...more });
const counters = (forwarded: number, delivered: number) => ({ forwarded, delivered, sentOctets: 0, dropped: 0, retries: 0 });

const diamond: Island = {
  box: 'b0',
  nodes: [
    node('b0', { role: 'box' }),
    node('a1', { route: { nextHop: 'a1', metric: 10 } }),
    node('a2', { route: { nextHop: 'a1', metric: 40 } }),
    node('a3', { route: { nextHop: 'a1', metric: 30 } }),
    node('a4', { route: { nextHop: 'a1', metric: 50 } }),
    node('a5', { state: 'unreachable' }),
  ],
  links: [
    { from: 'b0', to: 'a1', metric: 10, rssi: 0 },
    { from: 'a1', to: 'b0', metric: 10, rssi: 0 },
    { from: 'a1', to: 'a2', metric: 30, rssi: -60 },
    { from: 'a2', to: 'a1', metric: 90, rssi: -61 },
    { from: 'a1', to: 'a3', metric: 20, rssi: -55 },
    { from: 'a2', to: 'a4', metric: 30, rssi: -70 },
    { from: 'a3', to: 'a4', metric: 20, rssi: -71 },
    { from: 'a3', to: 'a5', metric: 1, rssi: -72 },
    { from: 'a5', to: 'a4', metric: 1, rssi: -72 },
  ],
};

test('both directions of a link come together, the line to the box is serial', () => {
  const pairs = pairLinks(diamond);
  assert.deepEqual(
    pairs.map(({ key }) => key),
    ['a1-a2', 'a1-a3', 'a1-b0', 'a2-a4', 'a3-a4', 'a3-a5', 'a4-a5'],
  );
  assert.deepEqual(pairs[0], {
    key: 'a1-a2',
    a: 'a1',
    b: 'a2',
    ab: { metric: 30, rssi: -60 },
    ba: { metric: 90, rssi: -61 },
    kind: 'air',
  });
  assert.equal(pairs[2]!.kind, 'serial');
  assert.equal(pairs[1]!.ba, undefined);
});

test('neighbours are told from either end, cheapest first, unreported last', () => {
  const near = neighboursOf('a2', pairLinks(diamond));
  assert.deepEqual(
    near.map(({ id, there, back }) => [id, there?.metric, back?.metric]),
    [
      ['a4', 30, undefined],
      ['a1', 90, 30],
    ],
  );
  assert.deepEqual(
    neighboursOf('a4', pairLinks(diamond)).map(({ there }) => there?.metric),
    [undefined, undefined, undefined],
  );
});

test('paths start at the box, follow the cheapest links and avoid unreachable nodes', () => {
  const paths = routePaths(diamond);
  assert.deepEqual(paths.get('a4'), ['b0', 'a1', 'a3', 'a4']);
  assert.deepEqual(paths.get('a1'), ['b0', 'a1']);
  assert.equal(paths.has('a5'), false);
  assert.deepEqual(pathKeys(paths.get('a4')!), ['a1-b0', 'a1-a3', 'a3-a4']);
});

test('the first hop of a path is the one in the table, even where another would look cheaper', () => {
  const paths = routePaths(withNode(diamond, 'a4', { route: { nextHop: 'a2', metric: 50 } }));
  assert.deepEqual(paths.get('a4'), ['b0', 'a2', 'a4']);
});

test('quality has three steps, by what a link of its kind can do', () => {
  const qualities = (kind: 'air' | 'ble') => [21, 42, 43, 84, 85, 172, 65_534].map((metric) => linkQuality(metric, kind));
  assert.deepEqual(qualities('air'), ['good', 'good', 'fair', 'fair', 'weak', 'weak', 'weak']);
  assert.deepEqual(qualities('ble'), ['good', 'good', 'good', 'good', 'good', 'good', 'weak']);
});

const layOut = (island: Island, previous: Layout = noLayout): Layout =>
  layout(
    island.nodes.map(({ id }) => id),
    pairLinks(island),
    island.box,
    previous,
  );
const firstNodes = (island: Island, count: number): Island => {
  const nodes = island.nodes.slice(0, count);
  const links = island.links.filter(({ from, to }) => [from, to].every((end) => nodes.some(({ id }) => id === end)));
  return { ...island, nodes, links };
};

test('the layout is the same for the same island in any order', () => {
  const island = makeIsland({ count: 20, seed: 4 });
  const shuffled = { ...island, nodes: [...island.nodes].reverse(), links: [...island.links].reverse() };
  const sorted = (drawn: Layout): unknown[] => [...drawn.places].sort(([one], [other]) => (one < other ? -1 : 1));
  assert.deepEqual(sorted(layOut(shuffled)), sorted(layOut(island)));
});

for (const count of [9, 30]) {
  test(`${count} nodes stand apart, far less tangled than at random, with the box on the left`, () => {
    const island = makeIsland({ count, seed: 4 });
    const pairs = pairLinks(island);
    const { places } = layOut(island);
    const points = [...places.values()];
    assert.equal(points.length, count);
    for (const [index, one] of points.entries()) {
      for (const other of points.slice(index + 1)) assert.ok(Math.hypot(one.x - other.x, one.y - other.y) > 60, `${count} nodes, seed 4`);
    }
    const random = lcg(1);
    const scattered = new Map([...places.keys()].map((id) => [id, { x: random(), y: random() }]));
    assert.ok(crossings(places, pairs) < crossings(scattered, pairs) / 4, 'far fewer crossings than at random');
    const box = places.get(island.box)!;
    assert.ok(box.x <= points.map(({ x }) => x).sort((a, b) => a - b)[Math.floor(count / 4)]!, 'in the left quarter');
  });
}

test('known nodes keep their places: links change, nodes come and return', () => {
  const island = makeIsland({ count: 12, seed: 2 });
  const last = island.nodes[11]!.id;
  const without = firstNodes(island, 11);
  const before = layOut(without);
  assert.equal(layOut({ ...without, links: without.links.slice(4) }, before), before, 'other links: nothing moves');
  const grown = layOut(island, before);
  for (const [id, place] of before.places) assert.deepEqual(grown.places.get(id), place);
  const fresh = grown.places.get(last)!;
  for (const place of before.places.values()) assert.ok(Math.hypot(fresh.x - place.x, fresh.y - place.y) > 40, 'apart from the others');
  assert.equal(layOut(without, grown), grown, 'a node that leaves keeps its place for its return');
});

test('an island that has grown much is laid out anew: by its nodes, or by its links', () => {
  const island = makeIsland({ count: 12, seed: 2 });
  assert.deepEqual(layOut(island, layOut(firstNodes(island, 2))), layOut(island));
  const learning: Island = { ...island, links: island.links.slice(0, island.links.length / 3) };
  assert.notDeepEqual(layOut(learning), layOut(island));
  assert.deepEqual(layOut(island, layOut(learning)), layOut(island));
});

test('crossings are counted once, shared ends do not cross', () => {
  const square: Places = new Map([
    ['p', { x: 0, y: 0 }],
    ['q', { x: 1, y: 1 }],
    ['r', { x: 0, y: 1 }],
    ['s', { x: 1, y: 0 }],
  ]);
  const edge = (a: string, b: string) => ({ key: a + b, a, b });
  assert.equal(crossings(square, [edge('p', 'q'), edge('r', 's')]), 1);
  assert.equal(crossings(square, [edge('p', 'q'), edge('p', 'r'), edge('q', 's')]), 0);
});

test('a line over a node is counted, one that ends there is not', () => {
  const row: Places = new Map(['p', 'q', 'r'].map((id, index) => [id, { x: 90 * index, y: 4 * index }]));
  assert.equal(overpasses(row, [{ key: 'pr', a: 'p', b: 'r' }]), 1);
  assert.equal(overpasses(row, [{ key: 'pq', a: 'p', b: 'q' }]), 0);
});

test('the drawing fills its frame, wide or tall, and never leaves it', () => {
  const island = makeIsland({ count: 30, seed: 6 });
  const { places } = layOut(island);
  const ids = island.nodes.map(({ id }) => id);
  for (const size of [
    { width: 900, height: 600 },
    { width: 280, height: 380 },
    { width: 50, height: 50 },
  ]) {
    const drawn = [...fit(places, ids, size, { width: 20, height: 20 }).values()];
    for (const { x, y } of drawn)
      assert.ok(
        x >= 20 - 1e-6 && x <= size.width - 20 + 1e-6 && y >= 20 - 1e-6 && y <= size.height - 20 + 1e-6,
        `${x}, ${y} in ${size.width} x ${size.height}`,
      );
    const [left, right] = [Math.min(...drawn.map(({ x }) => x)), Math.max(...drawn.map(({ x }) => x))];
    assert.ok(right - left > (size.width - 40) * 0.55, `${right - left} of ${size.width}`);
  }
  assert.deepEqual(
    fit(places, [island.box], { width: 100, height: 80 }, { width: 20, height: 20 }),
    new Map([[island.box, { x: 50, y: 40 }]]),
  );
});

test('arrow keys lead to the nearest node that way', () => {
  const places: Places = new Map([
    ['here', { x: 0, y: 0 }],
    ['near', { x: 10, y: 2 }],
    ['far', { x: 30, y: 0 }],
    ['above', { x: 1, y: -9 }],
    ['behind', { x: -50, y: 0 }],
  ]);
  assert.equal(nextInDirection('here', { x: 1, y: 0 }, places), 'near');
  assert.equal(nextInDirection('here', { x: 0, y: -1 }, places), 'above');
  assert.equal(nextInDirection('here', { x: -1, y: 0 }, places), 'behind');
  assert.equal(nextInDirection('here', { x: 0, y: 1 }, places), undefined);
});

test('labels avoid nodes and each other, and are left out where there is no room', () => {
  const line = (key: string, y: number) => ({ key, from: { x: 0, y: 0 }, to: { x: 100, y } });
  const size = { width: 15, height: 10 };
  assert.deepEqual(placeLabels([line('one', 0)], size, []).get('one'), { x: 60, y: 0, ...size });
  const second = placeLabels([line('one', 0), line('two', 4)], size, []).get('two')!;
  assert.ok(Math.abs(second.x - 60) >= 15, 'moved along its line');
  assert.equal(placeLabels([line('one', 0)], size, [{ x: 50, y: 0, width: 60, height: 20 }]).size, 0);
});

test('ids are cut to what tells them apart', () => {
  assert.deepEqual(
    [...format.shortIds(['abcd1111', 'abcd2222', '01234567'])],
    [
      ['01234567', '0123'],
      ['abcd1111', 'abcd1'],
      ['abcd2222', 'abcd2'],
    ],
  );
});

test('figures read well', () => {
  assert.deepEqual([0, 999, 1000, 12_345, 99_949, 128_431, 999_499, 999_500, 3_400_000_000].map(format.octets), [
    '0 B',
    '999 B',
    '1.0 kB',
    '12.3 kB',
    '99.9 kB',
    '128 kB',
    '999 kB',
    '1.0 MB',
    '3.4 GB',
  ]);
  assert.deepEqual([0, 45, 60, 725, 3600, 12_000, 187_200].map(format.duration), [
    '0 s',
    '45 s',
    '1 min',
    '12 min 5 s',
    '1 h',
    '3 h 20 min',
    '2 d 4 h',
  ]);
  assert.deepEqual([12, 99, 100, 1234].map(format.airtime), ['1.2 ms', '9.9 ms', '10 ms', '123 ms']);
  assert.equal(format.decibels(-61), '−61 dBm');
  assert.equal(format.count(1_234_567), '1\u2009234\u2009567');
  assert.deepEqual([format.plural(1, 'hop'), format.plural(3, 'hop')], ['1 hop', '3 hops']);
  assert.deepEqual([format.share(0, 0), format.share(1, 3), format.share(999, 1000), format.share(5, 4)], [0, 33, 99, 100]);
  assert.match(format.clock(Date.UTC(2026, 10, 22, 9, 5, 7)), /^\d\d:\d5:07$/);
  assert.deepEqual([format.sentence('it broke'), format.sentence('Done.')], ['It broke.', 'Done.']);
});

test('traffic is what was passed on or taken in since, and survives a restart', () => {
  const at = (forwarded: number, delivered: number): Island => ({
    box: 'b',
    links: [],
    nodes: [node('b', { counters: counters(forwarded, delivered) }), node('c')],
  });
  assert.equal(growth(undefined, at(5, 5)).size, 0);
  assert.equal(growth(at(5, 5), at(5, 5)).size, 0);
  assert.deepEqual([...growth(at(5, 5), at(7, 6))], [['b', 3]]);
  assert.deepEqual([...growth(at(500, 5), at(2, 1))], [['b', 3]]);
});

const name = (address: string): string => address.toUpperCase();

test('changes of the island become sentences', () => {
  assert.deepEqual(islandChanges(undefined, diamond, name), []);
  assert.deepEqual(islandChanges(diamond, diamond, name), []);
  assert.deepEqual(islandChanges(diamond, withNode(diamond, 'a1', { state: 'silent' }), name), ['Board A1 went silent']);
  assert.deepEqual(islandChanges(diamond, withNode(diamond, 'a1', { state: 'unreachable' }), name), ['Board A1 became unreachable']);
  assert.deepEqual(islandChanges(diamond, withNode(diamond, 'a5', { state: 'up' }), name), ['Board A5 is up again']);
  assert.deepEqual(islandChanges(withNode(diamond, 'a1', { seconds: 90 }), withNode(diamond, 'a1', { seconds: 3 }), name), [
    'Board A1 restarted',
  ]);
  const fewer = { ...diamond, nodes: diamond.nodes.slice(0, 5) };
  assert.deepEqual(islandChanges(fewer, diamond, name), ['Board A5 joined the island']);
  assert.deepEqual(islandChanges(diamond, fewer, name), ['Board A5 left the island']);
});

test('changes of messages, files and the radio become sentences', () => {
  const message: Message = { key: 1, direction: 'out', peer: 'a1', text: 'x', at: 0, state: 'queued' };
  assert.equal(messageChange(message, message, name), undefined);
  assert.equal(messageChange(message, { ...message, state: 'unknown' }, name), 'Message to A1: unknown');
  assert.equal(messageChange(undefined, { ...message, direction: 'in', state: 'received' }, name), 'Message from A1');
  const file: FileInfo = {
    sha256: '00',
    name: 'a.jpg',
    mediaType: 'image/jpeg',
    octets: 9,
    direction: 'in',
    peer: 'a1',
    received: 3,
    state: 'moving',
    at: 0,
  };
  assert.equal(fileChange(file, { ...file, received: 5 }, name), undefined);
  assert.equal(fileChange(file, { ...file, state: 'complete' }, name), 'a.jpg from A1: complete');
  assert.equal(fileChange(undefined, { ...file, direction: 'out' }, name), 'a.jpg to A1: sending');
  const searching = { state: 'searching', device: '/dev/tty' } as const;
  const refused = { state: 'refused', device: '/dev/tty', problem: 'p', remedy: 'r' } as const;
  assert.equal(radioChange(undefined, searching), undefined);
  assert.equal(radioChange(refused, searching), 'Lost the board on /dev/tty; searching');
  assert.equal(radioChange(searching, refused), 'Refused the board on /dev/tty');
});

test('the table sorts both ways and keeps what is not reported last', () => {
  const nodes = [
    node('c'),
    node('a', { counters: counters(1, 0) }),
    node('b', { counters: counters(9, 0) }),
    node('d', { counters: counters(9, 0) }),
  ];
  const ids = (descending: boolean): string[] => sortNodes(nodes, { key: 'forwarded', descending }).map(({ id }) => id);
  assert.deepEqual(ids(true), ['b', 'd', 'a', 'c']);
  assert.deepEqual(ids(false), ['a', 'b', 'd', 'c']);
  assert.deepEqual(sortNodes(diamond.nodes, { key: 'state', descending: true }).map(({ state }) => state)[0], 'unreachable');
});

test('one can write to boards, to leaves behind them and to whoever wrote', () => {
  const leafy: Island = {
    ...diamond,
    nodes: [...diamond.nodes, node('f1', { role: 'leaf' }), node('f2', { role: 'leaf' })],
    links: [...diamond.links, { from: 'a2', to: 'f1', metric: 5, rssi: -40 }],
  };
  assert.deepEqual(
    recipients(leafy, [{ peer: 'a5/f9' }, { peer: 'a2/f1' }, { peer: 'a1' }]).map(({ address, reachable }) => [address, reachable]),
    [
      ['a2/f1', true],
      ['a5/f9', false],
      ['a1', true],
      ['a2', true],
      ['a3', true],
      ['a4', true],
      ['a5', false],
    ],
  );
  assert.deepEqual(routePaths(leafy).get('f1'), ['b0', 'a1', 'a2', 'f1'], 'the way to a leaf leads over its board');
  assert.equal(routePaths(leafy).has('f2'), false);
  assert.deepEqual(
    ['b0', 'a1', 'f1', 'f2', 'zz'].map((id) => addressOf(id, leafy)),
    [undefined, 'a1', 'a2/f1', undefined, undefined],
  );
  assert.deepEqual(recipients(undefined, []), []);
});
