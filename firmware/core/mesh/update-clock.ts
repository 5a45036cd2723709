/**
 * When updates may go: soon after the cause, one a second on average, three at once (a retraction, its request's answer, and one more). After the
 * last of a series comes a tail: an update that says nothing new but repeats the number, so that who lost the last one sees the gap.
 */
import { TokenBucket, type Millis, type Prng } from '../base/index.js';

const EVERY = 1000;
const BURST = 3;
/** Long enough to gather what one event causes, and to keep neighbours from answering at once. */
const SOON = { least: 10, most: 50 };
const TAIL = { least: 500, most: 900 };

export class UpdateClock {
  readonly #prng: Prng;
  readonly #damping = new TokenBucket(BURST * EVERY, 1);
  #due = 0;
  #tail = 0;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  /** When the next update or tail goes; 0: none is to. */
  get due(): number {
    return this.#due === 0 || (this.#tail !== 0 && this.#tail < this.#due) ? this.#tail : this.#due;
  }

  trigger(now: Millis): void {
    if (this.#due === 0) this.#due = now + this.#damping.wait(now, EVERY) + this.#prng.between(SOON.least, SOON.most);
  }

  isDue(now: Millis): boolean {
    const due = this.due;
    return due !== 0 && due <= now;
  }

  /** One frame went. `news`: it said something new. `more`: the same update continues in another one. */
  sent(now: Millis, news: boolean, more: boolean): void {
    this.#tail = news && !more ? now + this.#prng.between(TAIL.least, TAIL.most) : 0;
    this.#due = more ? now + this.#prng.between(SOON.least, SOON.most) : 0;
    if (!more) this.#damping.spend(EVERY);
  }
}
