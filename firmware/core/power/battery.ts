/**
 * What a battery holds, from its voltage and currents. A lithium iron phosphate cell keeps its voltage within 50 mV from 90 to 20 %, so energy is counted as it
 * flows, and the voltage corrects the count only at the two ends, where it tells.
 */
import { CodedError, type Millis } from '../base/index.js';

export interface BatteryOptions {
  /** Usable energy, mWh. */
  readonly capacity: number;
  /** Millivolts at the regulator: full while hardly charging any more, and empty under load. */
  readonly full: number;
  readonly empty: number;
}

/** One lithium iron phosphate cell: charged to 3.50 V, and below 2.90 V under load some 5 % are left (data sheets of 18650 and 26650 cells). */
export const lifepo4Cell = { full: 3_480, empty: 2_900 } as const;

/** Below a twentieth of an hour's capacity as current a full cell takes no more. */
const TAPER = 20;
/** A reading stands for what flowed since the last one, but not for longer: what happened in a gap is not known. */
const GAP = 900_000;
/** Millijoules in a milliwatt-hour. */
const JOULES = 3_600;

export class Battery {
  readonly #options: BatteryOptions;
  /** Millijoules. */
  #stored: number;
  #at: Millis | undefined;

  /** @param stored mWh at the start; half when nobody knows */
  constructor(options: BatteryOptions, stored = Math.trunc(options.capacity / 2)) {
    if (options.capacity < 100 || options.empty >= options.full)
      throw new CodedError('power-battery', 'a battery has at least 100 mWh, and is full at more millivolts than empty');
    this.#options = options;
    this.#stored = stored * JOULES;
  }

  /** mWh. */
  get stored(): number {
    return Math.trunc(this.#stored / JOULES);
  }

  /** 0 to 100. */
  get percent(): number {
    return Math.trunc((this.stored * 100) / this.#options.capacity);
  }

  /** Milliamperes into the battery from the panel, and out of it into the board. Answers the mJ that the panel brought. */
  read(now: Millis, millivolts: number, charge: number, load: number): number {
    const elapsed = this.#at === undefined ? 0 : Math.min(GAP, Math.max(0, now - this.#at));
    this.#at = now;
    const brought = flow(millivolts, charge, elapsed);
    const { capacity, full, empty } = this.#options;
    this.#stored = Math.min(capacity * JOULES, Math.max(0, this.#stored + brought - flow(millivolts, load, elapsed)));
    // mWh over mV is an ampere-hour: its twentieth part is the taper.
    if (millivolts >= full && charge - load < Math.trunc((capacity * 1_000) / (millivolts * TAPER))) this.#stored = capacity * JOULES;
    if (millivolts <= empty) this.#stored = 0;
    return brought;
  }
}

/** mV * mA is microwatts; over milliseconds, in millijoules. */
function flow(millivolts: number, milliamperes: number, elapsed: number): number {
  return Math.trunc((Math.trunc((millivolts * milliamperes) / 1_000) * elapsed) / 1_000);
}
