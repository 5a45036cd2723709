/** The blocks of a DAG in depth-first order: all of it, one entity of it, or the part of a file that a range touches (trustless gateway: dag-scope, entity-bytes). */
import * as dagPb from '@ipld/dag-pb';
import { UnixFS } from 'ipfs-unixfs';
import type { CID } from 'multiformats/cid';
import { Problem } from '../../node/index.js';
import { childrenOf, DAG_PB, type Block } from '../store/index.js';

export type Scope = 'block' | 'entity' | 'all';
export type GetBlock = (cid: CID) => Promise<Uint8Array | undefined>;

/** Octets of an entity that are wanted; `to` is the last one, both may count from the end (negative). */
export interface EntityBytes {
  readonly from: number;
  readonly to: number | undefined;
}

/** Paths deeper than this are a bomb, not a tree: 1,024 links a node make 2^1,200 files. */
const DEPTH = 120;

/** Every block once; a block that is not here fails with a Problem `missing-block` that names it. */
export async function* blocksOf(get: GetBlock, root: CID, scope: Scope, range?: EntityBytes): AsyncGenerator<Block> {
  yield* visit(get, root, scope, range, new Set(), 0);
}

async function* visit(
  get: GetBlock,
  cid: CID,
  scope: Scope,
  range: EntityBytes | undefined,
  seen: Set<string>,
  depth: number,
): AsyncGenerator<Block> {
  const text = cid.toString();
  if (seen.has(text)) return;
  if (depth > DEPTH)
    throw new Problem('too-deep', `the tree is more than ${DEPTH} blocks deep at ${text}`, 'It cannot be served or stored.');
  seen.add(text);
  const bytes = await get(cid);
  if (!bytes) throw missingBlock(cid);
  if (cid.multihash.code !== 0) yield { cid, bytes };
  if (scope === 'block') return;
  for (const child of wantedChildren(cid, bytes, scope, range)) yield* visit(get, child.cid, child.scope, child.range, seen, depth + 1);
}

interface Wanted {
  readonly cid: CID;
  readonly scope: Scope;
  readonly range?: EntityBytes;
}

function wantedChildren(cid: CID, bytes: Uint8Array, scope: Scope, range: EntityBytes | undefined): Wanted[] {
  const node = cid.code === DAG_PB ? unixfsOf(bytes) : undefined;
  if (!node) return scope === 'all' ? childrenOf(cid, bytes).map((each) => ({ cid: each, scope })) : [];
  const { links, unixfs } = node;
  if (unixfs.type === 'file' || unixfs.type === 'raw') {
    const { from, to } = clamp(range, Number(unixfs.fileSize()));
    let at = unixfs.data?.length ?? 0;
    return links.flatMap((link, i) => {
      const start = at;
      at += Number(unixfs.blockSizes[i] ?? 0n);
      // A part is asked for with its own coordinates.
      return start > to || at <= from
        ? []
        : [{ cid: link.Hash, scope, ...(range && { range: { from: Math.max(0, from - start), to: to - start } }) }];
    });
  }
  if (scope === 'all') return links.map((link) => ({ cid: link.Hash, scope }));
  // Of an entity: the shards of a folder, whose links are named by two digits alone, but not what is in it.
  return unixfs.type === 'hamt-sharded-directory'
    ? links.filter((link) => link.Name?.length === 2).map((link) => ({ cid: link.Hash, scope }))
    : [];
}

function clamp(range: EntityBytes | undefined, size: number): { readonly from: number; readonly to: number } {
  const place = (at: number): number => (at < 0 ? Math.max(0, size + at) : at);
  return { from: place(range?.from ?? 0), to: range?.to === undefined ? size - 1 : place(range.to) };
}

/** A UnixFS node, or undefined if it is another dag-pb. */
export function unixfsOf(bytes: Uint8Array): { readonly links: readonly dagPb.PBLink[]; readonly unixfs: UnixFS } | undefined {
  try {
    const { Data, Links } = dagPb.decode(bytes);
    return Data && { links: Links, unixfs: UnixFS.unmarshal(Data) };
  } catch {
    return undefined;
  }
}

export function missingBlock(cid: CID): Problem {
  return new Problem('missing-block', `block ${cid.toString()} is not here`, 'Fetch it from another holder, or import a CAR that has it.');
}
