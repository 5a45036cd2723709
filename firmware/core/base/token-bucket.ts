/** An allowance that refills with time up to a cap: so much on average, so much at once. Integers; the first use finds it full. */
export class TokenBucket {
  readonly #capacity: number;
  readonly #perMilli: number;
  #tokens: number;
  #filled = 0;

  /** capacity: most tokens at once; perMilli: tokens that a millisecond brings. */
  constructor(capacity: number, perMilli: number) {
    this.#capacity = capacity;
    this.#perMilli = perMilli;
    this.#tokens = capacity;
  }

  /** Milliseconds until there are `tokens`; 0: now. */
  wait(now: number, tokens: number): number {
    if (now > this.#filled) {
      this.#tokens = Math.min(this.#tokens + (now - this.#filled) * this.#perMilli, this.#capacity);
      this.#filled = now;
    }
    return this.#tokens >= tokens ? 0 : Math.ceil((tokens - this.#tokens) / this.#perMilli);
  }

  /** May overdraw: what is missing has to refill first. */
  spend(tokens: number): void {
    this.#tokens -= tokens;
  }
}
