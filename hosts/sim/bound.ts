/**
 * What the best path would cost: expected transmissions of a packet and its acknowledgement, 1/(pq) + 1/q per hop, where p is the share of packets
 * that a hop carries forward and q the share of acknowledgements that it carries back (expected transmission count, De Couto et al., 2003).
 */
import { cheapest } from './graph.js';
import type { Rate } from './phy.js';
import { reception, type Topology } from './topology.js';

/** A ping's octets on the air, and an acknowledgement's. */
const packet = 35;
const acknowledgement = 16;

/** costs[from][to]: transmissions for one packet, one way. */
export function pathBounds(topology: Topology, rate: Rate): readonly Float64Array[] {
  const { nodes, links } = topology;
  const back = new Map(links.map((link) => [link.from * nodes + link.to, reception(link, rate, acknowledgement)]));
  const edges: (readonly [number, number])[][] = Array.from({ length: nodes }, () => []);
  for (const link of links) {
    const p = reception(link, rate, packet);
    const q = back.get(link.to * nodes + link.from) ?? 0;
    if (p > 0 && q > 0) edges[link.from]!.push([link.to, 1 / (p * q) + 1 / q]);
  }
  return Array.from({ length: nodes }, (_, source) => cheapest(nodes, source, (at) => edges[at]!));
}
