/**
 * ChaCha20-Poly1305 (RFC 8439, 2.8), streamed through INPUT: aeadStart, aeadAad*, then aeadSeal* or aeadOpen* in place, then aeadFinish
 * or aeadVerify. Every piece but the last of the aad, and but the last of the text, is a multiple of 64 octets; INPUT has room for the
 * last one's padding. What aeadOpen gives out counts only if aeadVerify then says so.
 */
import { chachaBlock, chachaStart } from './chacha20';
import { AAD_LENGTH, CHACHA, INPUT, KEY, NONCE, OUT, POLY, TAG, TEXT_LENGTH } from './memory';
import { polyBlocks, polyFinish, polyStart } from './poly1305';

/** KEY and NONCE are set; KEY is wiped. */
export function aeadStart(): void {
  chachaStart(KEY, NONCE);
  memory.fill(KEY, 0, 32);
  memory.fill(INPUT, 0, 64);
  chachaBlock(INPUT);
  polyStart(INPUT);
  memory.fill(INPUT, 0, 64);
  store<u32>(AAD_LENGTH, 0);
  store<u32>(TEXT_LENGTH, 0);
}

/** length octets at INPUT, padded with zeros to whole blocks. */
function authenticate(length: u32): void {
  const padding = -length & 15;
  memory.fill(INPUT + length, 0, padding);
  polyBlocks(INPUT, length + padding);
}

function crypt(length: u32): void {
  for (let at = INPUT; at < INPUT + length; at += 64) chachaBlock(at);
  store<u32>(TEXT_LENGTH, load<u32>(TEXT_LENGTH) + length);
}

export function aeadAad(length: u32): void {
  store<u32>(AAD_LENGTH, load<u32>(AAD_LENGTH) + length);
  authenticate(length);
}

export function aeadSeal(length: u32): void {
  crypt(length);
  authenticate(length);
}

export function aeadOpen(length: u32): void {
  authenticate(length);
  crypt(length);
}

/** The tag to OUT; leaves no key behind. */
export function aeadFinish(): void {
  memory.fill(INPUT, 0, 16);
  store<u32>(INPUT, load<u32>(AAD_LENGTH));
  store<u32>(INPUT, load<u32>(TEXT_LENGTH), 8);
  polyBlocks(INPUT, 16);
  polyFinish(OUT);
  memory.fill(CHACHA, 0, 64);
  memory.fill(POLY, 0, 52);
}

/** 1 if the tag is the one at TAG; compared in constant time. */
export function aeadVerify(): u32 {
  aeadFinish();
  let difference: u32 = 0;
  for (let i: usize = 0; i < 16; i += 4) difference |= load<u32>(OUT + i) ^ load<u32>(TAG + i);
  return u32(difference == 0);
}
