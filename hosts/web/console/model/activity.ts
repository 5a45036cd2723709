/** Where traffic passed between two looks at the island. */
import type { Island, IslandNode } from '../../../box/api/types.js';

/** Frames passed on or taken in; what a node sends for itself (beacons, routing) is no traffic. */
const handled = ({ counters }: IslandNode): number | undefined => counters && counters.forwarded + counters.delivered;

/** Node id -> frames handled since; nodes without any are absent. A count that fell means a restart: all of the new one is fresh. */
export function growth(before: Island | undefined, after: Island): ReadonlyMap<string, number> {
  const old = new Map(before?.nodes.map((node) => [node.id, handled(node)]));
  const grown = new Map<string, number>();
  for (const node of after.nodes) {
    const [was, is] = [old.get(node.id), handled(node)];
    if (was === undefined || is === undefined) continue;
    const frames = is >= was ? is - was : is;
    if (frames > 0) grown.set(node.id, frames);
  }
  return grown;
}
