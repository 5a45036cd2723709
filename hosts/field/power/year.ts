/**
 * A year of six boxes on the sun: the power machine of firmware/core on batteries, panels, skies and dirt in virtual time.
 *
 * Sky: plan/solar.ts, half of it common to the island and half each box's own. Light over the day: a half sine of twelve hours. Dirt: 0.2 % a day until a day with
 * less than a fifth of sunshine washes it off; one box stands under a tree that sheds a fifth of the light of the dry months. Cell: the voltage of LiFePO4 by
 * charge, 40 mV more at half an hour's charge current. Meters read up to 2 % wrong, each its own way, for the whole year.
 */
import { millis } from '../../../firmware/core/base/index.js';
import { levels, lifepo4Cell, Power, type Level } from '../../../firmware/core/power/index.js';
import { RandomStream } from '../../sim/random-stream.js';
import { DIRT_A_DAY, onGround, skies, USABLE_SHARE } from '../plan/solar.js';

export interface YearOptions {
  readonly boxes: number;
  readonly seed: number;
  readonly lat: number;
  readonly sunshine: number;
  readonly panelWatts: number;
  readonly batteryWattHours: number;
}

export interface BoxYear {
  /** Share of the year with at least that level. */
  readonly up: Readonly<Record<Level, number>>;
  readonly lockouts: number;
  /** Least stored, share of the usable energy. */
  readonly least: number;
  /** Changes of level: hour of the year, and the level from then on. */
  readonly changes: readonly (readonly [hour: number, level: Level])[];
}

export interface Year {
  readonly boxes: readonly BoxYear[];
  /** Of all boxes and hours together. */
  readonly up: Readonly<Record<Level, number>>;
  /** Most boxes that came back from a lockout within one minute of each other. */
  readonly returnsTogether: number;
}

/**
 * Milliwatts of a box of two boards (plan/shopping.ts), as the planned panel is reckoned for: routing. Asleep 5. With 50 ms of 500 a tenth of it and the sleeping rest.
 * Payments: signatures, a hundredth of the time of a core. Production and cache: an SD card and a core that is awake (assumed, from data sheets).
 */
export const boxLoads: Readonly<Record<Level, number>> = { off: 5, sos: 70, routing: 640, payments: 660, production: 760, cache: 960 };

const STEP_MINUTES = 5;
const DAYS = 365;
/** Regulator, cable, heat of the panel: what plan/solar.ts takes from the day, here from each minute. */
const SYSTEM = 0.55;

/** Millivolts at rest of a LiFePO4 cell by share of its charge (data sheets of 26650 cells, rounded). */
const curve: readonly (readonly [share: number, millivolts: number])[] = [
  [0, 2_800],
  [0.05, 3_060],
  [0.1, 3_160],
  [0.2, 3_220],
  [0.5, 3_280],
  [0.8, 3_330],
  [0.97, 3_370],
  [1, 3_460],
];

function restVoltage(share: number): number {
  const above = curve.findIndex(([at]) => at >= share);
  if (above <= 0) return curve[Math.max(0, above)]![1];
  const [[x1, y1], [x2, y2]] = [curve[above - 1]!, curve[above]!];
  return y1 + ((share - x1) / (x2 - x1)) * (y2 - y1);
}

class Box {
  readonly #power: Power;
  readonly #options: YearOptions;
  readonly #sky: Generator<number, never>;
  readonly #error: number;
  readonly #shade: number;
  /** Wh of the whole cell; the lowest tenth is not used up by anything but the lockout's own trickle. */
  #stored: number;
  #clean = 1;
  #sunshine = 0;
  #least = 1;
  #lockouts = 0;
  #off = false;
  readonly #minutes: Record<Level, number> = { off: 0, sos: 0, routing: 0, payments: 0, production: 0, cache: 0 };
  readonly changes: (readonly [number, Level])[] = [];
  /** Minutes of the year at which it came back. */
  readonly returns: number[] = [];

  constructor(options: YearOptions, index: number) {
    this.#options = options;
    const random = new RandomStream('box on the sun', options.seed, index);
    this.#sky = skies(`${options.seed}/${index}`, options.sunshine);
    this.#error = 1 + (random.unit() - 0.5) * 0.04;
    this.#shade = index === options.boxes - 1 ? 0.8 : 1;
    this.#stored = options.batteryWattHours * 0.6;
    const capacity = Math.round(options.batteryWattHours * USABLE_SHARE * 1_000);
    this.#power = new Power({
      battery: { capacity, ...lifepo4Cell },
      loads: boxLoads,
      lockout: 2_950,
      back: 3_220,
      seed: random.bytes(16),
    });
  }

  newDay(common: number): void {
    this.#sunshine = (common + this.#sky.next().value) / 2;
    this.#clean = this.#sunshine < 0.2 ? 1 : this.#clean * (1 - DIRT_A_DAY);
  }

  step(day: number, minute: number): void {
    const { lat, panelWatts, batteryWattHours } = this.#options;
    const hours = STEP_MINUTES / 60;
    const light = Math.max(0, Math.sin(((minute / 60 - 6) * Math.PI) / 12)) * (Math.PI / 24) * onGround(lat, day + 1, this.#sunshine);
    // The dry months of the southern winter.
    const shade = day > 120 && day < 270 ? this.#shade : 1;
    const panel = panelWatts * light * SYSTEM * this.#clean * shade;
    const load = boxLoads[this.#power.level] / 1_000;
    const room = batteryWattHours - this.#stored;
    const charge = Math.min(panel, load + room / hours);
    this.#stored = Math.max(0, this.#stored + (charge - load) * hours);
    const share = this.#stored / batteryWattHours;
    const rest = restVoltage(share);
    const volts = (rest + (80 * (charge - load)) / batteryWattHours) / 1_000;
    const now = millis((day * 1_440 + minute) * 60_000);
    const amperes = (watts: number): number => Math.round(((watts * 1_000) / volts) * this.#error);
    this.#power.handle(now, { type: 'reading', millivolts: Math.round(volts * 1_000), charge: amperes(charge), load: amperes(load) });
    if (this.#power.deadline() < now + STEP_MINUTES * 60_000) {
      const at = this.#power.deadline();
      this.#power.handle(at, { type: 'tick' });
      this.returns.push(Math.floor(at / 60_000));
    }
    for (let effect = this.#power.poll(); effect !== undefined; effect = this.#power.poll())
      if (effect.type === 'level') this.#changed(day * 24 + minute / 60, effect.level);
    this.#minutes[this.#power.level] += STEP_MINUTES;
    this.#least = Math.min(this.#least, Math.max(0, (share - (1 - USABLE_SHARE) / 2) / USABLE_SHARE));
  }

  #changed(hour: number, level: Level): void {
    if (level === 'off' && !this.#off) this.#lockouts += 1;
    this.#off = level === 'off';
    this.changes.push([hour, level]);
  }

  get year(): BoxYear {
    return { up: upShares(this.#minutes), lockouts: this.#lockouts, least: this.#least, changes: this.changes };
  }
}

function upShares(minutes: Readonly<Record<Level, number>>): Record<Level, number> {
  const total = levels.reduce((sum, level) => sum + minutes[level], 0);
  const from = (at: number): number => levels.slice(at).reduce((sum, level) => sum + minutes[level], 0) / total;
  return Object.fromEntries(levels.map((level, at) => [level, from(at)])) as Record<Level, number>;
}

export function liveYear(options: YearOptions): Year {
  const boxes = Array.from({ length: options.boxes }, (_, index) => new Box(options, index));
  const common = skies(`${options.seed}/island`, options.sunshine);
  for (let day = 0; day < DAYS; day += 1) {
    const sky = common.next().value;
    for (const box of boxes) box.newDay(sky);
    for (let minute = 0; minute < 1_440; minute += STEP_MINUTES) for (const box of boxes) box.step(day, minute);
  }
  const returns = boxes.flatMap((box) => box.returns).sort((a, b) => a - b);
  const years = boxes.map(({ year }) => year);
  return {
    boxes: years,
    up: Object.fromEntries(levels.map((level) => [level, years.reduce((sum, { up }) => sum + up[level], 0) / years.length])) as Record<
      Level,
      number
    >,
    returnsTogether: returns.reduce(
      (most, at, index) => Math.max(most, returns.filter((other, n) => n >= index && other - at < 1).length),
      0,
    ),
  };
}
