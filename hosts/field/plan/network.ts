/**
 * Which boxes, where, and how they are joined. Every village gets a box unless its phones reach another's; what lies apart is joined by the cheapest chain of
 * relays on high ground (shortest paths into the growing tree: a known approximation of the Steiner tree, at most twice its cost).
 */
import type { Bounds, Elevation, Point } from './elevation.js';
import { access, cheapestWay, groundBetween, ladder, linkBudget, lora, USABLE, type Ground, type LinkBudget, type Way } from './links.js';
import { metresBetween, type Place } from './places.js';

export interface Site extends Point {
  readonly name: string;
  readonly role: 'gateway' | 'box' | 'relay';
  readonly ground: number;
  /** Metres. */
  readonly mast: number;
  /** Panels, one for each trunk, with a radio board each. */
  readonly panels: number;
  readonly lora: boolean;
  /** Places that phones reach from here, its own included. */
  readonly serves: readonly string[];
}

export interface Link {
  readonly a: number;
  readonly b: number;
  /** False: not built for, but there; it carries detours. */
  readonly planned: boolean;
  readonly budget: LinkBudget;
}

export interface Network {
  readonly sites: readonly Site[];
  /** Weakest first. */
  readonly links: readonly Link[];
  /** Villages that no chain of relays reaches. */
  readonly unreached: readonly string[];
  /** By site: the boxes that lose the gateway when it dies; for the gateway itself, those that lose the largest part that stays together. */
  readonly failures: readonly (readonly string[])[];
}

/** Relays stand on the highest ground of a cell of this many across the island. */
const CELLS = 14;
/** Nobody points an antenna farther. */
const FARTHEST = 12_000;
/** A relay costs as much as so many steps of the ladder: mast, panel and battery of its own. */
const RELAY = 12;

export interface NetworkOptions {
  readonly eirp: number;
  readonly lora: boolean;
}

interface Node extends Point {
  readonly name: string;
  readonly ground: number;
  readonly place: Place | undefined;
}

interface Edge {
  readonly a: number;
  readonly b: number;
  readonly budget: LinkBudget;
}

export function propose(elevation: Elevation, places: readonly Place[], bounds: Bounds, { eirp, lora: withLora }: NetworkOptions): Network {
  const served = homesOf(elevation, places, eirp);
  const homes = [...served.keys()];
  const hills = places.filter(({ kind }) => kind === 'hill');
  const nodes: Node[] = [
    ...homes.map((place) => ({ ...place, place })),
    ...hills.map((place) => ({ ...place, place: undefined })),
    ...highGround(elevation, bounds, [...homes, ...hills]),
  ];
  const ways = withLora ? [...ladder, lora] : ladder;
  const grounds = new Map<number, Ground>();
  const edges: Edge[] = [];
  for (const [a, from] of nodes.entries())
    for (let b = a + 1; b < nodes.length; b += 1) {
      if (metresBetween(from, nodes[b]!) > FARTHEST) continue;
      const ground = groundBetween(elevation, from, nodes[b]!, 80);
      const budget = ground && cheapestWay(ground, eirp, ways);
      if (!budget) continue;
      grounds.set(a * nodes.length + b, ground);
      edges.push({ a, b, budget });
    }
  const tree = grow(nodes, edges, homes.length, ways);
  return build(
    nodes,
    homes,
    served,
    tree,
    (a, b) => grounds.get(a * nodes.length + b) ?? groundBetween(elevation, nodes[a]!, nodes[b]!),
    eirp,
  );
}

/** Homes of boxes, each with the names it serves: the gateway, then by people; a village within reach of an earlier box's phones needs none. */
function homesOf(elevation: Elevation, places: readonly Place[], eirp: number): Map<Place, string[]> {
  const rank = (place: Place): number => (place.kind === 'gateway' ? Infinity : place.people);
  const [first, ...rest] = places.filter(({ kind }) => kind !== 'hill').sort((a, b) => rank(b) - rank(a));
  const served = new Map<Place, string[]>(first ? [[first, [first.name]]] : []);
  for (const place of rest) {
    const home = [...served.keys()].find((box) => {
      if (metresBetween(box, place) > 1_000) return false;
      const ground = groundBetween(elevation, box, place);
      return ground !== undefined && access(ground, ladder[0]!.mast, eirp).margin >= USABLE;
    });
    if (home) served.get(home)!.push(place.name);
    else served.set(place, [place.name]);
  }
  return served;
}

function highGround(elevation: Elevation, { south, west, north, east }: Bounds, taken: readonly Point[]): Node[] {
  const found: Node[] = [];
  const samples = 6;
  for (let row = 0; row < CELLS; row += 1)
    for (let column = 0; column < CELLS; column += 1) {
      let best: { lat: number; lon: number; ground: number } | undefined;
      for (let y = 0; y < samples; y += 1)
        for (let x = 0; x < samples; x += 1) {
          const lat = south + ((row + (y + 0.5) / samples) * (north - south)) / CELLS;
          const lon = west + ((column + (x + 0.5) / samples) * (east - west)) / CELLS;
          const ground = elevation.at({ lat, lon });
          // Two metres: what is lower floods, or is the sea.
          if (ground !== undefined && ground > Math.max(2, best?.ground ?? 0)) best = { lat, lon, ground };
        }
      const spot = best;
      if (spot && taken.every((point) => metresBetween(point, spot) > 200))
        found.push({ name: `hill ${row * CELLS + column}`, place: undefined, ...spot });
    }
  return found;
}

/** Edges of the tree that joins the first `homes` nodes, as far as they can be joined. */
function grow(nodes: readonly Node[], edges: readonly Edge[], homes: number, ways: readonly Way[]): Edge[] {
  const around: Edge[][] = nodes.map(() => []);
  for (const edge of edges) {
    around[edge.a]!.push(edge);
    around[edge.b]!.push(edge);
  }
  const inTree = new Set([0]);
  const tree = new Set<Edge>();
  for (;;) {
    const cost = nodes.map((_, index) => (inTree.has(index) ? 0 : Infinity));
    const via: (Edge | undefined)[] = nodes.map(() => undefined);
    const open = new Set(nodes.keys());
    let reached: number | undefined;
    while (reached === undefined && open.size > 0) {
      const next = [...open].reduce((least, index) => (cost[index]! < cost[least]! ? index : least));
      open.delete(next);
      if (cost[next] === Infinity) break;
      if (next < homes && !inTree.has(next)) reached = next;
      for (const edge of around[next]!) {
        const other = edge.a === next ? edge.b : edge.a;
        const total = cost[next]! + 1 + ways.indexOf(edge.budget.way) + (other < homes ? 0 : RELAY);
        if (total >= cost[other]!) continue;
        cost[other] = total;
        via[other] = edge;
      }
    }
    if (reached === undefined) return [...tree];
    for (let at = reached; !inTree.has(at);) {
      const edge = via[at]!;
      inTree.add(at);
      tree.add(edge);
      at = edge.a === at ? edge.b : edge.a;
    }
  }
}

function build(
  nodes: readonly Node[],
  homes: readonly Place[],
  served: ReadonlyMap<Place, readonly string[]>,
  tree: readonly Edge[],
  groundOf: (a: number, b: number) => Ground | undefined,
  eirp: number,
): Network {
  const used = [...new Set([0, ...tree.flatMap(({ a, b }) => [a, b])])].sort((a, b) => a - b);
  const touching = (index: number): Edge[] => tree.filter(({ a, b }) => a === index || b === index);
  let relays = 0;
  const sites = used.map((index): Site => {
    const { name, lat, lon, ground, place } = nodes[index]!;
    const budgets = touching(index).map(({ budget }) => budget.way);
    return {
      name: place || !name.startsWith('hill ') ? name : `Relay ${(relays += 1)}`,
      role: index === 0 ? 'gateway' : place ? 'box' : 'relay',
      lat,
      lon,
      ground,
      mast: Math.max(ladder[0]!.mast, ...budgets.map(({ mast }) => mast)),
      panels: budgets.filter(({ antenna }) => antenna === 'panel').length,
      lora: budgets.some(({ radio }) => radio === 'lora'),
      serves: place ? served.get(place)! : [],
    };
  });
  const links: Link[] = [];
  for (const [a, from] of used.entries())
    for (const [offset, to] of used.slice(a + 1).entries()) {
      const b = a + 1 + offset;
      const edge = tree.find((each) => (each.a === from && each.b === to) || (each.a === to && each.b === from));
      const ground = groundOf(Math.min(from, to), Math.max(from, to));
      if (!ground || ground.metres > FARTHEST) continue;
      const way = edge?.budget.way ?? { radio: 'lr', antenna: 'whip', mast: 0 };
      const budget = linkBudget(ground, way, eirp, [sites[a]!.mast, sites[b]!.mast]);
      if (edge || budget.margin >= USABLE) links.push({ a, b, planned: edge !== undefined, budget });
    }
  links.sort((x, y) => x.budget.margin - y.budget.margin);
  return {
    sites,
    links,
    unreached: homes.filter((_, index) => !used.includes(index)).map(({ name }) => name),
    failures: sites.map((_, dead) => lostWithout(sites, links, dead)),
  };
}

function lostWithout(sites: readonly Site[], links: readonly Link[], dead: number): string[] {
  const parts: number[][] = [];
  const seen = new Set([dead]);
  for (const start of sites.keys()) {
    if (seen.has(start)) continue;
    const part = [start];
    seen.add(start);
    for (const at of part)
      for (const { a, b } of links) {
        const other = a === at ? b : b === at ? a : at;
        if (seen.has(other)) continue;
        seen.add(other);
        part.push(other);
      }
    parts.push(part);
  }
  const kept = dead === 0 ? parts.sort((a, b) => b.length - a.length)[0] : parts.find((part) => part.includes(0));
  return [...sites.keys()].filter((index) => index !== dead && !kept?.includes(index)).map((index) => sites[index]!.name);
}
