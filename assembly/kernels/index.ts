/** Everything the wasm module `kernels` exports. Parameters and results lie at the offsets of memory.ts. */
export { ARENA, CHUNK, INPUT, OUT, KEY, NONCE, TAG, KECCAK, KECCAK_RUNNING, SHA256, SHA256_RUNNING, HMAC } from './memory';
export { sha256Start, sha256Update, sha256Finish } from './sha256';
export { keccakStart, keccakUpdate, keccakFinish } from './keccak256';
export { hmacKey, hmacStart, hmacUpdate, hmacFinish } from './hmac';
export { hkdfExtract, hkdfStart, hkdfFinish } from './hkdf';
export { aeadStart, aeadAad, aeadSeal, aeadOpen, aeadFinish, aeadVerify } from './chacha20-poly1305';
export { SECRET, DIGEST, SIGNATURE, POINT } from './memory';
export { AFFINE, BATCH, BATCH_MOST } from './curve-memory';
export { secpPublicKey, secpSign, secpSignBatch, secpVerify, secpRecover, secpEcdh, secpDecompress, secpCompress } from './secp256k1';
export { SECP_OK, SECP_BAD_SECRET, SECP_BAD_POINT, SECP_BAD_SIGNATURE, SECP_HIGH_S, SECP_MISMATCH, SECP_BAD_COUNT } from './secp256k1';
