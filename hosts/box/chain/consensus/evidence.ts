/** Equivocation: what nobody who follows the rules ever signs, provable by two signatures alone. */
import { ByteWriter, hex } from '../../../../firmware/core/base/index.js';
import {
  ATTESTATION_MAX,
  decodeAttestation,
  decodeOuterHeader,
  encodeAttestation,
  type Attestation,
  type OuterHeader,
} from '../../../../firmware/core/wire/index.js';
import type { Evidence } from './block.js';
import { Hashes, headerOctets, sameLink, type ConsensusCrypto, type Link } from './hashes.js';

/** Two votes for one height, or one around the other (Casper's two commandments). */
export function conflicting(a: Link, b: Link): boolean {
  if (sameLink(a, b)) return false;
  const around = (outer: Link, inner: Link): boolean => outer.sourceNumber < inner.sourceNumber && inner.targetNumber < outer.targetNumber;
  return a.targetNumber === b.targetNumber || around(a, b) || around(b, a);
}

export function ofHeaders(one: OuterHeader, other: OuterHeader): Evidence {
  return { kind: 'header', one: headerOctets(one), other: headerOctets(other) };
}

export function ofAttestations(one: Attestation, other: Attestation): Evidence {
  return { kind: 'attestation', one: attestationOctets(one), other: attestationOctets(other) };
}

export function attestationOctets(attestation: Attestation): Uint8Array {
  const w = new ByteWriter(new Uint8Array(ATTESTATION_MAX));
  encodeAttestation(w, attestation);
  return w.written();
}

/** The key of who equivocated, or undefined if the evidence proves nothing. slotOf: slot of a header's time. */
export function offenderOf(
  { kind, one, other }: Evidence,
  hashes: Hashes,
  crypto: ConsensusCrypto,
  slotOf: (time: number) => number,
): Uint8Array | undefined {
  const keys = kind === 'header' ? headers(one, other, hashes, crypto, slotOf) : attestations(one, other, hashes, crypto);
  return keys && keys[0] && keys[1] && hex(keys[0]) === hex(keys[1]) ? keys[0] : undefined;
}

type Pair = readonly [Uint8Array | undefined, Uint8Array | undefined];

function headers(
  one: Uint8Array,
  other: Uint8Array,
  hashes: Hashes,
  crypto: ConsensusCrypto,
  slotOf: (time: number) => number,
): Pair | undefined {
  const [a, b] = [decodeOuterHeader(one, 0, one.length), decodeOuterHeader(other, 0, other.length)];
  if (typeof a === 'number' || typeof b === 'number' || slotOf(a.time) !== slotOf(b.time)) return undefined;
  const [hashA, hashB] = [Hashes.header(crypto, a), Hashes.header(crypto, b)];
  if (hex(hashA) === hex(hashB)) return undefined;
  return [crypto.recoverKey(a.seal, hashes.seal(hashA)), crypto.recoverKey(b.seal, hashes.seal(hashB))];
}

function attestations(one: Uint8Array, other: Uint8Array, hashes: Hashes, crypto: ConsensusCrypto): Pair | undefined {
  const [a, b] = [decodeAttestation(one, 0, one.length), decodeAttestation(other, 0, other.length)];
  if (typeof a === 'number' || typeof b === 'number' || !conflicting(a, b)) return undefined;
  return [crypto.recoverKey(a.signature, hashes.attestation(a)), crypto.recoverKey(b.signature, hashes.attestation(b))];
}
