/** Graphs over stations numbered from 0: what the tests and the ground truth need to know of a topology. Lists of neighbours, both ways. */
export type Graph = readonly (readonly number[])[];

/** Hops from `source`; -1 where there is no path. */
export function distances(graph: Graph, source: number): Int32Array {
  const hops = new Int32Array(graph.length).fill(-1);
  const queue = [source];
  hops[source] = 0;
  for (const at of queue) {
    for (const next of graph[at]!) {
      if (hops[next] !== -1) continue;
      hops[next] = hops[at]! + 1;
      queue.push(next);
    }
  }
  return hops;
}

/** The largest connected component, ascending; the one with the lowest member among equals. */
export function largestComponent(graph: Graph): number[] {
  const seen = new Set<number>();
  let largest: number[] = [];
  for (const start of graph.keys()) {
    if (seen.has(start)) continue;
    const members = [...distances(graph, start).entries()].filter(([, hops]) => hops >= 0).map(([node]) => node);
    for (const member of members) seen.add(member);
    if (members.length > largest.length) largest = members;
  }
  return largest;
}

/** Longest shortest path; -1 for a graph that is not connected. */
export function diameter(graph: Graph): number {
  let longest = 0;
  for (const source of graph.keys()) {
    for (const hops of distances(graph, source)) {
      if (hops === -1) return -1;
      longest = Math.max(longest, hops);
    }
  }
  return longest;
}

export function meanDegree(graph: Graph): number {
  return graph.reduce((sum, neighbours) => sum + neighbours.length, 0) / graph.length;
}

/** Stations without which the rest falls apart: articulation points (Hopcroft and Tarjan, 1973), ascending. Iterative: lines may be long. */
export function cutVertices(graph: Graph): number[] {
  const order = new Int32Array(graph.length).fill(-1);
  const low = new Int32Array(graph.length);
  const cut = new Set<number>();
  let clock = 0;
  for (const root of graph.keys()) {
    if (order[root] !== -1) continue;
    const path = [{ at: root, parent: -1, next: 0 }];
    let branches = 0;
    order[root] = low[root] = clock++;
    while (path.length > 0) {
      const step = path[path.length - 1]!;
      const neighbour = graph[step.at]![step.next++];
      if (neighbour === undefined) {
        path.pop();
        if (step.parent === -1) continue;
        low[step.parent] = Math.min(low[step.parent]!, low[step.at]!);
        if (step.parent === root) branches += 1;
        else if (low[step.at]! >= order[step.parent]!) cut.add(step.parent);
      } else if (order[neighbour] === -1) {
        order[neighbour] = low[neighbour] = clock++;
        path.push({ at: neighbour, parent: step.at, next: 0 });
      } else if (neighbour !== step.parent) {
        low[step.at] = Math.min(low[step.at]!, order[neighbour]!);
      }
    }
    if (branches > 1) cut.add(root);
  }
  return [...cut].sort((a, b) => a - b);
}

/** Cheapest way from `source` to everyone (Dijkstra, 1959); Infinity where there is none. `edges` answers [neighbour, cost] pairs. */
export function cheapest(nodes: number, source: number, edges: (at: number) => Iterable<readonly [number, number]>): Float64Array {
  const cost = new Float64Array(nodes).fill(Infinity);
  const open = new Set([source]);
  cost[source] = 0;
  while (open.size > 0) {
    let at = -1;
    for (const each of open) if (at === -1 || cost[each]! < cost[at]!) at = each;
    open.delete(at);
    for (const [next, step] of edges(at)) {
      if (cost[at]! + step >= cost[next]!) continue;
      cost[next] = cost[at]! + step;
      open.add(next);
    }
  }
  return cost;
}
