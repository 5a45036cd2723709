/**
 * Private key derivation of BIP-32 over the project's one curve. The library for it, @scure/bip32, brings a second implementation of the curve, a third of the
 * app's first load; the tests hold this against it.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { getPublicKey, Point } from '@noble/secp256k1';

const N = Point.CURVE().n;
/** Indices from here on are hardened. */
const HARDENED = 0x8000_0000;

/** Secret at the path below the seed (BIP-39's 64 octets). A child above the group order, of probability 2^-127, is an error as BIP-32 says. */
export function deriveSecret(seed: Uint8Array, path: readonly number[]): Uint8Array {
  let node = hmac(sha512, ascii('Bitcoin seed'), seed);
  for (const index of path) {
    const secret = node.subarray(0, 32);
    const data = new Uint8Array(37);
    if (index >= HARDENED) data.set(secret, 1);
    else data.set(getPublicKey(secret, true));
    new DataView(data.buffer).setUint32(33, index);
    const child = hmac(sha512, node.subarray(32), data);
    const tweak = toNumber(child.subarray(0, 32));
    const sum = (tweak + toNumber(secret)) % N;
    if (tweak >= N || sum === 0n) throw new RangeError('BIP-32: no key at this path');
    child.set(fromNumber(sum));
    node = child;
  }
  return node.slice(0, 32);
}

/** m/44'/60'/0'/0/0: the first account of an Ethereum wallet. */
export const ETHEREUM_PATH: readonly number[] = [HARDENED + 44, HARDENED + 60, HARDENED, 0, 0];

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

const toNumber = (bytes: Uint8Array): bigint => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

function fromNumber(value: bigint): Uint8Array {
  const bytes = new Uint8Array(32);
  for (let i = 31, rest = value; i >= 0; i -= 1, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}
