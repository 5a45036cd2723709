import { CodedError } from '../base/index.js';

/** Octets of a block, which is one message, and of a unit, which is checked as one: a piece of a file. */
export const BLOCK = 4096;
export const BLOCKS = 16;
export const UNIT = BLOCK * BLOCKS;
/** Units of one content: 8 GiB. A bit each. */
export const UNITS_MAX = 131072;

/** Which units of a section are missing: a bit each, most significant first, 1 is missing. */
export class Units {
  readonly octets: number;
  readonly count: number;
  readonly bits: Uint8Array;
  missing = 0;

  constructor(octets: number, bits?: Uint8Array) {
    this.octets = octets;
    this.count = Math.ceil(octets / UNIT);
    if (this.count > UNITS_MAX) throw new CodedError('content-size', `content has at most ${UNITS_MAX} pieces, not ${this.count}`);
    this.bits = new Uint8Array((this.count + 7) >> 3);
    for (let unit = 0; unit < this.count; unit += 1) if (bits === undefined || isSet(bits, unit)) this.set(unit);
  }

  isMissing(unit: number): boolean {
    return isSet(this.bits, unit);
  }

  set(unit: number): void {
    if (this.isMissing(unit)) return;
    this.bits[unit >> 3]! |= 0x80 >> (unit & 7);
    this.missing += 1;
  }

  clear(unit: number): void {
    if (!this.isMissing(unit)) return;
    this.bits[unit >> 3]! &= ~(0x80 >> (unit & 7));
    this.missing -= 1;
  }

  /** Octets of a block of a unit; 0 beyond the end. */
  blockOctets(unit: number, block: number): number {
    return Math.max(0, Math.min(BLOCK, this.octets - unit * UNIT - block * BLOCK));
  }

  /** A bit per block that a unit has, least significant first. */
  blocksOf(unit: number): number {
    const count = Math.min(BLOCKS, Math.ceil((this.octets - unit * UNIT) / BLOCK));
    return (1 << count) - 1;
  }
}

export function isSet(bits: Uint8Array, unit: number): boolean {
  return ((bits[unit >> 3] ?? 0) & (0x80 >> (unit & 7))) !== 0;
}
