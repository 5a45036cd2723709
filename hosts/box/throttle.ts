/** Calls at once, then at most once per interval, and never forgets the last call. */
export class Throttle {
  readonly #interval: number;
  readonly #work: () => unknown;
  #timer: NodeJS.Timeout | undefined;
  #again = false;

  constructor(milliseconds: number, work: () => unknown) {
    this.#interval = milliseconds;
    this.#work = work;
  }

  call(): void {
    if (this.#timer) {
      this.#again = true;
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#again) return;
      this.#again = false;
      this.call();
    }, this.#interval);
    this.#work();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#again = false;
  }
}
