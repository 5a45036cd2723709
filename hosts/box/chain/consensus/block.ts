/** A block as boxes hand it on: outer header, payload of the execution engine, and what its body says to consensus. RLP, so that its size has no bound but MAX. */
import { RLP } from '@ethereumjs/rlp';
import { ByteWriter } from '../../../../firmware/core/base/index.js';
import {
  CERTIFICATE_MAX,
  decodeCertificate,
  decodeOuterHeader,
  encodeCertificate,
  OUTER_HEADER_SIZE,
  type Certificate,
  type OuterHeader,
} from '../../../../firmware/core/wire/index.js';
import { headerOctets } from './hashes.js';

/** 30 million gas of calldata at 4 a zero octet are 7.5 MB. */
export const BLOCK_MAX = 8 * 2 ** 20;
/** Proofs of equivocation in one block: more wait for the next. */
export const EVIDENCE_MAX = 4;

/** Two headers, or two attestations, that one key signed and may not have signed both. */
export interface Evidence {
  readonly kind: 'header' | 'attestation';
  readonly one: Uint8Array;
  readonly other: Uint8Array;
}

export interface ChainBlock {
  readonly header: OuterHeader;
  /** RLP of the block of the execution engine. */
  readonly payload: Uint8Array;
  /** Of the newest justified ancestor that the chain does not hold yet. */
  readonly certificate?: Certificate;
  readonly evidence: readonly Evidence[];
}

export function encodeBlock({ header, payload, certificate, evidence }: ChainBlock): Uint8Array {
  return RLP.encode([
    headerOctets(header),
    payload,
    certificate ? certificateOctets(certificate) : new Uint8Array(0),
    evidence.map(({ kind, one, other }) => [Uint8Array.of(kind === 'header' ? 1 : 2), one, other]),
  ]);
}

/** The block, or why it is none. */
export function decodeBlock(octets: Uint8Array): ChainBlock | string {
  if (octets.length > BLOCK_MAX) return `a block has at most ${BLOCK_MAX} octets`;
  let parts: unknown;
  try {
    parts = RLP.decode(octets);
  } catch {
    return 'a block is no RLP';
  }
  if (!Array.isArray(parts) || parts.length !== 4) return 'a block has four parts';
  const [head, payload, proof, list] = parts as unknown[];
  if (!(head instanceof Uint8Array) || !(payload instanceof Uint8Array) || !(proof instanceof Uint8Array) || !Array.isArray(list))
    return 'a part of the block has another shape';
  const header = decodeOuterHeader(head, 0, head.length);
  if (typeof header === 'number') return `the header has ${OUTER_HEADER_SIZE} octets`;
  const certificate = proof.length === 0 ? undefined : decodeCertificate(proof, 0, proof.length);
  if (typeof certificate === 'number') return 'the certificate cannot be read';
  if (list.length > EVIDENCE_MAX) return `more than ${EVIDENCE_MAX} proofs of equivocation`;
  const evidence: Evidence[] = [];
  for (const item of list as unknown[]) {
    const [kind, one, other] = Array.isArray(item) ? (item as unknown[]) : [];
    if (!(kind instanceof Uint8Array) || !(one instanceof Uint8Array) || !(other instanceof Uint8Array) || (kind[0] !== 1 && kind[0] !== 2))
      return 'a proof of equivocation has another shape';
    evidence.push({ kind: kind[0] === 1 ? 'header' : 'attestation', one, other });
  }
  return { header, payload, evidence, ...(certificate && { certificate }) };
}

export function certificateOctets(certificate: Certificate): Uint8Array {
  const w = new ByteWriter(new Uint8Array(CERTIFICATE_MAX));
  encodeCertificate(w, certificate);
  return w.written();
}
