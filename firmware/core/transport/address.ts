import { sameOctets } from '../base/index.js';

/** An end of a message: a node, or a leaf (a phone, a sensor) attached to one. Both are 8-octet ids. */
export interface Address {
  readonly node: Uint8Array;
  readonly leaf?: Uint8Array;
}

export function sameAddress(a: Address, b: Address): boolean {
  if (!sameOctets(a.node, 0, b.node, 0, 8)) return false;
  if (a.leaf === undefined || b.leaf === undefined) return a.leaf === b.leaf;
  return sameOctets(a.leaf, 0, b.leaf, 0, 8);
}
