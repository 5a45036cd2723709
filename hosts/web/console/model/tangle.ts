/** Places of nodes, and how hard the links between them are to follow. */
import type { LinkPair } from './links.js';

export interface Point {
  readonly x: number;
  readonly y: number;
}
export type Places = ReadonlyMap<string, Point>;
export type Edge = Pick<LinkPair, 'key' | 'a' | 'b'>;

/** In the layout's units, of which a link is 90 long: a line nearer to a node seems to end there. */
const clearance = 18;

/** Crossings, and lines that run through a node, which mislead more. */
export const tangles = (places: Places, edges: readonly Edge[]): number => crossings(places, edges) + 3 * overpasses(places, edges);

/** Pairs of links that cross and share no end. */
export function crossings(places: Places, edges: readonly Edge[]): number {
  const side = (p: Point, q: Point, r: Point): number => Math.sign((q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x));
  let crossed = 0;
  for (const [index, one] of edges.entries()) {
    for (const other of edges.slice(index + 1)) {
      if (one.a === other.a || one.a === other.b || one.b === other.a || one.b === other.b) continue;
      const [p, q, r, s] = [places.get(one.a)!, places.get(one.b)!, places.get(other.a)!, places.get(other.b)!];
      if (side(p, q, r) !== side(p, q, s) && side(r, s, p) !== side(r, s, q)) crossed += 1;
    }
  }
  return crossed;
}

/** Pairs of a link and a node, not of its ends, that it nearly touches. */
export function overpasses(places: Places, edges: readonly Edge[]): number {
  let passed = 0;
  for (const { a, b } of edges) {
    const [from, to] = [places.get(a)!, places.get(b)!];
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    for (const [id, { x, y }] of places) {
      if (id === a || id === b) continue;
      const part = Math.max(0, Math.min(1, ((x - from.x) * dx + (y - from.y) * dy) / (dx * dx + dy * dy)));
      if (Math.hypot(x - from.x - part * dx, y - from.y - part * dy) < clearance) passed += 1;
    }
  }
  return passed;
}
