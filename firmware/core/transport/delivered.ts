/**
 * Messages handed over, so that a repeated one is only acknowledged: exactly once for as long as the last `capacity` messages reach back.
 * A preallocated byte table in a circle: sender 8, number 4.
 */
import { CodedError, sameOctets, u32At } from '../base/index.js';

const OCTETS = 12;

export class Delivered {
  readonly #capacity: number;
  readonly #octets: Uint8Array;
  #next = 0;
  #size = 0;

  constructor(capacity: number) {
    if (capacity < 1) throw new CodedError('delivered-capacity', `${capacity} is less than 1`);
    this.#capacity = capacity;
    this.#octets = new Uint8Array(capacity * OCTETS);
  }

  has(sender: Uint8Array, number: number): boolean {
    for (let i = 0; i < this.#size; i += 1) {
      const at = i * OCTETS;
      if (u32At(this.#octets, at + 8) === number && sameOctets(this.#octets, at, sender, 0, 8)) return true;
    }
    return false;
  }

  add(sender: Uint8Array, number: number): void {
    const at = this.#next * OCTETS;
    this.#octets.set(sender, at);
    this.#octets[at + 8] = number >>> 24;
    this.#octets[at + 9] = number >>> 16;
    this.#octets[at + 10] = number >>> 8;
    this.#octets[at + 11] = number;
    this.#next = (this.#next + 1) % this.#capacity;
    if (this.#size < this.#capacity) this.#size += 1;
  }
}
