/**
 * The one map of the kernels' linear memory: every offset of every kernel is named here and nowhere else.
 *
 *     0 .. ARENA             state, buffers, scratch: zero at start. RAM on a board.
 *     ARENA .. end           data segments (generator tables, round constants), placed by asc --memoryBase ARENA. Flash on a board.
 *
 * In C both parts are arrays of their true size (assembly/native/mb_wasm_rt.h). A constant is read as `load<u32>(index, TABLE)`, with the
 * table as the immediate offset: that is how the build tells a load from flash, so that loads from RAM do not pay for the distinction.
 * Every load and store is at its natural alignment, and C tells the compiler so (byte-wise loads cost keccak 7 %).
 *
 * The curve owns CURVE .. ARENA and touches nothing else: its jobs run in a task of their own on a board, while hashes and AEAD run in turns.
 */

/** Octets of RAM: what an ESP32-C3 has to spare for kernels. */
export const ARENA: usize = 10240;

/** sha256 context: state 32, block 64, octets hashed 4. */
export const SHA256_SIZE: usize = 112;
/** HMAC context: states after the inner and the outer key block 2 x 32, running hash. */
export const HMAC_SIZE: usize = 64 + SHA256_SIZE;
/** keccak256 context: 25 bit-interleaved lanes (even half, odd half) 200, column parities 20, block 136, octets in the block 4. */
export const KECCAK_SIZE: usize = 368;

/** A running hash has a context of its own, so that one-shot hashes do not disturb it. */
export const KECCAK: usize = 0;
export const KECCAK_RUNNING: usize = KECCAK + KECCAK_SIZE;
/** The other set of lanes and parities while keccak256 permutes: 220. */
export const KECCAK_SCRATCH: usize = KECCAK_RUNNING + KECCAK_SIZE;
export const SHA256: usize = KECCAK_SCRATCH + 224;
export const SHA256_RUNNING: usize = SHA256 + SHA256_SIZE;
export const HMAC: usize = SHA256_RUNNING + SHA256_SIZE;

/** HKDF: previous output block T(i-1) 32, its number 4. */
export const HKDF: usize = HMAC + HMAC_SIZE;
/** ChaCha20's input state 64; Poly1305 52; octets of aad and text so far. */
export const CHACHA: usize = HKDF + 48;
export const POLY: usize = CHACHA + 64;
export const AAD_LENGTH: usize = POLY + 52;
export const TEXT_LENGTH: usize = AAD_LENGTH + 4;

/** AEAD: key 32 (wiped when used), nonce 12, expected tag 16. */
export const KEY: usize = TEXT_LENGTH + 4;
export const NONCE: usize = KEY + 32;
export const TAG: usize = NONCE + 16;
/** Result: a digest of 32 or a tag of 16 octets. */
export const OUT: usize = TAG + 16;

/** Data streams through here, a chunk at a time. */
export const INPUT: usize = (OUT + 32 + 7) & ~7;
export const CHUNK: u32 = 1024;

/** The curve's inputs and outputs: secret key 32 (wiped when used), digest 32, signature r, s, recovery id 65, public key 33. */
export const CURVE: usize = INPUT + CHUNK;
export const SECRET: usize = CURVE;
export const DIGEST: usize = SECRET + 32;
export const SIGNATURE: usize = DIGEST + 32;
export const POINT: usize = SIGNATURE + 68;
/** RFC 6979's HMAC. */
export const NONCE_HMAC: usize = POINT + 36;
/** Scratch of the curve, up to ARENA. */
export const CURVE_SCRATCH: usize = NONCE_HMAC + HMAC_SIZE;

/** One bounds check for a whole structure: the C compiler drops those of its parts. */
// @ts-ignore: decorator
@inline
export function within(at: usize, size: usize): void {
  if (at > ARENA - size) unreachable();
}
