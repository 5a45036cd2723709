/** What a neighbour's announcements are worth, by what it does with packets (link/carriage.ts). */
import { COST_MOST, losslessCost, type Link } from '../link/index.js';
import type { RouteEntry, RouteTable } from '../ports/index.js';
import { hasOtherRouter } from './listeners.js';

/** What is left of the way when only a line is. */
const LINE = losslessCost('serial');

/** It takes packets and does not send them on, and there are others. Nobody is so dear by distance: ETX 700. */
export function isOutcast({ neighbours }: Link, neighbour: number): boolean {
  return neighbours.cost(neighbour) === COST_MOST && hasOtherRouter(neighbours, neighbour);
}

/** Whether a neighbour, by what it announces, hands a packet for the destination over a line: its box is behind it. `into` is overwritten. */
export function endsAt({ neighbours }: Link, table: RouteTable, into: RouteEntry, neighbour: number, destination: Uint8Array): boolean {
  const slot = table.find(destination, 0);
  if (slot < 0 || !table.read(slot, into)) return false;
  const metric = into.neighbour === neighbour ? into.metric : into.alternateMetric;
  const rest = metric - neighbours.cost(neighbour);
  return rest >= LINE && rest < LINE + (LINE >> 3);
}
