/** What the sun brought, day by day, and what may be expected of the next one. */
import type { Millis } from '../base/index.js';

const DAY = 86_400_000;
const JOULES = 3_600;
/** A forecast is believed for a day. */
const FORECAST = DAY;

export class Harvest {
  /** Mean of a day, mJ; -1 until the first day is whole. */
  #mean = -1;
  #today = 0;
  #begun: Millis | undefined;
  #forecast = 0;
  #forecastUntil = -1;

  /** What the panel brought since the last call, mJ. */
  add(now: Millis, brought: number): void {
    this.#begun ??= now;
    this.#today += brought;
    if (now - this.#begun < DAY) return;
    // A quarter of the new day: a week of clouds is believed after three days, one cloudy day is not.
    this.#mean = this.#mean < 0 ? this.#today : this.#mean + Math.trunc((this.#today - this.#mean) / 4);
    this.#today = 0;
    this.#begun = now;
  }

  /** mWh of the next 24 hours, as somebody with a weather report says. */
  forecast(now: Millis, expected: number): void {
    this.#forecast = expected;
    this.#forecastUntil = now + FORECAST;
  }

  /** mWh of the next 24 hours: the forecast, or three quarters of a mean day; undefined while nothing is known. */
  expected(now: Millis): number | undefined {
    if (now < this.#forecastUntil) return this.#forecast;
    return this.#mean < 0 ? undefined : Math.trunc((this.#mean * 3) / (4 * JOULES));
  }
}
