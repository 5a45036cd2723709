/**
 * Asymmetric work beside the turns: a machine asks for it by an effect (`crypto-job`) and gets the answer as an input (`crypto-done`). Inline on Node,
 * a lower-priority task on a board. The static secret stays behind the Signer; an ephemeral one is the asker's own and travels in the job.
 */
export type CryptoJob =
  /** Answer: 33 octets; undefined if the secret is no scalar. */
  | { readonly type: 'public-key'; readonly secret: Uint8Array }
  /** Answer: sha256 of the compressed shared point, 32 octets; undefined if the peer's key is no point. */
  | { readonly type: 'ecdh'; readonly secret: Uint8Array; readonly peer: Uint8Array }
  /** The same with the node's static key, by its Signer. */
  | { readonly type: 'own-ecdh'; readonly peer: Uint8Array };

export interface CryptoJobs {
  run(job: CryptoJob, done: (answer: Uint8Array | undefined) => void): void;
}

/** Where nothing has to wait: answers at once, within the turn that asks. */
export interface InlineCrypto {
  random(octets: number): Uint8Array;
  run(job: CryptoJob): Uint8Array | undefined;
}
