/**
 * How long to wait for a hop's acknowledgement: smoothed delay and its deviation, RFC 6298 in integer eighths and quarters of a millisecond.
 * One clock per link: neighbours on a shared medium wait for the same medium.
 */

/** Before any sample: a frame of 250 octets forwarded by a board that takes 10 ms for a turn, with a neighbour's frame in between, twice over. */
const INITIAL = 40;
const LEAST = 12;
/** A channel so busy that an acknowledgement takes longer is better served by trying later. */
const MOST = 250;

export class AckClock {
  #eighths = 0;
  #quarters = 0;

  /** Milliseconds to wait from the end of the transmission. */
  timeout(): number {
    if (this.#eighths === 0) return INITIAL;
    const wait = (this.#eighths >> 3) + this.#quarters + 4;
    return wait < LEAST ? LEAST : wait > MOST ? MOST : wait;
  }

  /** A first transmission was acknowledged after so many milliseconds (retries are no samples: Karn's rule). */
  sample(elapsed: number): void {
    const delay = elapsed < 1 ? 1 : elapsed;
    if (this.#eighths === 0) {
      this.#eighths = delay << 3;
      this.#quarters = delay << 1;
      return;
    }
    const error = delay - (this.#eighths >> 3);
    this.#eighths += error;
    this.#quarters += (error < 0 ? -error : error) - (this.#quarters >> 2);
  }
}
