/**
 * A plausible island: boards on roofs, longer than wide, connected over good links, mean degree 3 to 4 where there is room for that, and four hops
 * or more across. Boards settle one by one within reach of an earlier one; the first settlement that is as wanted is taken.
 */
import { diameter, meanDegree } from './graph.js';
import type { RandomStream } from './random-stream.js';
import { radioLink, type Position } from './radio-model.js';
import { mutualGraph, type DirectedLink, type Topology } from './topology.js';

/** Metres over which three of four 100-octet frames pass: what people would call a link. */
const goodRange = 260;
/** Nobody puts a second board beside the first; with the density below this gives the wanted degree. */
const leastSpacing = 0.55 * goodRange;
/** Squares of the good range per board. */
const room = 0.75;
/** An island's length over its width. */
const elongation = 2;
/** Measured over seeds 1 to 8: at most 20 attempts for 9 to 200 boards. */
const attempts = 200;

/** Undefined if nothing as wanted came out of the randomness given. */
export function makeIsland(nodes: number, random: RandomStream): Omit<Topology, 'name'> | undefined {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const positions = settle(nodes, random);
    if (positions !== undefined && isPlausible(positions)) return { nodes, positions, links: linksBetween(positions) };
  }
  return undefined;
}

function isPlausible(positions: readonly Position[]): boolean {
  const pairs = positions.flatMap((here, from) =>
    positions.flatMap((there, to) => (from !== to && apart(here, there) <= goodRange ? [{ from, to }] : [])),
  );
  const graph = mutualGraph(positions.length, pairs);
  // Up to eight boards no shape has both four hops and this degree.
  const degree = positions.length < 9 ? 3 : meanDegree(graph);
  return degree >= 2.6 && degree <= 4.6 && diameter(graph) >= Math.min(4, positions.length - 1);
}

function settle(nodes: number, random: RandomStream): Position[] | undefined {
  const halfWidth = goodRange * Math.sqrt((nodes * room) / (Math.PI * elongation));
  const positions: Position[] = [{ x: 0, y: 0 }];
  for (let failures = 0; positions.length < nodes;) {
    const near = positions[random.below(positions.length)]!;
    const angle = 2 * Math.PI * random.unit();
    const distance = leastSpacing + (goodRange - leastSpacing) * random.unit();
    const place = { x: Math.round(near.x + distance * Math.cos(angle)), y: Math.round(near.y + distance * Math.sin(angle)) };
    const ashore = Math.hypot(place.x / (elongation * halfWidth), place.y / halfWidth) <= 1;
    if (ashore && positions.every((other) => apart(other, place) >= leastSpacing)) positions.push(place);
    else if ((failures += 1) > 200 * nodes) return undefined;
  }
  return positions;
}

function apart(a: Position, b: Position): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** Every link between stations that stand somewhere; with `only`, those of one station. */
export function linksBetween(positions: readonly Position[], only?: number): DirectedLink[] {
  const links: DirectedLink[] = [];
  for (const [from, here] of positions.entries()) {
    for (const [to, there] of positions.entries()) {
      if (from === to || (only !== undefined && from !== only && to !== only)) continue;
      const link = radioLink(here, there);
      if (link !== undefined) links.push({ from, to, ...link });
    }
  }
  return links;
}
