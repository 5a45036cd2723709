/** Seeded randomness of the simulated world. Every purpose has a stream of its own, named by words: one more draw here shifts nothing there. */
import { createHash } from 'node:crypto';
import { Prng } from '../../firmware/core/base/index.js';

export class RandomStream extends Prng {
  /** The stream that these words name: its seed is the first 16 octets of their sha256. */
  constructor(...words: readonly (string | number)[]) {
    super(createHash('sha256').update(words.join('/')).digest().subarray(0, 16));
  }

  /** In [0, 1). */
  unit(): number {
    return this.u32() / 0x1_0000_0000;
  }

  /** Standard normal deviate (Box and Muller, 1958). */
  gaussian(): number {
    return Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit());
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.u32() >>> 24);
  }

  /** In place (Fisher and Yates). */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i -= 1) {
      const j = this.below(i + 1);
      [items[i], items[j]] = [items[j]!, items[i]!];
    }
    return items;
  }
}
