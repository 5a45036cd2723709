import { CodedError } from '../base/index.js';

/** Most blocks of a file: the missing bits of one answer. */
export const BLOCKS_MAX = 8192;

/** Which blocks of a file are wanted still: a bit per block, most significant first, 1 is missing; the form of `file-answer.missing`. */
export class BlockMap {
  readonly bits: Uint8Array;
  readonly blocks: number;
  missing: number;

  constructor(blocks: number) {
    if (blocks < 1 || blocks > BLOCKS_MAX) throw new CodedError('block-map', `a file has 1 to ${BLOCKS_MAX} blocks, not ${blocks}`);
    this.blocks = blocks;
    this.bits = new Uint8Array((blocks + 7) >> 3);
    this.missing = 0;
    this.fill();
  }

  /** All missing. */
  fill(): void {
    this.bits.fill(0xff);
    const unused = this.bits.length * 8 - this.blocks;
    this.bits[this.bits.length - 1] = (0xff << unused) & 0xff;
    this.missing = this.blocks;
  }

  /** Takes the other's bits; false if they are of another length. What lies beyond the last block is ignored. */
  load(bits: Uint8Array): boolean {
    if (bits.length !== this.bits.length) return false;
    this.fill();
    for (let block = 0; block < this.blocks; block += 1) if ((bits[block >> 3]! & (0x80 >> (block & 7))) === 0) this.clear(block);
    return true;
  }

  isMissing(block: number): boolean {
    return (this.bits[block >> 3]! & (0x80 >> (block & 7))) !== 0;
  }

  clear(block: number): void {
    if (!this.isMissing(block)) return;
    this.bits[block >> 3]! &= ~(0x80 >> (block & 7));
    this.missing -= 1;
  }

  /** The first missing block at or after `from`, or -1. */
  next(from: number): number {
    for (let block = from; block < this.blocks; block += 1) if (this.isMissing(block)) return block;
    return -1;
  }
}
