/** Topologies: which stations there are and how well each hears each other. `make-topology.ts` makes them. */
import type { Link } from './air.js';
import { distances, type Graph } from './graph.js';
import { expectedReceptionRatio, type Rate } from './phy.js';
import { distanceLoss, type Position } from './radio-model.js';

export interface DirectedLink extends Link {
  readonly from: number;
  readonly to: number;
}

export interface Topology {
  /** As it was asked for. */
  readonly name: string;
  readonly nodes: number;
  readonly links: readonly DirectedLink[];
  /** Where the stations stand, if that is known. */
  readonly positions?: readonly Position[];
}

/**
 * Power of a link that is only known by its reception ratio, over the noise: high enough that bit errors add nothing, and the same for all, so
 * that no frame captures a receiver from another: any overlap loses both, the pessimistic reading.
 */
const plainSnr = 15;

/** A link of which only the share of received frames is known. */
export function plainLink(prr: number): Link {
  return { prr, snr: plainSnr, deviation: 0 };
}

/** The same link in both directions. */
export function bothWays(a: number, b: number, link: Link): DirectedLink[] {
  return [
    { from: a, to: b, ...link },
    { from: b, to: a, ...link },
  ];
}

/** Share of frames of that many octets that a link carries. */
export function reception(link: Link, rate: Rate, payload: number): number {
  return link.prr * expectedReceptionRatio(rate, link.snr, link.deviation, payload);
}

/** A link direction that carries less is no link (as in the project's evaluation of Freifunk data). */
export const leastReception = 0.05;

/** Who can talk to whom: both directions carry at least this share of 100-octet frames. */
export function usableGraph({ nodes, links }: Pick<Topology, 'nodes' | 'links'>, rate: Rate = '1M', least: number = leastReception): Graph {
  return mutualGraph(
    nodes,
    links.filter((link) => reception(link, rate, 100) >= least),
  );
}

/** Neighbours over links that exist in both directions, ascending. */
export function mutualGraph(nodes: number, links: readonly Pick<DirectedLink, 'from' | 'to'>[]): Graph {
  const heard = Array.from({ length: nodes }, () => new Set<number>());
  for (const { from, to } of links) heard[to]!.add(from);
  return heard.map((others, node) => [...others].filter((other) => heard[other]!.has(node)).sort((a, b) => a - b));
}

/** Every link loses this share of its frames on top of what it loses by itself. */
export function weaken(topology: Topology, loss: number): Topology {
  return { ...topology, links: topology.links.map((link) => ({ ...link, prr: link.prr * (1 - loss) })) };
}

/** Adds links that only disturb, between stations that are up to so many hops apart: path loss by distance, a hop being the unit of it. */
export function widen(topology: Topology, hops: number): Topology {
  const graph = mutualGraph(topology.nodes, topology.links);
  const known = new Set(topology.links.map(({ from, to }) => from * topology.nodes + to));
  const links = [...topology.links];
  for (let from = 0; from < topology.nodes; from += 1) {
    for (const [to, apart] of distances(graph, from).entries()) {
      if (apart < 2 || apart > hops || known.has(from * topology.nodes + to)) continue;
      links.push({ from, to, prr: 0, snr: plainSnr - distanceLoss(apart), deviation: 0 });
    }
  }
  return { ...topology, links };
}
