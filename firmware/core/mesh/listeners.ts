/** Which neighbours take part in routing. */
import { COST_INFINITE, LINK_KINDS, type LinkKind, type NeighbourTable } from '../link/index.js';

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
  for (let slot = 0; slot < neighbours.capacity; slot += 1) if (slot !== than && isRouter(neighbours, slot)) return true;
  return false;
}

/** Links with a router to hear routing frames. Who is only heard may hear too: it counts against being the only one. */
export function audienceOf(neighbours: NeighbourTable): readonly Audience[] {
  const audience: Audience[] = [];
  for (const kind of LINK_KINDS) {
    let listeners = 0;
    let router = -1;
    for (let slot = 0; slot < neighbours.capacity; slot += 1) {
      if (!neighbours.isPinned(slot) || neighbours.kind(slot) !== kind || neighbours.role(slot) === 'leaf') continue;
      listeners += 1;
      if (isRouter(neighbours, slot)) router = slot;
    }
    if (router >= 0) audience.push({ kind, only: listeners === 1 ? router : -1 });
  }
  return audience;
}
