import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Problem } from '../../hosts/node/index.js';
import { cutVertices, diameter, largestComponent, meanDegree } from '../../hosts/sim/graph.js';
import { linksBetween } from '../../hosts/sim/island.js';
import { makeTopology } from '../../hosts/sim/make-topology.js';
import { leastReception, reception, usableGraph } from '../../hosts/sim/topology.js';

const shared = process.env.MESHBOX_VECTORS ?? fileURLToPath(new URL('../../../shared', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'meshbox-topology-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** The problem that a name leads to, as "code: message". */
function problemOf(name: string, options = {}): string {
  try {
    makeTopology(name, options);
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    assert.ok(error.remedy.length > 10);
    return `${error.code}: ${error.message}`;
  }
  assert.fail(`${name} was accepted`);
}

suite('topologies by name', () => {
  test('grids, lines and trees have the links they should', () => {
    const shape = (name: string): (number | undefined)[] => {
      const topology = makeTopology(name);
      return [topology.nodes, topology.links.length, diameter(usableGraph(topology))];
    };
    assert.deepEqual(shape('grid4:7x7'), [49, 168, 12]);
    assert.deepEqual(shape('grid8:3x2'), [6, 22, 2]);
    assert.deepEqual(shape('line:5'), [5, 8, 4]);
    assert.deepEqual(makeTopology('rtree:50').links.length, 98);
    assert.equal(largestComponent(usableGraph(makeTopology('rtree:50'))).length, 50);
  });

  test('an island is connected, four hops or more across, of mean degree 3 to 4 or so, and the same for the same seed', () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      for (const nodes of [9, 20, 60]) {
        const topology = makeTopology(`island:${nodes}`, { seed });
        const graph = usableGraph(topology, '1M', 0.75);
        assert.equal(largestComponent(graph).length, nodes);
        assert.ok(diameter(graph) >= 4, `seed ${seed}, ${nodes}`);
        assert.ok(meanDegree(graph) >= 2.6 && meanDegree(graph) <= 4.6, `seed ${seed}, ${nodes}: ${meanDegree(graph)}`);
        assert.ok(cutVertices(graph).length < nodes - 2, `seed ${seed}, ${nodes}: boards that may be killed`);
        assert.deepEqual(makeTopology(`island:${nodes}`, { seed }), topology);
      }
    }
    assert.notDeepEqual(makeTopology('island:9', { seed: 1 }).positions, makeTopology('island:9', { seed: 2 }).positions);
    for (const nodes of [2, 3, 5, 8]) assert.equal(makeTopology(`island:${nodes}`).nodes, nodes);
  });

  test('a board that moves gets the links of its new place', () => {
    const positions = [
      { x: 0, y: 0 },
      { x: 200, y: 0 },
      { x: 5000, y: 0 },
    ];
    assert.deepEqual(linksBetween(positions, 2), []);
    const moved = linksBetween([positions[0]!, positions[1]!, { x: 400, y: 0 }], 2);
    assert.deepEqual(
      moved.map(({ from, to }) => [from, to]),
      [
        [0, 2],
        [1, 2],
        [2, 0],
        [2, 1],
      ],
    );
    assert.ok(reception(moved[1]!, '1M', 100) > 0.9);
  });

  test('loss weakens every link alike; interference adds links that are never read', () => {
    const plain = makeTopology('line:4');
    const lossy = makeTopology('line:4', { loss: 0.2 });
    assert.deepEqual(new Set(lossy.links.map(({ prr }) => prr)), new Set([0.8]));
    const wide = makeTopology('line:4', { interference: 2 });
    const added = wide.links.slice(plain.links.length);
    assert.deepEqual(
      added.map(({ from, to, prr }) => [from, to, prr]),
      [
        [0, 2, 0],
        [1, 3, 0],
        [2, 0, 0],
        [3, 1, 0],
      ],
    );
    assert.ok(added.every(({ snr }) => snr < plain.links[0]!.snr));
  });

  test('bad names and numbers are named, with the remedy', () => {
    for (const name of ['', 'grid', 'grid4', 'grid4:7', 'grid4:7x', 'grid4:-1x3', 'line:3.5', 'torus:4x4', 'island:x', 'grid4:7x7x7']) {
      assert.equal(problemOf(name), `topology-name: There is no topology "${name}".`);
    }
    assert.match(problemOf('line:1'), /^topology-size: line:1 has 1 stations/);
    assert.match(problemOf('grid8:100x100'), /^topology-size: grid8:100x100 has 10000 stations/);
    for (const loss of [-0.1, 1, NaN]) assert.match(problemOf('line:3', { loss }), /^topology-loss: /);
  });
});

suite('topologies from files', () => {
  let files = 0;
  const json = (value: unknown): string => file(`${(files += 1)}.json`, JSON.stringify(value));

  test('JSON: wifi links only, the largest component, qualities as reception ratios each way, weak links dropped', () => {
    const topology = makeTopology(
      json({
        nodes: 8,
        links: [
          [7, 2, 0.9, 0.5, 'wifi'],
          [2, 4, 1, 1, 'wifi'],
          [4, 5, 1, 1, 'vpn'],
          [5, 6, 1, 1, 'wifi'],
          [4, 0, 0.9, 0.04, 'wifi'],
        ],
      }),
    );
    assert.equal(topology.nodes, 3);
    assert.deepEqual(
      topology.links.map(({ from, to, prr }) => [from, to, prr]),
      [
        [2, 0, 0.9],
        [0, 2, 0.5],
        [0, 1, 1],
        [1, 0, 1],
      ],
    );
  });

  test('CSV: one direction per line, with or without a header, names of any kind', () => {
    const text = 'from,to,mean SNR,deviation\nharbour,hill,9,2\nhill,harbour,8,2\r\n\nhill,mill,10,0\nmill,hill,10,0\nlost,found,-40,1\n';
    for (const path of [file('a.csv', text), file('b.csv', text.slice(text.indexOf('\n') + 1))]) {
      const topology = makeTopology(path);
      assert.equal(topology.nodes, 3);
      assert.deepEqual(topology.links[0], { from: 0, to: 1, prr: 1, snr: 9, deviation: 2 });
      assert.equal(topology.links.length, 4);
    }
  });

  test('bad files are named, with what is wrong and where', () => {
    const good = [0, 1, 1, 1, 'wifi'];
    const wrong: readonly (readonly [string, RegExp])[] = [
      [join(folder, 'absent.json'), /^topology-unreadable: .*ENOENT/],
      [file('broken.json', '{"nodes": 3,'), /not JSON/],
      [json([]), /"nodes" is not a number/],
      [json(null), /"nodes" is not a number/],
      [json({ nodes: 1, links: [] }), /"nodes" is not a number from 2 to 100000/],
      [json({ nodes: 1e12, links: [] }), /"nodes" is not a number/],
      [json({ nodes: 3 }), /"links" is not a list/],
      [json({ nodes: 3, links: [good, [0, 3, 1, 1, 'wifi']] }), /link 1 does not join two of the 3 stations/],
      [json({ nodes: 3, links: [good, 'x'] }), /link 1 does not join/],
      [json({ nodes: 3, links: [[1, 1, 1, 1, 'wifi']] }), /link 0 does not join/],
      [json({ nodes: 3, links: [[0, 1, 1.2, 1, 'wifi']] }), /quality of link 0/],
      [json({ nodes: 3, links: [[0, 1, 1, '1', 'wifi']] }), /quality of link 0/],
      [json({ nodes: 3, links: [[0, 1, 1, 1]] }), /link 0 has no type/],
      [json({ nodes: 3, links: [[0, 1, 1, 1, 'vpn']] }), /no two stations/],
      [json({ nodes: 5000, links: Array.from({ length: 4999 }, (_, at) => [at, at + 1, 1, 1, 'wifi']) }), /^topology-size: /],
      [file('c.csv', ''), /no two stations/],
      [file('d.csv', 'a,b,9,1\na,b,9\n'), /line 2 is not/],
      [file('e.csv', 'a,b,9,1\nb,a,nine,1\n'), /line 2 has a ratio that is not a number/],
      [file('f.csv', 'a,b,9,1\nb,a,9,-1\n'), /line 2 has a ratio/],
      [file('g.csv', 'a,b,9,1\nb,a,,1\n'), /line 2 has a ratio/],
      [file('h.csv', 'a,a,9,1\n'), /line 1 is not/],
    ];
    for (const [path, expected] of wrong) assert.match(problemOf(path), expected);
  });

  const freifunk = ['bielefeld', 'berlin', 'cologne-bonn-area', 'altdorf'].map((name) =>
    join(shared, 'topologies', `freifunk-${name}.json`),
  );
  const absent = freifunk.filter((path) => !existsSync(path));
  test(
    'Freifunk: the components that the published evaluations use',
    { skip: absent.length > 0 && `left out: ${absent.join(', ')}` },
    () => {
      const sizes = freifunk.map((path) => {
        const topology = makeTopology(path);
        assert.equal(largestComponent(usableGraph(topology)).length, topology.nodes);
        assert.ok(topology.links.every((link) => link.prr >= leastReception));
        return topology.nodes;
      });
      assert.deepEqual(sizes, [205, 37, 259, 549]);
    },
  );
});
