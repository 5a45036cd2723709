/**
 * Power: from battery voltage, charge current and forecast to what a node still does.
 *
 *   running -> running   a level is left at once when it cannot be kept for the horizon, and regained one at a time, an hour apart
 *   running -> locked    voltage under the lockout: the board sleeps, and wakes only to look
 *   locked  -> waiting   voltage over the return for a quarter of an hour, and charge for a night of `sos`
 *   waiting -> running   after a delay drawn by chance that doubles with each return: an island at dawn does not shout all at once
 *
 * A level is kept if what is stored and what three days bring (at `routing`: one day) covers its load as long and leaves a reserve: half a day of routing above
 * `routing`, half a day of `sos` at `routing`. So the order cache, production, payments, routing, sos follows from the loads alone. Boot counter against storms: MeshCore issue 1370.
 */
import { CodedError, millis, NEVER, Prng, Ring, type Machine, type Millis } from '../base/index.js';
import { Battery, type BatteryOptions } from './battery.js';
import { Harvest } from './harvest.js';
import { ALL, duties, levels, OFF, ROUTING, SOS, type Duty, type Level } from './levels.js';

export interface PowerOptions {
  readonly battery: BatteryOptions;
  /** Milliwatts of everything at each level, ascending. */
  readonly loads: Readonly<Record<Level, number>>;
  /** Millivolts: below the first the board sleeps, above the second it may come back. */
  readonly lockout: number;
  readonly back: number;
  /** 16 octets, for the delay of a return. */
  readonly seed: Uint8Array;
  /** mWh stored at the start, if known. */
  readonly stored?: number;
  /** Returns from a lockout that the store remembers. */
  readonly returns?: number;
}

export type PowerInput =
  /** Every minute or so. Milliamperes from the panel and into the board. */
  | { readonly type: 'reading'; readonly millivolts: number; readonly charge: number; readonly load: number }
  /** mWh that the next 24 hours are expected to bring. */
  | { readonly type: 'forecast'; readonly expected: number }
  | { readonly type: 'tick' };

export type PowerEffect =
  /** What stays up from now on; `off`: sleep, and wake once in `duty.period` for a reading. */
  | { readonly type: 'level'; readonly level: Level; readonly duty: Duty }
  /** Percent, for the beacon: neighbours pass a tired node by (energyPenalty). On change of five or more. */
  | { readonly type: 'battery'; readonly percent: number }
  /** Keep it: returns of late, for the next start. */
  | { readonly type: 'remember'; readonly returns: number };

const HOUR = 3_600_000;
/** Days that a level must be good for: what can wait is left early, routing is held on to. */
const HORIZON_DAYS = 3;
const ROUTING_DAYS = 1;
/** Of a level's load that must be stored: the longest night of the tropics and some clouds after it. */
const NIGHT_HOURS = 14;
const RESERVE_HOURS = 12;
/** More than needed to go up: an eighth, against going up and down all day. */
const UP = 9;
const UP_OF = 8;
const STEADY = HOUR / 4;
/** First return: within two minutes; each further one of the same day within twice as many, up to an hour. */
const DELAY = 120_000;
const DELAY_DOUBLINGS = 5;
/** Returns are forgotten after a day without a lockout. */
const FORGET = 24 * HOUR;
const TELL = 5;

export class Power implements Machine<PowerInput, PowerEffect> {
  readonly #options: PowerOptions;
  readonly #battery: Battery;
  readonly #harvest = new Harvest();
  readonly #random: Prng;
  readonly #effects = new Ring<PowerEffect>(8);
  #state: 'running' | 'locked' | 'waiting' = 'running';
  #level: number;
  #changed: Millis = millis(0);
  /** Since when the voltage is good again, or when a waiting board may run. */
  #since: Millis = NEVER;
  #lockedAt: Millis = millis(0);
  #returns: number;
  #told = -TELL;

  constructor(options: PowerOptions) {
    const { loads, lockout, back } = options;
    for (let level = 1; level <= ALL; level += 1)
      if (loads[levels[level]!] < loads[levels[level - 1]!])
        throw new CodedError('power-loads', `the load of ${levels[level]!} is less than that of what it holds`);
    if (back <= lockout) throw new CodedError('power-lockout', 'a board comes back at more millivolts than it sleeps at');
    this.#options = options;
    this.#battery = new Battery(options.battery, options.stored);
    this.#random = new Prng(options.seed);
    this.#returns = Math.min(options.returns ?? 0, DELAY_DOUBLINGS);
    this.#level = ROUTING;
    this.#announce();
  }

  get level(): Level {
    return levels[this.#level]!;
  }

  /** mWh. */
  get stored(): number {
    return this.#battery.stored;
  }

  handle(now: Millis, input: PowerInput): void {
    if (input.type === 'forecast') this.#harvest.forecast(now, Math.max(0, input.expected));
    else if (input.type === 'reading') this.#read(now, input.millivolts, input.charge, input.load);
    if (this.#state === 'waiting' && now >= this.#since) this.#run(now);
    if (this.#returns > 0 && this.#state === 'running' && now - this.#lockedAt >= FORGET) this.#remember(0);
  }

  poll(): PowerEffect | undefined {
    return this.#effects.shift();
  }

  deadline(): Millis {
    return this.#state === 'waiting' ? this.#since : NEVER;
  }

  #read(now: Millis, millivolts: number, charge: number, load: number): void {
    this.#harvest.add(now, this.#battery.read(now, millivolts, charge, load));
    if (Math.abs(this.#battery.percent - this.#told) >= TELL) {
      this.#told = this.#battery.percent;
      this.#effects.push({ type: 'battery', percent: this.#told });
    }
    if (millivolts < this.#options.lockout) {
      if (this.#state !== 'locked') this.#lock(now);
      this.#since = NEVER;
    } else if (this.#state === 'locked') this.#mayReturn(now, millivolts);
    else if (this.#state === 'running') this.#choose(now);
  }

  /** running, waiting -> locked */
  #lock(now: Millis): void {
    this.#state = 'locked';
    this.#lockedAt = now;
    this.#go(now, OFF);
  }

  /** locked -> waiting */
  #mayReturn(now: Millis, millivolts: number): void {
    const night = this.#options.loads.sos * NIGHT_HOURS;
    if (millivolts < this.#options.back || this.#battery.stored < night) {
      this.#since = NEVER;
      return;
    }
    if (this.#since === NEVER) this.#since = now;
    if (now - this.#since < STEADY) return;
    this.#state = 'waiting';
    this.#since = millis(now + this.#random.below(DELAY << this.#returns));
    this.#remember(Math.min(this.#returns + 1, DELAY_DOUBLINGS));
  }

  /** waiting -> running */
  #run(now: Millis): void {
    this.#state = 'running';
    this.#since = NEVER;
    this.#go(now, SOS);
  }

  #choose(now: Millis): void {
    let level = this.#level;
    while (level > SOS && !this.#keeps(now, level, 1, 1)) level -= 1;
    if (level === this.#level && level < ALL && now - this.#changed >= HOUR && this.#keeps(now, level + 1, UP, UP_OF)) level += 1;
    if (level !== this.#level) this.#go(now, level);
  }

  /** Whether the level can be kept for the horizon; `times / of`: how much more than enough there must be. */
  #keeps(now: Millis, level: number, times: number, of: number): boolean {
    const { loads } = this.#options;
    const load = loads[levels[level]!];
    const reserve = level > ROUTING ? loads.routing * RESERVE_HOURS : loads.sos * RESERVE_HOURS;
    const { stored } = this.#battery;
    // To go up, a night of it must be stored; to stay, the reserve alone.
    const night = level > this.#level ? load * NIGHT_HOURS : 0;
    if (stored * of < (night + reserve) * times) return false;
    const expected = this.#harvest.expected(now);
    const days = level > ROUTING ? HORIZON_DAYS : ROUTING_DAYS;
    // Nothing known yet: as if the sun brought what the level takes.
    return expected === undefined || (stored + expected * days) * of >= (load * 24 * days + reserve) * times;
  }

  #go(now: Millis, level: number): void {
    this.#level = level;
    this.#changed = now;
    this.#announce();
  }

  #announce(): void {
    const level = levels[this.#level]!;
    this.#effects.push({ type: 'level', level, duty: duties[level] });
  }

  #remember(returns: number): void {
    this.#returns = returns;
    this.#effects.push({ type: 'remember', returns });
  }
}
