/** Which neighbours take part in routing. */
import { COST_INFINITE, LINK_KINDS, losslessCost, type LinkKind, type NeighbourTable } from '../link/index.js';

/** A link with someone to hear. */
export interface Audience {
  readonly kind: LinkKind;
  /** The neighbour, if it is the only one there; else -1. */
  readonly only: number;
}

/** A router that we may send to. */
export function isRouter(neighbours: NeighbourTable, slot: number): boolean {
  return neighbours.isPinned(slot) && neighbours.cost(slot) !== COST_INFINITE && neighbours.role(slot) !== 'leaf';
}

export function hasOtherRouter(neighbours: NeighbourTable, than: number): boolean {
  for (let slot = 0; slot < neighbours.end; slot += 1) if (slot !== than && isRouter(neighbours, slot)) return true;
  return false;
}

/** Links with a router to hear routing frames. Who is only heard may hear too: it counts against being the only one. */
export function audienceOf(neighbours: NeighbourTable): readonly Audience[] {
  const listeners = LINK_KINDS.map(() => 0);
  const routers = LINK_KINDS.map(() => -1);
  for (let slot = 0; slot < neighbours.end; slot += 1) {
    if (!neighbours.isPinned(slot) || neighbours.role(slot) === 'leaf') continue;
    const kind = LINK_KINDS.indexOf(neighbours.kind(slot));
    listeners[kind]! += 1;
    if (neighbours.cost(slot) !== COST_INFINITE) routers[kind] = slot;
  }
  const audience: Audience[] = [];
  for (let i = 0; i < LINK_KINDS.length; i += 1)
    if (routers[i]! >= 0) audience.push({ kind: LINK_KINDS[i]!, only: listeners[i] === 1 ? routers[i]! : -1 });
  return audience;
}

/** Links of an ETX up to this are worth asking over, and those that cost up to twice what the cheapest does. */
const ETX_WORTH = 3;

/** The most that a link may cost for what its neighbour said to be asked for again: what comes over a poor one is taken as it comes, if there are better. */
export function worthAsking(neighbours: NeighbourTable): number {
  let cheapest = COST_INFINITE;
  let lossless = 0;
  for (let slot = 0; slot < neighbours.end; slot += 1) {
    if (!isRouter(neighbours, slot)) continue;
    if (neighbours.cost(slot) < cheapest) cheapest = neighbours.cost(slot);
    lossless = Math.max(lossless, losslessCost(neighbours.kind(slot)));
  }
  return Math.max(2 * cheapest, ETX_WORTH * lossless);
}
