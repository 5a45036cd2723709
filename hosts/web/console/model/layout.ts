/**
 * Where the nodes stand. Deterministic: the same nodes and links in any order give the same places. Nodes that have a place keep it;
 * new ones settle in around them. An island that has grown much since is laid out anew, from several starting orders, of which the
 * least tangled result is taken.
 */
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY, type SimulationNodeDatum } from 'd3-force';
import { tangles, type Edge, type Places, type Point } from './tangle.js';

export interface Layout {
  readonly places: Places;
  /** How many there were when it was last made anew. */
  readonly links: number;
}

export const noLayout: Layout = { places: new Map(), links: 0 };

interface Body extends SimulationNodeDatum {
  readonly id: string;
  x: number;
  y: number;
}

/** The drawing unit: the wished length of a link. Only ratios matter, the page scales the result to its size. */
const linkLength = 90;
/** While a box learns of its island, report by report, what was laid out for a few links does not fit: anew when they are half as many more. */
const growth = 1.5;
/** A small island is tried from several starting orders; a phone must not be busy for seconds with a large one. */
const mostStartingOrders = 6;
const nodesTried = 600;
/** After 200 steps d3's cooling (alpha decay 0.0228 a step) has left 1 % of the motion. */
const steps = 200;
/** A box of about 1.6 : 1 results, which fits a wide screen, and turned by 90 degrees a phone. */
const pullX = 0.035;
const pullY = 0.075;
/** The box is drawn to the left: routes are read from it. */
const boxReach = 4 * linkLength;
const boxPull = 0.12;
/** To each side of the line to the right: nearly a half circle. */
const fan = 0.45 * Math.PI;

export function layout(ids: readonly string[], links: readonly Edge[], box: string, previous: Layout): Layout {
  const sorted = [...ids].sort();
  const present = new Set(sorted);
  const edges = links.filter(({ a, b }) => present.has(a) && present.has(b)).sort((one, other) => (one.key < other.key ? -1 : 1));
  const { places } = previous;
  const fresh = sorted.filter((id) => !places.has(id)).length;
  if (2 * fresh >= sorted.length || edges.length > growth * previous.links)
    return { places: layOut(sorted, edges, box), links: edges.length };
  if (fresh === 0) return previous;
  const bodies = sorted.map((id): Body => {
    const place = places.get(id);
    return place ? { id, ...place, fx: place.x, fy: place.y } : { id, ...besideNeighbours(id, edges, places) };
  });
  return { ...previous, places: new Map([...places, ...settle(bodies, edges, box)]) };
}

function layOut(ids: readonly string[], edges: readonly Edge[], box: string): Places {
  let best: Places = new Map();
  let fewest = Infinity;
  const orders = Math.max(1, Math.min(mostStartingOrders, Math.floor(nodesTried / ids.length)));
  for (let salt = 0; salt < orders && fewest > 0; salt += 1) {
    const places = settle(radialTree(ids, edges, box, salt), edges, box);
    const tangled = tangles(places, edges);
    if (tangled < fewest) [best, fewest] = [places, tangled];
  }
  return best;
}

/** Run the forces to rest. */
function settle(bodies: Body[], edges: readonly Edge[], box: string): Places {
  const springs = edges.map(({ a, b }) => ({ source: a, target: b }));
  forceSimulation(bodies)
    .force(
      'link',
      forceLink<Body, { source: string; target: string }>(springs)
        .id(({ id }) => id)
        .distance(linkLength)
        .iterations(2),
    )
    .force(
      'repel',
      forceManyBody()
        .strength(-420)
        .distanceMax(linkLength * 6),
    )
    .force('apart', forceCollide(linkLength * 0.45))
    .force(
      'x',
      forceX<Body>(({ id }) => (id === box ? -boxReach : 0)).strength(({ id }) => (id === box ? boxPull : pullX)),
    )
    .force('y', forceY(0).strength(pullY))
    .stop()
    .tick(steps);
  return new Map(bodies.map(({ id, x, y }) => [id, { x, y }]));
}

/** Breadth-first rings to the right of the box, each subtree in its own sector; `salt` changes the order of the children. */
function radialTree(ids: readonly string[], edges: readonly Edge[], box: string, salt: number): Body[] {
  const adjacent = new Map(ids.map((id): [string, string[]] => [id, []]));
  for (const { a, b } of edges) {
    adjacent.get(a)!.push(b);
    adjacent.get(b)!.push(a);
  }
  const placed = new Map<string, Body>();
  const roots = [box, ...ids].filter((id) => adjacent.has(id));
  for (const root of roots) {
    if (placed.has(root)) continue;
    const offset = placed.size === 0 ? 0 : linkLength * 3;
    let ring = [{ id: root, from: -fan, to: fan }];
    placed.set(root, { id: root, x: offset, y: 0 });
    for (let depth = 1; ring.length > 0; depth += 1) {
      ring = ring.flatMap(({ id, from, to }) => {
        const children = adjacent
          .get(id)!
          .filter((child) => !placed.has(child))
          .sort((one, other) => mix(one, salt) - mix(other, salt) || (one < other ? -1 : 1));
        const width = (to - from) / Math.max(1, children.length);
        return children.map((child, index) => {
          const sector = { id: child, from: from + index * width, to: from + (index + 1) * width };
          const angle = (sector.from + sector.to) / 2;
          placed.set(child, { id: child, x: offset + depth * linkLength * Math.cos(angle), y: depth * linkLength * Math.sin(angle) });
          return sector;
        });
      });
    }
  }
  return ids.map((id) => placed.get(id)!);
}

/** The middle of its neighbours that have a place, moved a little in a direction of its own; without such neighbours, the rim. */
function besideNeighbours(id: string, edges: readonly Edge[], places: Places): Point {
  const around = edges.filter(({ a, b }) => a === id || b === id).flatMap(({ a, b }) => places.get(a === id ? b : a) ?? []);
  const angle = ((mix(id, 0) % 360) * Math.PI) / 180;
  const reach = linkLength * (around.length > 0 ? 0.7 : 3);
  const middle = (axis: 'x' | 'y'): number => around.reduce((sum, place) => sum + place[axis], 0) / Math.max(1, around.length);
  return { x: middle('x') + reach * Math.cos(angle), y: middle('y') + reach * Math.sin(angle) };
}

/** FNV-1a over the id and a salt. */
function mix(id: string, salt: number): number {
  let hash = 0x811c9dc5 ^ salt;
  for (let index = 0; index < id.length; index += 1) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
