/**
 * HMAC-SHA-256 (RFC 2104) over a context in linear memory (memory.ts): key, then start -> update* -> finish for each message.
 * The key costs two compressions once; each message then starts from the two states after it.
 */
import { SHA256_BLOCK, sha256Finish, sha256Resume, sha256Save, sha256Start, sha256Update } from './sha256';

const INNER: usize = 0;
const OUTER: usize = 32;
const RUNNING: usize = 64;

const INNER_PAD: u32 = 0x36363636;
const OUTER_PAD: u32 = 0x5c5c5c5c;

/** The state after the key block, each word of which is flipped first. */
function absorbKey(running: usize, flip: u32, state: usize): void {
  const block = running + SHA256_BLOCK;
  for (let i: usize = 0; i < 64; i += 4) store<u32>(block + i, load<u32>(block + i) ^ flip);
  sha256Start(running);
  sha256Update(running, block, 64);
  sha256Save(running, state);
}

/** length: at most 64; a longer key is replaced by its digest by the caller. */
export function hmacKey(context: usize, key: usize, length: u32): void {
  const running = context + RUNNING;
  const block = running + SHA256_BLOCK;
  memory.fill(block, 0, 64);
  memory.copy(block, key, length);
  absorbKey(running, INNER_PAD, context + INNER);
  absorbKey(running, INNER_PAD ^ OUTER_PAD, context + OUTER);
}

export function hmacStart(context: usize): void {
  sha256Resume(context + RUNNING, context + INNER);
}

export function hmacUpdate(context: usize, from: usize, length: u32): void {
  sha256Update(context + RUNNING, from, length);
}

/** out: 32 octets, 4-octet aligned. */
export function hmacFinish(context: usize, out: usize): void {
  const running = context + RUNNING;
  const digest = running + SHA256_BLOCK;
  sha256Finish(running, digest);
  sha256Resume(running, context + OUTER);
  sha256Update(running, digest, 32);
  sha256Finish(running, out);
}
