/**
 * UnixFS of a file that stays whole on disk: the tree of dag-pb nodes over its leaves, made from their hashes alone, so that the root is the CID that
 * IPFS gives the same octets. Profile `unixfs-v1-2025` (IPIP-499): CIDv1, sha2-256, raw leaves of 1 MiB, balanced, 1,024 links a node; a file
 * of one leaf is that leaf.
 */
import { encode, prepare } from '@ipld/dag-pb';
import { UnixFS } from 'ipfs-unixfs';
import { CID } from 'multiformats/cid';
import { create as multihash } from 'multiformats/hashes/digest';
import crypto from 'node:crypto';

/** Octets of a leaf, and links of an inner node: the profile's. */
export const LEAF = 1024 * 1024;
export const LINKS = 1_024;
/** Octets of a piece: what a range read checks and a lossy link loses. 64 KiB ranges read ten times as fast as by whole leaves (measured 265 and 27 MB/s). */
export const PIECE = 64 * 1024;
export const HASH = 32;

const SHA2_256 = 0x12;
export const RAW = 0x55;
export const DAG_PB = 0x70;

export interface Block {
  readonly cid: CID;
  readonly bytes: Uint8Array;
}

export interface Tree {
  readonly root: CID;
  /** Sum of the octets of all blocks below and with the root: the Tsize of a link to it. */
  readonly size: number;
  readonly nodes: readonly Block[];
}

/** @param leaves the sha256 of each leaf, one after the other */
export function treeOf(leaves: Uint8Array, octets: number, shape = { leaf: LEAF, links: LINKS }): Tree {
  interface Link {
    readonly cid: CID;
    readonly octets: number;
    readonly size: number;
  }
  let level: Link[] = [];
  for (let i = 0; i * HASH < leaves.length; i += 1) {
    const size = Math.min(shape.leaf, octets - i * shape.leaf);
    level.push({ cid: cidOf(leaves.subarray(i * HASH, (i + 1) * HASH), RAW), octets: size, size });
  }
  const nodes: Block[] = [];
  while (level.length > 1) {
    const above: Link[] = [];
    for (let at = 0; at < level.length; at += shape.links) {
      const links = level.slice(at, at + shape.links);
      const file = new UnixFS({ type: 'file' });
      for (const link of links) file.addBlockSize(BigInt(link.octets));
      const Links = links.map((link) => ({ Name: '', Tsize: link.size, Hash: link.cid }));
      const bytes = encode(prepare({ Data: file.marshal(), Links }));
      const cid = cidOf(sha256(bytes), DAG_PB);
      nodes.push({ cid, bytes });
      above.push({ cid, octets: sum(links, 'octets'), size: bytes.length + sum(links, 'size') });
    }
    level = above;
  }
  return { root: level[0]!.cid, size: level[0]!.size, nodes };
}

export function cidOf(digest: Uint8Array, codec: number): CID {
  return CID.createV1(codec, multihash(SHA2_256, digest));
}

/** In one call where Node has it (from 20.12): pieces hash a fifth faster. */
export const sha256: (bytes: Uint8Array) => Buffer =
  typeof crypto.hash === 'function'
    ? (bytes) => crypto.hash('sha256', bytes, 'buffer')
    : (bytes) => crypto.createHash('sha256').update(bytes).digest();

/** A CID in its usual text (base32 CIDv1), or undefined if the text is none. */
export function parseCid(text: string): CID | undefined {
  try {
    return CID.parse(text);
  } catch {
    return undefined;
  }
}

/** Hashes of foreign blocks by their multihash code, as Node calls them. */
const hashes = new Map([
  [SHA2_256, 'sha256'],
  [0x13, 'sha512'],
  [0x14, 'sha3-512'],
  [0x16, 'sha3-256'],
]);

/** True if the octets have the CID's hash; undefined if the hash is one that we do not know. */
export function fits(cid: CID, bytes: Uint8Array): boolean | undefined {
  const { code, digest } = cid.multihash;
  if (code === 0) return Buffer.compare(digest, bytes) === 0;
  const name = hashes.get(code);
  return name === undefined ? undefined : Buffer.compare(digest, crypto.createHash(name).update(bytes).digest()) === 0;
}

/** A file of one leaf, whoever stores it first. */
export function isLeaf(cid: CID, octets: number): boolean {
  return cid.code === RAW && cid.version === 1 && cid.multihash.code === SHA2_256 && octets <= LEAF;
}

function sum<K extends string>(items: readonly Readonly<Record<K, number>>[], key: K): number {
  return items.reduce((total, item) => total + item[key], 0);
}
