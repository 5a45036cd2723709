/** What the index of the content store holds, and the pure rules over it: what is reachable, what a class takes, what goes first. */

/** Why something is kept: the owner's own, pinned because somebody pays, or only because it passed by. */
export type Class = 'mine' | 'paid' | 'cache';
export const CLASSES: readonly Class[] = ['mine', 'paid', 'cache'];

export interface Root {
  readonly class: Class;
  readonly name: string;
  readonly mediaType: string;
  /** Wall time in ms when it was added. */
  readonly at: number;
}

export interface Entry {
  readonly cid: string;
  /** A whole file, or one block: a directory or a part of a foreign tree. */
  readonly kind: 'file' | 'block';
  readonly octets: number;
  /** Octets of its outboard on disk; 0 if it has none. */
  readonly outboard: number;
  /** Absent: kept only for what points to it. */
  readonly root?: Root;
  /** CIDs that a block points to. */
  readonly links?: readonly string[];
  /** Of the whole, for a file that moves over the mesh by it. */
  readonly sha256?: string;
  /** Larger is later: when it was last read or added. Not a time, so a clock gone back orders nothing wrong. */
  readonly used: number;
}

export type Index = ReadonlyMap<string, Entry>;

export function isEntry(value: unknown): value is Entry {
  const { cid, kind, octets, outboard, used } = (value ?? {}) as Partial<Record<keyof Entry, unknown>>;
  return (
    typeof cid === 'string' &&
    (kind === 'file' || kind === 'block') &&
    typeof octets === 'number' &&
    typeof outboard === 'number' &&
    typeof used === 'number'
  );
}

/** Octets on disk. */
export const sizeOf = ({ octets, outboard }: Entry): number => octets + outboard;

/** Everything that can be reached from the CIDs, in the index. */
export function reachable(index: Index, from: Iterable<string>): Set<string> {
  const seen = new Set<string>();
  const stack = [...from];
  for (let cid = stack.pop(); cid !== undefined; cid = stack.pop()) {
    const entry = index.get(cid);
    if (!entry || seen.has(cid)) continue;
    seen.add(cid);
    if (entry.links) stack.push(...entry.links);
  }
  return seen;
}

/** Octets by class; what several roots share counts once, for the first class that keeps it. */
export function usageOf(index: Index): Readonly<Record<Class, number>> {
  const usage = { mine: 0, paid: 0, cache: 0 };
  const seen = new Set<string>();
  for (const each of CLASSES) {
    const roots = [...index.values()].filter(({ root }) => root?.class === each).map(({ cid }) => cid);
    for (const cid of reachable(index, roots)) {
      if (seen.has(cid)) continue;
      seen.add(cid);
      usage[each] += sizeOf(index.get(cid)!);
    }
  }
  return usage;
}

/** Cache roots, the one that was not used for longest first. */
export function evictionOrder(index: Index): Entry[] {
  return [...index.values()].filter(({ root }) => root?.class === 'cache').sort((a, b) => a.used - b.used);
}

/** The class that keeps longer. */
export function stronger(a: Class, b: Class): Class {
  return CLASSES.indexOf(a) <= CLASSES.indexOf(b) ? a : b;
}
