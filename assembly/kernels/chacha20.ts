/** ChaCha20 (RFC 8439, 2.1 to 2.4) over the input state at CHACHA; its counter is the 13th word. */
import { CHACHA, within } from './memory';

/** 64 octets as little-endian words. */
@unmanaged
class Block {
  x0: u32;
  x1: u32;
  x2: u32;
  x3: u32;
  x4: u32;
  x5: u32;
  x6: u32;
  x7: u32;
  x8: u32;
  x9: u32;
  x10: u32;
  x11: u32;
  x12: u32;
  x13: u32;
  x14: u32;
  x15: u32;
}

/** key 32, nonce 12 octets, both 4-octet aligned; the counter starts at 0. */
export function chachaStart(key: usize, nonce: usize): void {
  const state = changetype<Block>(CHACHA);
  state.x0 = 0x61707865;
  state.x1 = 0x3320646e;
  state.x2 = 0x79622d32;
  state.x3 = 0x6b206574;
  memory.copy(CHACHA + 16, key, 32);
  state.x12 = 0;
  memory.copy(CHACHA + 52, nonce, 12);
}

/** Add the next 64 octets of the key stream to those at `at` (4-octet aligned). */
export function chachaBlock(at: usize): void {
  within(at, 64);
  const state = changetype<Block>(CHACHA);
  const text = changetype<Block>(at);
  let x0 = state.x0;
  let x1 = state.x1;
  let x2 = state.x2;
  let x3 = state.x3;
  let x4 = state.x4;
  let x5 = state.x5;
  let x6 = state.x6;
  let x7 = state.x7;
  let x8 = state.x8;
  let x9 = state.x9;
  let x10 = state.x10;
  let x11 = state.x11;
  let x12 = state.x12;
  let x13 = state.x13;
  let x14 = state.x14;
  let x15 = state.x15;
  for (let i = 0; i < 10; i += 1) {
    x0 += x4;
    x12 = rotl(x12 ^ x0, 16);
    x8 += x12;
    x4 = rotl(x4 ^ x8, 12);
    x0 += x4;
    x12 = rotl(x12 ^ x0, 8);
    x8 += x12;
    x4 = rotl(x4 ^ x8, 7);
    x1 += x5;
    x13 = rotl(x13 ^ x1, 16);
    x9 += x13;
    x5 = rotl(x5 ^ x9, 12);
    x1 += x5;
    x13 = rotl(x13 ^ x1, 8);
    x9 += x13;
    x5 = rotl(x5 ^ x9, 7);
    x2 += x6;
    x14 = rotl(x14 ^ x2, 16);
    x10 += x14;
    x6 = rotl(x6 ^ x10, 12);
    x2 += x6;
    x14 = rotl(x14 ^ x2, 8);
    x10 += x14;
    x6 = rotl(x6 ^ x10, 7);
    x3 += x7;
    x15 = rotl(x15 ^ x3, 16);
    x11 += x15;
    x7 = rotl(x7 ^ x11, 12);
    x3 += x7;
    x15 = rotl(x15 ^ x3, 8);
    x11 += x15;
    x7 = rotl(x7 ^ x11, 7);
    x0 += x5;
    x15 = rotl(x15 ^ x0, 16);
    x10 += x15;
    x5 = rotl(x5 ^ x10, 12);
    x0 += x5;
    x15 = rotl(x15 ^ x0, 8);
    x10 += x15;
    x5 = rotl(x5 ^ x10, 7);
    x1 += x6;
    x12 = rotl(x12 ^ x1, 16);
    x11 += x12;
    x6 = rotl(x6 ^ x11, 12);
    x1 += x6;
    x12 = rotl(x12 ^ x1, 8);
    x11 += x12;
    x6 = rotl(x6 ^ x11, 7);
    x2 += x7;
    x13 = rotl(x13 ^ x2, 16);
    x8 += x13;
    x7 = rotl(x7 ^ x8, 12);
    x2 += x7;
    x13 = rotl(x13 ^ x2, 8);
    x8 += x13;
    x7 = rotl(x7 ^ x8, 7);
    x3 += x4;
    x14 = rotl(x14 ^ x3, 16);
    x9 += x14;
    x4 = rotl(x4 ^ x9, 12);
    x3 += x4;
    x14 = rotl(x14 ^ x3, 8);
    x9 += x14;
    x4 = rotl(x4 ^ x9, 7);
  }
  text.x15 ^= x15 + state.x15;
  text.x14 ^= x14 + state.x14;
  text.x13 ^= x13 + state.x13;
  text.x12 ^= x12 + state.x12;
  text.x11 ^= x11 + state.x11;
  text.x10 ^= x10 + state.x10;
  text.x9 ^= x9 + state.x9;
  text.x8 ^= x8 + state.x8;
  text.x7 ^= x7 + state.x7;
  text.x6 ^= x6 + state.x6;
  text.x5 ^= x5 + state.x5;
  text.x4 ^= x4 + state.x4;
  text.x3 ^= x3 + state.x3;
  text.x2 ^= x2 + state.x2;
  text.x1 ^= x1 + state.x1;
  text.x0 ^= x0 + state.x0;
  state.x12 += 1;
}
