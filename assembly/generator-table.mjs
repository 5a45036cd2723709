/**
 * Writes kernels/generator-table.ts: the multiples of the generator that the kernels keep as constants. Run by hand when a shape changes;
 * test/kernels/secp256k1.test.ts recomputes every entry.
 *
 *   node assembly/generator-table.mjs
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Point } from '@noble/secp256k1';

/** kernels/generator.ts and kernels/secret-lookup.ts. */
const BLOCKS = 4;
const TEETH = 5;
const SPACING = 13;
/** Window of the generator's wNAF in kernels/multiples.ts. */
const ODD_WINDOW = 7;

const order = Point.CURVE().n;
const multiple = (k) => Point.BASE.multiplyUnsafe(((k % order) + order) % order).toAffine();

function comb() {
  const entries = [];
  for (let block = 0; block < BLOCKS; block += 1)
    for (let signs = 0; signs < 1 << (TEETH - 1); signs += 1) {
      let k = 0n;
      for (let tooth = 0; tooth < TEETH; tooth += 1) {
        const weight = 1n << BigInt((block * TEETH + tooth) * SPACING);
        k += tooth === TEETH - 1 || (signs >> tooth) & 1 ? weight : -weight;
      }
      entries.push(multiple(k));
    }
  return entries;
}

const odd = () => Array.from({ length: 1 << (ODD_WINDOW - 2) }, (_, i) => multiple(BigInt(2 * i + 1)));

const words = (value) =>
  Array.from({ length: 8 }, (_, i) => `0x${((value >> BigInt(32 * i)) & 0xffffffffn).toString(16).padStart(8, '0')}`);
const lines = (entries) =>
  entries
    .flatMap(({ x, y }) => [x, y])
    .map((value) => `  ${words(value).join(', ')},\n`)
    .join('');

const text = `/** Written by assembly/generator-table.mjs: do not edit. Affine points, x then y, eight words each (words.ts). */

/** Signed comb of ${BLOCKS} blocks, ${TEETH} teeth, spacing ${SPACING} (generator.ts). */
// prettier-ignore
export const COMB: usize = memory.data<u32>([
${lines(comb())}]);

/** Odd multiples for a wNAF of this window (multiples.ts). */
export const ODD_WINDOW: u32 = ${ODD_WINDOW};
// prettier-ignore
export const ODD: usize = memory.data<u32>([
${lines(odd())}]);
`;
await writeFile(fileURLToPath(new URL('kernels/generator-table.ts', import.meta.url)), text);
