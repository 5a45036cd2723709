/** Islands for the page to draw: seeded, so that every run draws the same. */
import type { Island, IslandLink, IslandNode } from '../../hosts/box/api/types.js';

/** Numerical Recipes' linear congruential generator; [0, 1). */
export function lcg(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

/**
 * A box, its board and `count - 2` more, scattered so that each hears a few others. Costs grow with distance and differ by direction;
 * routes are the true cheapest ones. Node 4 on is `silent`, node 5 `unreachable` if `faults` is set.
 */
export function makeIsland({ count, seed = 1, faults = false }: { count: number; seed?: number; faults?: boolean }): Island {
  const random = lcg(seed);
  const ids = Array.from({ length: count }, () => Array.from({ length: 16 }, () => Math.floor(random() * 16).toString(16)).join(''));
  const [box, board] = ids as [string, string];
  const radios = ids.slice(1);
  const place = scatter(radios, random);
  const links: IslandLink[] = [
    { from: box, to: board, metric: 182, rssi: 0 },
    { from: board, to: box, metric: 182, rssi: 0 },
  ];
  for (const from of radios) {
    for (const to of radios) {
      const distance = Math.hypot(place.get(from)!.x - place.get(to)!.x, place.get(from)!.y - place.get(to)!.y);
      if (from === to || distance > range) continue;
      const loss = (distance / range) ** 2 * (0.7 + 0.6 * random());
      links.push({ from, to, metric: Math.round(21 * (1 + 3.6 * loss ** 2)), rssi: Math.round(-42 - 48 * (distance / range)) });
    }
  }
  const cut = faults ? ids[5] : undefined;
  const costs = cheapest(box, links, cut);
  const nodes = ids.map((id, index): IslandNode => {
    const metric = costs.get(id);
    if (id === box) return { id, role: 'box', state: 'up' };
    if (metric === undefined) return { id, role: 'board', state: 'unreachable' };
    const state = faults && index === 4 ? 'silent' : 'up';
    return {
      id,
      role: 'board',
      state,
      route: { nextHop: board, metric },
      seconds: 900 + Math.floor(random() * 7_000),
      counters: counters(random),
      pools: pools(random),
    };
  });
  return { box, nodes, links };
}

const range = 1.5;

/** On a jittered grid of 1.6 : 1, in reading order: every node hears some before it. */
function scatter(ids: readonly string[], random: () => number): Map<string, { x: number; y: number }> {
  const across = Math.ceil(Math.sqrt(ids.length * 1.6));
  return new Map(ids.map((id, index) => [id, { x: (index % across) + 0.5 * random(), y: Math.floor(index / across) + 0.5 * random() }]));
}

function cheapest(start: string, links: readonly IslandLink[], without: string | undefined): Map<string, number> {
  const costs = new Map([[start, 0]]);
  for (let changed = true; changed;) {
    changed = false;
    for (const { from, to, metric } of links) {
      const cost = (costs.get(from) ?? Infinity) + metric;
      if (from === without || to === without || cost >= (costs.get(to) ?? Infinity)) continue;
      costs.set(to, cost);
      changed = true;
    }
  }
  return costs;
}

function counters(random: () => number): NonNullable<IslandNode['counters']> {
  const some = (most: number): number => Math.floor(random() * most);
  return { forwarded: some(4_000), delivered: some(300), sentOctets: some(900_000), dropped: some(12), retries: some(260) };
}

function pools(random: () => number): NonNullable<IslandNode['pools']> {
  const part = (size: number): number => Math.floor(size * (0.4 + 0.45 * random()));
  return { chunkPeak: part(40_960), chunkSize: 40_960, slotPeak: part(2_560), slotSize: 2_560, stackPeak: part(320), stackSize: 320 };
}

/** The same island with changes to one node. */
export function withNode(island: Island, id: string, change: Partial<IslandNode>): Island {
  return { ...island, nodes: island.nodes.map((node) => (node.id === id ? { ...node, ...change } : node)) };
}

/** The node dies: no route to it, and nobody hears it. */
export function withoutNode(island: Island, id: string): Island {
  return {
    box: island.box,
    nodes: island.nodes.map((node) => (node.id === id ? { id, role: node.role, state: 'unreachable' } : node)),
    links: island.links.filter(({ from, to }) => from !== id && to !== id),
  };
}
