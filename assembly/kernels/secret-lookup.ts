/**
 * Choosing a table entry by a secret: all 16 are read, and masks keep the one that is meant. Five secret bits name signs, 1 for plus, of the
 * five terms that an entry sums; entries have the fifth at plus, in the order of the other four, and their opposites have it at minus.
 */
import { PICK } from './curve-memory';
import { COMB } from './generator-table';
import { negateIf, P } from './words';

/** Bits of a choice, and entries of a table. */
export const CHOICE: u32 = 5;
export const ENTRIES: u32 = 16;

/** Where a table lies: a constant is reached by an immediate offset (memory.ts), which a type parameter chooses. */
export type InComb = i32;
export type InArena = u32;

// @ts-ignore: decorator
@inline
function origin<T>(): usize {
  return isSigned<T>() ? COMB : 0;
}

/** PICK = plus or minus the entry. x, y: where the first entry has its coordinates (y below p); stride: octets to the next. */
// @ts-ignore: decorator
@inline
export function pickSecret<T>(x: usize, y: usize, stride: usize, signs: u32): void {
  const minus = (signs >>> (CHOICE - 1)) - 1;
  const index = (signs ^ minus) & (ENTRIES - 1);
  let x0: u32 = 0;
  let x1: u32 = 0;
  let x2: u32 = 0;
  let x3: u32 = 0;
  let x4: u32 = 0;
  let x5: u32 = 0;
  let x6: u32 = 0;
  let x7: u32 = 0;
  let y0: u32 = 0;
  let y1: u32 = 0;
  let y2: u32 = 0;
  let y3: u32 = 0;
  let y4: u32 = 0;
  let y5: u32 = 0;
  let y6: u32 = 0;
  let y7: u32 = 0;
  for (let i: u32 = 0; i < ENTRIES; i += 1) {
    const mask = ((((i ^ index) - 1) as i32) >> 31) as u32;
    x7 |= load<u32>(x, origin<T>() + 28) & mask;
    x0 |= load<u32>(x, origin<T>()) & mask;
    x1 |= load<u32>(x, origin<T>() + 4) & mask;
    x2 |= load<u32>(x, origin<T>() + 8) & mask;
    x3 |= load<u32>(x, origin<T>() + 12) & mask;
    x4 |= load<u32>(x, origin<T>() + 16) & mask;
    x5 |= load<u32>(x, origin<T>() + 20) & mask;
    x6 |= load<u32>(x, origin<T>() + 24) & mask;
    y7 |= load<u32>(y, origin<T>() + 28) & mask;
    y0 |= load<u32>(y, origin<T>()) & mask;
    y1 |= load<u32>(y, origin<T>() + 4) & mask;
    y2 |= load<u32>(y, origin<T>() + 8) & mask;
    y3 |= load<u32>(y, origin<T>() + 12) & mask;
    y4 |= load<u32>(y, origin<T>() + 16) & mask;
    y5 |= load<u32>(y, origin<T>() + 20) & mask;
    y6 |= load<u32>(y, origin<T>() + 24) & mask;
    x += stride;
    y += stride;
  }
  store<u32>(PICK, x0);
  store<u32>(PICK, x1, 4);
  store<u32>(PICK, x2, 8);
  store<u32>(PICK, x3, 12);
  store<u32>(PICK, x4, 16);
  store<u32>(PICK, x5, 20);
  store<u32>(PICK, x6, 24);
  store<u32>(PICK, x7, 28);
  store<u32>(PICK, y0, 32);
  store<u32>(PICK, y1, 36);
  store<u32>(PICK, y2, 40);
  store<u32>(PICK, y3, 44);
  store<u32>(PICK, y4, 48);
  store<u32>(PICK, y5, 52);
  store<u32>(PICK, y6, 56);
  store<u32>(PICK, y7, 60);
  negateIf(PICK + 32, PICK + 32, P, minus);
}
