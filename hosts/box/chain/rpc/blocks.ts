/** Which block a tool means. */
import type { Block } from '@ethereumjs/block';
import { hex } from '../../../../firmware/core/base/index.js';
import type { Chain } from '../chain.js';
import type { TreeNode } from '../consensus/index.js';
import { invalid, readOctets, readQuantity, RpcError } from './values.js';

export interface Found {
  /** Of the outer header. */
  readonly hash: Uint8Array;
  readonly block: Block;
}

/** tag: a number, `latest`, `safe`, `finalized`, `earliest`, `pending`, or EIP-1898's object. Undefined if there is none. */
export function findBlock(chain: Chain, tag: unknown): Found | undefined {
  if (typeof tag === 'object' && tag !== null) {
    const { blockHash, blockNumber } = tag as { blockHash?: unknown; blockNumber?: unknown };
    return blockHash === undefined ? findBlock(chain, blockNumber) : findByHash(chain, readOctets(blockHash, 'blockHash', 32));
  }
  const node = named(chain, tag);
  if (node) return { hash: node.hash, block: chain.payload(node) };
  const hash = chain.canonical(Number(readQuantity(tag, 'the block number')));
  const block = hash && chain.payloadOf(hash);
  return block && { hash: hash, block };
}

function named(chain: Chain, tag: unknown): TreeNode | undefined {
  switch (tag) {
    case undefined:
    case null:
    case 'latest':
    case 'pending':
      return chain.head;
    case 'safe':
      return chain.head.justified;
    case 'finalized':
      return chain.final;
    case 'earliest': {
      const hash = chain.canonical(0);
      return hash && ({ hash, name: hex(hash) } as TreeNode);
    }
    default:
      return undefined;
  }
}

/** Canonical blocks only, as other nodes answer. */
export function findByHash(chain: Chain, payload: Uint8Array): Found | undefined {
  const hash = chain.headerOf(payload);
  const block = hash && chain.payloadOf(hash);
  if (!block || hex(chain.canonical(Number(block.header.number)) ?? Uint8Array.of()) !== hex(hash)) return undefined;
  return { hash, block };
}

/** The block of a question about a state. Fails if there is none, or its state is pruned. */
export function stateBlock(chain: Chain, tag: unknown): Found {
  const found = findBlock(chain, tag);
  if (!found) throw invalid('there is no such block');
  if (!chain.engine.hasState(found.block.header.stateRoot))
    throw new RpcError(4444, `the state of block ${found.block.header.number} is pruned; ask for one of the last blocks`);
  return found;
}
