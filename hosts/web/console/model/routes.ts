/**
 * Paths from the box. The box's own table gives the first hop and the total cost of each route; what lies behind the first hop
 * is not reported, so the page follows the cheapest reported links from there (Dijkstra), which is what the boards' routing aims at.
 */
import type { Island } from '../../../box/api/types.js';
import { boardOf } from './links.js';

/** Node id -> ids from the box to it, both included; a leaf's leads over its board. Nodes without a route, and routes that no reported links explain, are absent. */
export function routePaths(island: Island): ReadonlyMap<string, readonly string[]> {
  const firstHops = new Set(island.nodes.flatMap(({ route }) => route?.nextHop ?? []));
  const fromHop = new Map([...firstHops].map((hop) => [hop, cheapestPaths(island, hop)]));
  const paths = new Map<string, readonly string[]>();
  for (const { id, route } of island.nodes) {
    const path = route && fromHop.get(route.nextHop)?.get(id);
    if (path) paths.set(id, [island.box, ...path]);
  }
  for (const { id, role } of island.nodes) {
    const path = role === 'leaf' ? paths.get(boardOf(id, island) ?? '') : undefined;
    if (path) paths.set(id, [...path, id]);
  }
  return paths;
}

function cheapestPaths(island: Island, start: string): ReadonlyMap<string, readonly string[]> {
  const routable = new Set(island.nodes.filter(({ id, state }) => state !== 'unreachable' && id !== island.box).map(({ id }) => id));
  const paths = new Map<string, readonly string[]>([[start, [start]]]);
  const costs = new Map([[start, 0]]);
  const open = new Set([start]);
  while (open.size > 0) {
    const here = [...open].reduce((best, id) => (costs.get(id)! < costs.get(best)! ? id : best));
    open.delete(here);
    for (const { from, to, metric } of island.links) {
      if (from !== here || !routable.has(to)) continue;
      const cost = costs.get(here)! + metric;
      if (cost >= (costs.get(to) ?? Number.MAX_SAFE_INTEGER)) continue;
      costs.set(to, cost);
      paths.set(to, [...paths.get(here)!, to]);
      open.add(to);
    }
  }
  return paths;
}

/** Pair keys (see links.ts) along a path. */
export function pathKeys(path: readonly string[]): string[] {
  return path.slice(1).map((to, index) => {
    const from = path[index]!;
    return from < to ? `${from}-${to}` : `${to}-${from}`;
  });
}
