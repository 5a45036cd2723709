/**
 * Sun, panel and battery. Radiation above the air: FAO Irrigation and Drainage Paper 56 (Allen et al., 1998), eq. 21 to 25. What comes through: its eq. 35
 * (Angstrom), Rs = (0.25 + 0.50 n/N) Ra, n/N the share of the day with sunshine. From day to day that share is a first-order autoregressive process with a
 * correlation of 0.29 (Graham, Hollands and Huget, "A time series model for Kt", Solar Energy 40, 1988). Panels lie flat: within 25 degrees of the equator a tilt
 * gains less than 6 %, and rain washes a panel that leans a little all the same.
 */
import { RandomStream } from '../../sim/random-stream.js';

/** Middle of the deviation of n/N around its mean in partly cloudy climates; the process is cut at 0 and 1. */
const CLOUD_DEVIATION = 0.3;
const CLOUD_CORRELATION = 0.29;
/** Regulator, battery and cable, heat of the panel: 50 to 60 % in small systems. */
const SYSTEM = 0.55;
/** A lithium iron phosphate cell is used between 10 and 90 %: thousands of cycles. */
export const USABLE_SHARE = 0.8;
/** Dust and salt take 0.2 % a day until rain washes them off; a gale of ash or a lazy owner is `dirt`. */
export const DIRT_A_DAY = 0.002;

/** Watts at 25 degrees and 1,000 W/m2, as sold. */
const panels = [3, 5, 6, 10, 15, 20, 30, 50, 80, 100, 150, 200, 300, 400];
/** Watt-hours, as sold (LiFePO4: 3.2 V 6 Ah, 12.8 V 3 Ah ...). */
const batteries = [19, 25, 38, 58, 77, 115, 154, 230, 307, 460, 640, 960, 1_280, 1_920, 2_560];

/** kWh a day on a flat square metre above the air (FAO 56 eq. 21; 1 MJ is 1/3.6 kWh). @param day of the year, 1 to 365; radians follow its definitions. */
export function extraterrestrial(lat: number, day: number): number {
  const latitude = (lat * Math.PI) / 180;
  const distance = 1 + 0.033 * Math.cos((2 * Math.PI * day) / 365);
  const declination = 0.409 * Math.sin((2 * Math.PI * day) / 365 - 1.39);
  const sunset = Math.acos(Math.min(1, Math.max(-1, -Math.tan(latitude) * Math.tan(declination))));
  const ra =
    ((24 * 60) / Math.PI) *
    0.082 *
    distance *
    (sunset * Math.sin(latitude) * Math.sin(declination) + Math.cos(latitude) * Math.cos(declination) * Math.sin(sunset));
  return ra / 3.6;
}

/** kWh a day on a flat square metre on the ground, which are hours of full sun (FAO 56 eq. 35). @param sunshine share of the day, 0 to 1 */
export function onGround(lat: number, day: number, sunshine: number): number {
  return (0.25 + 0.5 * sunshine) * extraterrestrial(lat, day);
}

/** Shares of sunshine, day after day. */
export function* skies(seed: string, mean: number): Generator<number, never> {
  const random = new RandomStream('sky', seed);
  for (let deviate = random.gaussian(); ; deviate = CLOUD_CORRELATION * deviate + Math.sqrt(1 - CLOUD_CORRELATION ** 2) * random.gaussian())
    yield Math.min(1, Math.max(0, mean + CLOUD_DEVIATION * deviate));
}

/** Watt-hours that a panel brings in a day. @param clean share of the light that dirt lets through */
export function harvest(watts: number, lat: number, day: number, sunshine: number, clean = 1): number {
  return watts * onGround(lat, day, sunshine) * SYSTEM * clean;
}

export interface Supply {
  readonly panelWatts: number;
  readonly batteryWattHours: number;
  /** Of a full battery, without any sun. */
  readonly darkDays: number;
  /** Share of days on which it runs empty, simulated over 20 years of skies. */
  readonly brownOut: number;
  /** Mean hours of full sun in the poorest month, and which (1 to 12). */
  readonly poorest: { readonly month: number; readonly sunHours: number };
}

export interface SupplyNeeds {
  readonly lat: number;
  readonly watts: number;
  readonly sunshine: number;
  readonly darkDays: number;
}

const YEARS = 20;
/** One day in three years. */
const BROWN_OUT = 0.001;
/** Light that is left, all dirt of a month counted. */
const MEAN_CLEAN = 0.97;

/** The smallest battery for the dark days, and the smallest panel with which it runs empty on fewer than one day in a thousand; undefined: no panel sold does it. */
export function supplyFor(needs: SupplyNeeds): Supply | undefined {
  const daily = needs.watts * 24;
  const batteryWattHours = batteries.find((wattHours) => wattHours * USABLE_SHARE >= daily * needs.darkDays);
  if (batteryWattHours === undefined) return undefined;
  for (const panelWatts of panels) {
    const brownOut = brownOutOdds(needs, panelWatts, batteryWattHours);
    if (brownOut > BROWN_OUT) continue;
    const darkDays = (batteryWattHours * USABLE_SHARE) / daily;
    return { panelWatts, batteryWattHours, darkDays, brownOut, poorest: poorestMonth(needs.lat, needs.sunshine) };
  }
  return undefined;
}

export function brownOutOdds({ lat, watts, sunshine }: SupplyNeeds, panelWatts: number, batteryWattHours: number): number {
  const full = batteryWattHours * USABLE_SHARE;
  const sky = skies(`${lat.toFixed(2)}`, sunshine);
  let stored = full;
  let empty = 0;
  for (let day = 0; day < YEARS * 365; day += 1) {
    // The night comes first: twelve hours on what is stored.
    const dusk = stored - watts * 12;
    const dawn = Math.max(0, dusk) + harvest(panelWatts, lat, (day % 365) + 1, sky.next().value, MEAN_CLEAN) - watts * 12;
    if (dusk < 0 || dawn < 0) empty += 1;
    stored = Math.min(full, Math.max(0, dawn));
  }
  return empty / (YEARS * 365);
}

export function poorestMonth(lat: number, sunshine: number): Supply['poorest'] {
  const months = Array.from({ length: 12 }, (_, index) => ({
    month: index + 1,
    sunHours: onGround(lat, Math.round(30.42 * index + 15), sunshine),
  }));
  return months.reduce((least, month) => (month.sunHours < least.sunHours ? month : least));
}
