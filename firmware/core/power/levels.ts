/** What a node gives up, in which order, and what it does at each level. */
import { millis, type Millis } from '../base/index.js';

/** From least to most; each holds everything that stands before it. */
export const levels = ['off', 'sos', 'routing', 'payments', 'production', 'cache'] as const;
export type Level = (typeof levels)[number];

/** Places in `levels`. */
export const OFF = 0;
export const SOS = 1;
export const ROUTING = 2;
export const ALL = 5;

export interface Duty {
  /** Of the radio: listens so long in each period. The same number twice: always. */
  readonly listen: Millis;
  readonly period: Millis;
  readonly beaconInterval: Millis;
}

/**
 * A relay that sleeps is no relay: from `routing` on the receiver is always on. At `sos` it listens 50 ms of 500 (1 Wh a day, the project's link table), and a
 * distress call is repeated for longer than that. Beacons: 10 s is the link's own interval at rest; a tired node says less often that it is there.
 */
export const duties: Readonly<Record<Level, Duty>> = {
  off: duty(0, 60_000, 0),
  sos: duty(50, 500, 60_000),
  routing: duty(1_000, 1_000, 20_000),
  payments: duty(1_000, 1_000, 10_000),
  production: duty(1_000, 1_000, 10_000),
  cache: duty(1_000, 1_000, 10_000),
};

/**
 * What the mesh adds to the cost of a link to a node with so much left in its battery, in eighths of that cost: nothing above one half, then up to three times
 * the cost, so that a detour of two good links is preferred to a tired node but a tired node to none.
 * @param battery percent, as the beacon tells it
 */
export function energyPenalty(battery: number): number {
  if (battery >= 50) return 0;
  if (battery >= 30) return 2;
  if (battery >= 15) return 8;
  return 16;
}

function duty(listen: number, period: number, beaconInterval: number): Duty {
  return { listen: millis(listen), period: millis(period), beaconInterval: millis(beaconInterval) };
}
