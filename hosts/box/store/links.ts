/** Which blocks a block points to, by its codec. */
import * as dagCbor from '@ipld/dag-cbor';
import * as dagJson from '@ipld/dag-json';
import * as dagPb from '@ipld/dag-pb';
import { createUnsafe } from 'multiformats/block';
import type { CID } from 'multiformats/cid';

const codecs = new Map<number, { readonly code: number; readonly decode: (bytes: Uint8Array) => unknown }>(
  [dagPb, dagCbor, dagJson].map((codec) => [codec.code, codec]),
);

/** In order, each once; a block that is not what its codec says points nowhere. */
export function childrenOf(cid: CID, bytes: Uint8Array): CID[] {
  const codec = codecs.get(cid.code);
  if (!codec) return [];
  try {
    const block = createUnsafe({ bytes, cid, codec: codec as never });
    return [...new Map([...block.links()].map(([, link]) => [link.toString(), link as CID])).values()];
  } catch {
    return [];
  }
}

/** As the index holds them. */
export function linksOf(cid: CID, bytes: Uint8Array): string[] {
  return childrenOf(cid, bytes).map(String);
}
