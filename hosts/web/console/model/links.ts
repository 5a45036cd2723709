/** Island links as the page draws them: the two directions of one pair of nodes in one record. Pure. */
import type { LinkKind } from '../../../../firmware/core/link/index.js';
import type { Island } from '../../../box/api/types.js';

export interface Direction {
  /** Units of 100 µs of expected airtime. */
  readonly metric: number;
  /** dBm, as the sending end hears the other. */
  readonly rssi: number;
}

export interface LinkPair {
  readonly key: string;
  /** The smaller id of the two. */
  readonly a: string;
  readonly b: string;
  readonly ab: Direction | undefined;
  readonly ba: Direction | undefined;
  /** `serial` between the box and its board: the box has no other links. `ble` to leaves: they have no others either. */
  readonly kind: LinkKind;
}

/** Sorted by key, so that equal islands give equal arrays. */
export function pairLinks(island: Island): readonly LinkPair[] {
  const roles = new Map(island.nodes.map(({ id, role }) => [id, role]));
  const kindOf = (...ends: string[]): LinkKind => {
    if (ends.includes(island.box)) return 'serial';
    return ends.some((id) => roles.get(id) === 'leaf') ? 'ble' : 'air';
  };
  const pairs = new Map<string, LinkPair>();
  for (const { from, to, metric, rssi } of island.links) {
    const [a, b] = from < to ? [from, to] : [to, from];
    const key = `${a}-${b}`;
    const known = pairs.get(key) ?? { key, a, b, ab: undefined, ba: undefined, kind: kindOf(a, b) };
    pairs.set(key, from === a ? { ...known, ab: { metric, rssi } } : { ...known, ba: { metric, rssi } });
  }
  return [...pairs.values()].sort((one, other) => (one.key < other.key ? -1 : 1));
}

/** The board that hears a leaf, if any does. */
export function boardOf(leaf: string, island: Island): string | undefined {
  const link = island.links.find(({ from, to }) => from === leaf || to === leaf);
  return link && (link.from === leaf ? link.to : link.from);
}

export interface Neighbour {
  readonly id: string;
  readonly there: Direction | undefined;
  readonly back: Direction | undefined;
  readonly kind: LinkKind;
}

/** Of one node, cheapest first. */
export function neighboursOf(id: string, pairs: readonly LinkPair[]): readonly Neighbour[] {
  const cost = (neighbour: Neighbour): number => neighbour.there?.metric ?? Number.MAX_SAFE_INTEGER;
  return pairs
    .filter(({ a, b }) => a === id || b === id)
    .map(({ a, b, ab, ba, kind }) => (a === id ? { id: b, there: ab, back: ba, kind } : { id: a, there: ba, back: ab, kind }))
    .sort((one, other) => cost(one) - cost(other));
}
