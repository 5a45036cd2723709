/**
 * Pings that wait for their pong.
 *
 *   waiting -> answered    a pong with its number from whom it was sent to
 *   waiting -> unknown     TRIES times TIMEOUT passed
 */
import { millis, type Millis } from '../base/index.js';
import { sameAddress, type Address } from './address.js';

const TRIES = 3;
const TIMEOUT = 2_000;

export interface Ping {
  readonly token: number;
  readonly to: Address;
  readonly number: number;
  readonly at: Millis;
}

interface Waiting extends Ping {
  tries: number;
  dueAt: Millis;
}

export class Pings {
  readonly #capacity: number;
  readonly #waiting: Waiting[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** False if too many wait already. */
  add(ping: Ping): boolean {
    if (this.#waiting.length >= this.#capacity) return false;
    this.#waiting.push({ ...ping, tries: 0, dueAt: ping.at });
    return true;
  }

  /** waiting -> answered */
  answer(number: number, from: Address): Ping | undefined {
    return this.#take((ping) => ping.number === number && sameAddress(ping.to, from));
  }

  /** waiting -> unknown, one at a time. */
  expired(now: Millis): Ping | undefined {
    return this.#take((ping) => now - ping.at >= TRIES * TIMEOUT);
  }

  /** One that is to be sent now, first or again. */
  due(now: Millis): Ping | undefined {
    const ping = this.#waiting.find(({ dueAt, tries }) => dueAt <= now && tries < TRIES);
    if (ping === undefined) return undefined;
    ping.tries += 1;
    ping.dueAt = millis(now + TIMEOUT);
    return ping;
  }

  /** When one falls due; one that is due and cannot leave counts by its end. */
  deadline(now: Millis): number {
    let earliest = Number.MAX_SAFE_INTEGER;
    for (const { at, dueAt } of this.#waiting) earliest = Math.min(earliest, dueAt > now ? dueAt : at + TRIES * TIMEOUT);
    return earliest;
  }

  #take(which: (ping: Waiting) => boolean): Ping | undefined {
    const at = this.#waiting.findIndex(which);
    return at < 0 ? undefined : this.#waiting.splice(at, 1)[0];
  }
}
