import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { cheapest, cutVertices, diameter, distances, largestComponent, meanDegree, type Graph } from '../../hosts/sim/graph.js';
import { mutualGraph } from '../../hosts/sim/topology.js';

function graphOf(nodes: number, edges: readonly (readonly [number, number])[]): Graph {
  return mutualGraph(
    nodes,
    edges.flatMap(([from, to]) => [
      { from, to },
      { from: to, to: from },
    ]),
  );
}

/** By definition: the rest of its component falls apart without it. */
function isCutVertex(graph: Graph, vertex: number): boolean {
  const without = graph.map((neighbours, node) => (node === vertex ? [] : neighbours.filter((other) => other !== vertex)));
  const reached = distances(without, graph[vertex]![0] ?? vertex);
  return graph[vertex]!.some((neighbour) => reached[neighbour] === -1);
}

const graphs = fc.integer({ min: 1, max: 14 }).chain((nodes) =>
  fc.array(fc.tuple(fc.nat(nodes - 1), fc.nat(nodes - 1)), { maxLength: 24 }).map((edges) =>
    graphOf(
      nodes,
      edges.filter(([a, b]) => a !== b),
    ),
  ),
);

suite('graphs', () => {
  test('cut vertices are those without which the rest falls apart (property, against the definition)', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        assert.deepEqual(
          cutVertices(graph),
          [...graph.keys()].filter((vertex) => isCutVertex(graph, vertex)),
        );
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test('cut vertices of known shapes: a line, a ring, two triangles that share a corner', () => {
    const line = graphOf(
      4,
      [0, 1, 2].map((at) => [at, at + 1] as const),
    );
    const ring = graphOf(
      5,
      [0, 1, 2, 3, 4].map((at) => [at, (at + 1) % 5] as const),
    );
    const bow = graphOf(5, [
      [0, 1],
      [1, 2],
      [2, 0],
      [2, 3],
      [3, 4],
      [4, 2],
    ]);
    assert.deepEqual([cutVertices(line), cutVertices(ring), cutVertices(bow)], [[1, 2], [], [2]]);
  });

  test('a long line does not exhaust the stack', () => {
    const length = 20_000;
    const edges = Array.from({ length: length - 1 }, (_, at) => [at, at + 1] as const);
    assert.equal(cutVertices(graphOf(length, edges)).length, length - 2);
  });

  test('distances, diameter, components, degree', () => {
    const graph = graphOf(6, [
      [0, 1],
      [1, 2],
      [4, 5],
    ]);
    assert.deepEqual([...distances(graph, 0)], [0, 1, 2, -1, -1, -1]);
    assert.deepEqual(largestComponent(graph), [0, 1, 2]);
    assert.equal(diameter(graph), -1);
    assert.equal(diameter(graph.slice(0, 3)), 2);
    assert.equal(meanDegree(graph), 1);
  });

  test('the cheapest way is not always the shortest', () => {
    const costs: Readonly<Record<number, readonly (readonly [number, number])[]>> = {
      0: [
        [1, 1],
        [2, 5],
      ],
      1: [[2, 2]],
    };
    assert.deepEqual([...cheapest(4, 0, (at) => costs[at] ?? [])], [0, 1, 3, Infinity]);
  });
});
