/**
 * When the next beacon goes: a few in quick succession after start or change, then each interval twice the last up to the interval at rest
 * (the shape of Trickle's timer, RFC 6206, without its suppression: every beacon is a sample of link quality).
 */
import { millis, type Millis, type Prng } from '../base/index.js';

/** At rest one every 10 s; a quarter of jitter either way keeps neighbours from falling into step. */
export const BEACON_REST = 10_000;
const QUICK = 500;
/** Quick beacons before the intervals grow: with 20 % loss, 4 give both ends what they need with probability 0.99. */
const QUICK_COUNT = 4;

export class BeaconClock {
  readonly #prng: Prng;
  /** A plain field: a getter costs a call, and this is read at every poll. */
  due: Millis = millis(0);
  #interval = QUICK;
  #quick = QUICK_COUNT;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  /** The interval at which the next beacons come, without jitter. */
  get interval(): number {
    return this.#interval;
  }

  /** The medium came up: everyone may have started at the same instant, so the first beacon is spread over a whole quick interval. */
  start(now: Millis): void {
    this.#interval = QUICK;
    this.#quick = QUICK_COUNT;
    this.due = millis(now + this.#prng.below(QUICK));
  }

  /** A neighbour came, went or began to use the link: tell it soon, unless quick beacons run already. */
  hasten(now: Millis): void {
    if (this.#quick === 0) {
      this.#interval = QUICK;
      this.#quick = 2;
    }
    const soon = millis(now + this.#prng.between(10, 60));
    if (soon < this.due) this.due = soon;
  }

  /** `rest`: the interval to slow down to. `hurry`: somebody still waits to be listed. */
  sent(now: Millis, rest: number, hurry: boolean): void {
    if (hurry) this.#interval = QUICK;
    else if (this.#quick > 0) this.#quick -= 1;
    else this.#interval = this.#interval * 2 < rest ? this.#interval * 2 : rest;
    const quarter = this.#interval >> 2;
    this.due = millis(now + this.#interval + this.#prng.between(-quarter, quarter));
  }
}
