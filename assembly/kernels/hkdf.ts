/**
 * HKDF-SHA-256 (RFC 5869): hmacKey(salt), hmacStart, hmacUpdate(input key)*, hkdfExtract, then for each block of 32 octets
 * hkdfStart, hkdfUpdate(info)*, hkdfFinish. The HMAC key must be at HMAC.
 */
import { HKDF, HMAC } from './memory';
import { hmacFinish, hmacKey, hmacStart, hmacUpdate } from './hmac';

/** T(i-1), or the pseudorandom key before the first block. */
const BLOCK: usize = HKDF;
const NUMBER: usize = HKDF + 32;

export function hkdfExtract(): void {
  hmacFinish(HMAC, BLOCK);
  hmacKey(HMAC, BLOCK, 32);
  store<u32>(NUMBER, 0);
}

export function hkdfStart(): void {
  hmacStart(HMAC);
  if (load<u32>(NUMBER) > 0) hmacUpdate(HMAC, BLOCK, 32);
}

/** out: 32 octets, 4-octet aligned. */
export function hkdfFinish(out: usize): void {
  store<u32>(NUMBER, load<u32>(NUMBER) + 1);
  hmacUpdate(HMAC, NUMBER, 1);
  hmacFinish(HMAC, BLOCK);
  memory.copy(out, BLOCK, 32);
}
