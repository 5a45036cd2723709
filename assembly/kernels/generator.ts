/**
 * Multiples of the generator with a secret scalar: a signed comb (Hamburg, "Fast and compact elliptic-curve cryptography", 2012, section 3.3;
 * bitcoin-core/secp256k1, ecmult_gen) of 4 blocks with 5 teeth at distance 13, 260 bits in all.
 *
 *     k = sum of +-2^i over the 260 bits i of d (1 is plus), with d = (k + 2^260 - 1) / 2 modulo n
 *
 * Row by row, from the highest, each block adds one entry: the sum of its five teeth with their signs. No digit is ever 0.
 * 51 additions and 12 doublings; other shapes were measured in README.md. Constant time.
 */
import { PICK, SCALAR_WIDE, SUM } from './curve-memory';
import { pointAddSecret, pointDouble, setOne, Y, Z } from './point';
import { scAdd, scHalve } from './scalar';
import { CHOICE, ENTRIES, InComb, pickSecret } from './secret-lookup';
import { copy } from './words';

const BLOCKS: u32 = 4;
const SPACING: i32 = 13;

/** (2^260 - 1) / 2 modulo n. */
// prettier-ignore
const HALF_OF_ONES: usize = memory.data<u32>([
  0xe6691698, 0xe1563adf, 0xdd5f4e3f, 0x87e0873d, 0x00000009, 0x00000000, 0x00000000, 0x80000000,
]);

/** The signs of a block's teeth in a row. */
function teeth(d: usize, block: u32, row: i32): u32 {
  let signs: u32 = 0;
  for (let tooth: u32 = 0; tooth < CHOICE; tooth += 1) {
    const bit = (block * CHOICE + tooth) * (SPACING as u32) + (row as u32);
    signs |= ((load<u32>(d + ((bit >>> 5) << 2)) >>> (bit & 31)) & 1) << tooth;
  }
  return signs;
}

/** SUM = k G; infinity for 0. */
export function multiplyGenerator(k: usize): void {
  const d = SCALAR_WIDE;
  for (let i: usize = 0; i < 32; i += 4) store<u32>(PICK + i, load<u32>(i, HALF_OF_ONES));
  scHalve(d, k);
  scAdd(d, d, PICK);
  store<u32>(d, 0, 32); // bits 256 to 259
  for (let row: i32 = SPACING - 1; row >= 0; row -= 1) {
    if (row < SPACING - 1) pointDouble(SUM);
    for (let block: u32 = 0; block < BLOCKS; block += 1) {
      const at: usize = block * ENTRIES * 64;
      pickSecret<InComb>(at, at + Y, 64, teeth(d, block, row));
      if (row == SPACING - 1 && block == 0) {
        copy(SUM, PICK);
        copy(SUM + Y, PICK + Y);
        setOne(SUM + Z);
      } else pointAddSecret(SUM, PICK, PICK + Y);
    }
  }
}
