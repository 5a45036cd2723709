/** Addresses as the API writes them: `node` or `node/leaf`, ids in lower-case hexadecimal. */
import { hex } from '../../../firmware/core/base/index.js';
import type { Address } from '../../../firmware/core/transport/index.js';
import { Problem } from '../../node/index.js';

export function addressText({ node, leaf }: Address): string {
  return leaf === undefined ? hex(node) : `${hex(node)}/${hex(leaf)}`;
}

/** Fails with a Problem `bad-address`. */
export function parseAddress(text: string): Address {
  const [, node, leaf] = /^([0-9a-f]{16})(?:\/([0-9a-f]{16}))?$/.exec(text) ?? [];
  if (node === undefined)
    throw new Problem('bad-address', `"${text}" is not an address`, 'Give a node id of 16 hexadecimal digits, or node/leaf.');
  return leaf === undefined ? { node: fromHex(node) } : { node: fromHex(node), leaf: fromHex(leaf) };
}

export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
