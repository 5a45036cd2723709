/**
 * Deterministic nonces (RFC 6979, section 3.2) with HMAC-SHA-256 for a group of 256 bits: steps b to g once, then one candidate per call.
 * No branch and no address depends on the secret.
 */
import { hmacFinish, hmacKey, hmacStart, hmacUpdate } from './hmac';
import { NONCE_HMAC } from './memory';
import { NONCE_KEY, NONCE_SEED } from './curve-memory';
import { fromOctets, toOctets } from './words';

/** NONCE_SEED is V 32, a marker octet, int2octets(x) 32, bits2octets(h) 32. */
const MARKER: usize = NONCE_SEED + 32;
const X: usize = NONCE_SEED + 33;
const H: usize = NONCE_SEED + 65;
const SEED_SIZE: u32 = 97;

/** out = HMAC_K(NONCE_SEED[0 .. length]). */
function mac(out: usize, length: u32): void {
  hmacStart(NONCE_HMAC);
  hmacUpdate(NONCE_HMAC, NONCE_SEED, length);
  hmacFinish(NONCE_HMAC, out);
}

/** K = HMAC_K(the first `length` octets), V = HMAC_K(V). */
function turn(length: u32): void {
  mac(NONCE_KEY, length);
  hmacKey(NONCE_HMAC, NONCE_KEY, 32);
  mac(NONCE_SEED, 32);
}

/** For the secret and the digest, both scalars below n. */
export function nonceStart(secret: usize, digest: usize): void {
  memory.fill(NONCE_SEED, 1, 32);
  memory.fill(NONCE_KEY, 0, 32);
  toOctets(X, secret);
  toOctets(H, digest);
  hmacKey(NONCE_HMAC, NONCE_KEY, 32);
  store<u8>(MARKER, 0);
  turn(SEED_SIZE);
  store<u8>(MARKER, 1);
  turn(SEED_SIZE);
}

/** The next candidate. */
export function nonceNext(r: usize): void {
  mac(NONCE_SEED, 32);
  fromOctets(r, NONCE_SEED);
}

/** The candidate was not fit: step h.3. */
export function nonceRefuse(): void {
  store<u8>(MARKER, 0);
  turn(33);
}
