/**
 * The path finder: the cheapest ways over the channels that are known, by the fee that is usual; what this box can't pay through its own channels is left out.
 * What others hold is not known here: a way that fails is followed by the next one.
 */
import type { Hex } from 'viem';
import { MEDIATORS_MOST } from '../../../firmware/core/channel/index.js';

export interface Graph {
  readonly edges: readonly { readonly parties: readonly [Hex, Hex] }[];
  /** What we can send to a neighbour; undefined: there is no channel with it. */
  readonly available: (neighbour: Hex) => bigint | undefined;
}

export interface Route {
  /** Addresses, the payee last. */
  readonly hops: readonly Hex[];
  /** What those between take together, at the usual fee. */
  readonly fee: bigint;
}

/** Photon's usual fee: a ten-thousandth of what is passed on. */
export const USUAL_DIVISOR = 10_000n;
const ROUTES = 3;

/** At most three ways, the cheapest first; breadth first, so that with one usual fee the shortest is the cheapest. */
export function findRoutes(graph: Graph, from: Hex, to: Hex, amount: bigint): Route[] {
  const neighbours = new Map<Hex, Set<Hex>>();
  for (const { parties } of graph.edges)
    for (const [a, b] of [parties, [...parties].reverse() as [Hex, Hex]]) neighbours.set(a, (neighbours.get(a) ?? new Set()).add(b));
  const found: Route[] = [];
  let reached: Hex[][] = [[]];
  for (let hops = 1; hops <= MEDIATORS_MOST + 1 && found.length < ROUTES; hops += 1) {
    const next: Hex[][] = [];
    for (const path of reached)
      for (const neighbour of neighbours.get(path.at(-1) ?? from) ?? []) {
        if (neighbour === from || path.includes(neighbour)) continue;
        const fee = usualFee(amount, hops - 1);
        if (hops === 1 && (graph.available(neighbour) ?? -1n) < amount) continue;
        if (neighbour === to) found.push({ hops: [...path, neighbour], fee });
        else next.push([...path, neighbour]);
      }
    reached = next.slice(0, 1_000);
  }
  return found.filter(({ hops, fee }) => (graph.available(hops[0]!) ?? 0n) >= amount + fee).slice(0, ROUTES);
}

/** So that each of so many gets its share of what reaches it. */
export function usualFee(amount: bigint, mediators: number): bigint {
  let whole = amount;
  for (let i = 0; i < mediators; i += 1) whole += whole / (USUAL_DIVISOR - 1n) + 1n;
  return whole - amount;
}
