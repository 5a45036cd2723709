/**
 * `npm run bench:power`: a year of six boxes on the sun, with the panel that `meshbox plan` proposes and with half of it; and what the machine costs a board.
 *
 *   npm run bench:power -- [--seeds N] [--json]
 */
import { parseArgs } from 'node:util';
import { levels } from '../../../firmware/core/power/index.js';
import { table } from '../../cli/output.js';
import { supplyFor } from '../plan/solar.js';
import { hourCost } from './instructions.js';
import { boxLoads, liveYear, type Year } from './year.js';

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '3' }, json: { type: 'boolean', default: false } } });
const place = { boxes: 6, lat: -17.7, sunshine: 0.45 };
const supply = supplyFor({ ...place, watts: boxLoads.routing / 1_000, darkDays: 3 })!;

interface Row {
  readonly panelWatts: number;
  readonly seed: number;
  readonly year: Year;
}

const rows: Row[] = [supply.panelWatts, supply.panelWatts / 2].flatMap((panelWatts) =>
  Array.from({ length: Number(values.seeds) }, (_, seed) => ({
    panelWatts,
    seed: seed + 1,
    year: liveYear({ ...place, panelWatts, batteryWattHours: supply.batteryWattHours, seed: seed + 1 }),
  })),
);
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

console.log(
  `six boxes at ${place.lat} degrees, sunshine on ${100 * place.sunshine} % of the day, battery ${supply.batteryWattHours} Wh, planned panel ${supply.panelWatts} W`,
);
console.log('share of the year with each service up (all boxes), and the box that fared worst');
const head = ['panel W', 'seed', ...levels.slice(1).reverse(), 'worst routing', 'least stored', 'lockouts', 'returns together'];
console.log(
  table(
    head,
    rows.map(({ panelWatts, seed, year }) => [
      panelWatts,
      seed,
      ...levels
        .slice(1)
        .reverse()
        .map((level) => percent(year.up[level])),
      percent(Math.min(...year.boxes.map(({ up }) => up.routing))),
      percent(Math.min(...year.boxes.map(({ least }) => least))),
      year.boxes.reduce((sum, { lockouts }) => sum + lockouts, 0),
      year.returnsTogether,
    ]),
  ),
);
const half = rows.find(({ panelWatts }) => panelWatts < supply.panelWatts)!;
const [box] = half.year.boxes;
console.log(
  `\nfirst box with half the panel, its first changes: ${box!.changes
    .slice(0, 14)
    .map(([hour, level]) => `day ${Math.floor(hour / 24)} ${Math.floor(hour % 24)} h ${level}`)
    .join(', ')}`,
);
const cost = await hourCost();
console.log(
  `\npower machine on a board: ${cost.mean} instructions an hour (60 readings), ${cost.most} in the dearest hour; ${((cost.mean / 3_600 / 160e6) * 100).toFixed(5)} % of a core of 160 MHz`,
);
const met = rows.every(({ panelWatts, year }) => panelWatts < supply.panelWatts || year.up.routing >= 0.995);
console.log(
  met ? 'routing was up for at least 99.5 % of the year with the planned panel' : 'MISSED: routing up below 99.5 % with the planned panel',
);
if (values.json)
  console.log(
    JSON.stringify({
      panelWatts: supply.panelWatts,
      batteryWattHours: supply.batteryWattHours,
      instructionsAnHour: cost,
      years: rows.map(({ panelWatts, seed, year }) => ({ panelWatts, seed, up: year.up })),
    }),
  );
process.exitCode = met ? 0 : 1;
