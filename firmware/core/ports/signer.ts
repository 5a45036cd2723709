/** Signer: the only holder of secret key bytes. Everything is split-phase because a signature takes longer than a board's turn may. */
export interface Signer {
  /** 33-byte compressed secp256k1 public key. */
  publicKey(done: (key: Uint8Array) => void): void;
  /** 65 bytes r ‖ s ‖ recovery id over a 32-byte domain-separated digest; low S. */
  sign(digest: Uint8Array, done: (signature: Uint8Array) => void): void;
  /** 32 bytes: sha256 of the compressed shared point (BOLT-8). Undefined if the peer's key is not a point. */
  ecdh(peer: Uint8Array, done: (shared: Uint8Array | undefined) => void): void;
}
