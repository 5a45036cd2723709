import { CodedError } from './coded-error.js';
import { u32At } from './octets.js';

/**
 * Deterministic numbers from a seed of 16 octets, for jitter, tags and tie-breaking: never for keys.
 * sfc32 of Chris Doty-Humphrey (PractRand): 32-bit additions, shifts and rotations only, period at least 2^32 whatever the seed.
 */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  constructor(seed: Uint8Array) {
    if (seed.length !== 16) throw new CodedError('prng-seed', `a seed has 16 octets, not ${seed.length}`);
    this.#a = u32At(seed, 0);
    this.#b = u32At(seed, 4);
    this.#c = u32At(seed, 8);
    this.#counter = u32At(seed, 12);
    // PractRand discards 12 to 15 outputs so that similar seeds part.
    for (let i = 0; i < 15; i += 1) this.u32();
  }

  /** 0..2^32 - 1. */
  u32(): number {
    const out = (this.#a + this.#b + this.#counter) >>> 0;
    this.#counter = (this.#counter + 1) >>> 0;
    this.#a = (this.#b ^ (this.#b >>> 9)) >>> 0;
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + out) >>> 0;
    return out;
  }

  /** 0..bound - 1; the bias of the remainder is below bound / 2^32. */
  below(bound: number): number {
    return this.u32() % bound;
  }

  /** least..most, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }
}
