/** Point multiplications and randomness where they are quick enough to answer within the turn that asks. */
import { randomBytes } from 'node:crypto';
import type { CurveKernels, InlineCrypto, Kernels, Signer } from '../../firmware/core/ports/index.js';

export interface InlineCryptoOptions {
  readonly curve: CurveKernels;
  readonly hashes: Pick<Kernels, 'sha256'>;
  /** sha256 of the compressed shared point of the node's static key and a peer's; undefined if that is no point. */
  readonly ownEcdh: (peer: Uint8Array) => Uint8Array | undefined;
  readonly random: (octets: number) => Uint8Array;
}

export function inlineCrypto({ curve, hashes, ownEcdh, random }: InlineCryptoOptions): InlineCrypto {
  return {
    random,
    run(job) {
      if (job.type === 'own-ecdh') return ownEcdh(job.peer);
      const point = new Uint8Array(33);
      if (job.type === 'public-key') return curve.publicKey(point, job.secret) ? point : undefined;
      return sharedSecret({ curve, hashes }, job.secret, job.peer);
    },
  };
}

/** BOLT 8: sha256 of the compressed shared point. */
export function sharedSecret(
  { curve, hashes }: Pick<InlineCryptoOptions, 'curve' | 'hashes'>,
  secret: Uint8Array,
  peer: Uint8Array,
): Uint8Array | undefined {
  const point = new Uint8Array(33);
  if (!curve.ecdh(point, secret, peer)) return undefined;
  const shared = new Uint8Array(32);
  hashes.sha256(shared, point);
  return shared;
}

/** Of a node whose static key is behind a signer that answers at once. */
export function signerCrypto(signer: Signer, tools: Pick<InlineCryptoOptions, 'curve' | 'hashes'>): InlineCrypto {
  const ownEcdh = (peer: Uint8Array): Uint8Array | undefined => {
    let shared: Uint8Array | undefined;
    signer.ecdh(peer, (answer) => (shared = answer));
    return shared;
  };
  return inlineCrypto({ ...tools, ownEcdh, random: (octets) => new Uint8Array(randomBytes(octets)) });
}
