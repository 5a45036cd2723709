/** A key's three names: the key itself, the node id that messages go to, the address that the contract knows. */
import type { Hex } from 'viem';
import type { WasmCurveKernels } from '../../../assembly/wasm/index.js';
import type { Peer } from '../../../firmware/core/channel/index.js';
import type { Kernels } from '../../../firmware/core/ports/index.js';

/** Undefined if the 33 octets are no key. */
export function peerOf(key: Uint8Array, curve: WasmCurveKernels, hashes: Pick<Kernels, 'sha256' | 'keccak256'>): Peer | undefined {
  const affine = new Uint8Array(64);
  if (key.length !== 33 || !curve.decompress(affine, key)) return undefined;
  const digest = new Uint8Array(32);
  hashes.sha256(digest, key);
  const node = digest.slice(0, 8);
  hashes.keccak256(digest, affine);
  return { key, address: digest.slice(12), node };
}

export const octetsOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replace(/^0x/, ''), 'hex'));
export const hexOf = (octets: Uint8Array): Hex => `0x${Buffer.from(octets).toString('hex')}`;
