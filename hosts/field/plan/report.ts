/** The plan in words and tables. */
import { obstruction, REQUIRED } from './links.js';
import type { Plan, Range } from './plan.js';
import { antennas } from './radios.js';
import type { SiteList } from './shopping.js';
import { table } from '../../cli/output.js';

const TWO_KILOMETRES = 2_000;
const months = 'January February March April May June July August September October November December'.split(' ');
const kilometres = (metres: number): string => (metres < 995 ? `${Math.round(metres)} m` : `${(metres / 1_000).toFixed(1)} km`);

export function reportOf(plan: Plan): string {
  const { network, region, coverage, lists } = plan;
  return [
    `${network.sites.length} sites: ${lists.filter(({ site }) => site.role !== 'relay').length} boxes and ${lists.filter(({ site }) => site.role === 'relay').length} relays.`,
    `Rules of ${region.country}: ${region.eirp} dBm EIRP, channels 1 to ${region.channels} (${region.rule}).`,
    ...(network.unreached.length > 0
      ? [
          `NOT REACHED by any chain of relays: ${network.unreached.join(', ')}. Add a place of kind hill in between, or give them a gateway of their own.`,
        ]
      : []),
    '',
    'SITES',
    siteTable(plan),
    '',
    `LINKS, weakest first (a planned link has at least ${REQUIRED} dB to spare; detours are links that are there anyway)`,
    linkTable(plan),
    '',
    'WHEN A BOX DIES',
    ...failures(plan),
    '',
    'WHERE 2 KM HOLDS (over open water; with the planned margin, and until half the frames are lost)',
    table(['equipment at both ends', 'planned', 'half', '2 km'], plan.ranges.map(rangeRow)),
    'Where it does not: a phone. Its own transmitter is the limit, whatever the box has; between boxes it is the masts and what stands in between.',
    `Phones reach a box on ${(coverage.covered / 1e6).toFixed(2)} square kilometres of land (plan.svg).`,
    '',
    'SUN',
    sunTable(plan),
    `Model: FAO paper 56 for the radiation, sunshine on ${Math.round(plan.options.sunshine * 100)} % of the day on average with clouds that last (lag-one correlation 0.29), 55 % of the panel's`,
    'light stored, 3 % lost to dirt. Brown-out: share of days on which the battery runs empty, of 20 simulated years.',
    '',
    'TO BUY',
    table(
      ['', 'what'],
      plan.totals.map(([what, count]) => [count, what]),
    ),
    '',
    ...lists.flatMap((list) => [`${list.site.name}:`, ...list.items.map((item) => `  - ${item}`)]),
  ].join('\n');
}

function siteTable({ network }: Plan): string {
  return table(
    ['site', 'role', 'lat', 'lon', 'ground m', 'mast m', 'panels', 'phones of'],
    network.sites.map((site) => [
      site.name,
      site.role,
      site.lat.toFixed(5),
      site.lon.toFixed(5),
      Math.round(site.ground),
      site.mast,
      site.panels,
      site.serves.join(', ') || '-',
    ]),
  );
}

function linkTable({ network: { links, sites } }: Plan): string {
  return table(
    ['from', 'to', 'length', 'with', 'loss dB', 'spare dB', 'frames', 'terrain', ''],
    links.map(({ a, b, planned, budget }) => [
      sites[a]!.name,
      sites[b]!.name,
      kilometres(budget.metres),
      `${budget.way.radio}, ${antennas[budget.way.antenna].says.split(',')[0]!}`,
      Math.round(budget.loss.total),
      Math.round(budget.margin),
      `${(100 * budget.share).toFixed(budget.share > 0.99 ? 1 : 0)} %`,
      obstruction(budget),
      planned ? (budget.metres >= TWO_KILOMETRES ? 'planned, beyond 2 km' : 'planned') : 'detour',
    ]),
  );
}

function failures({ network: { sites, failures } }: Plan): string[] {
  return sites.map(({ name, role }, index) => {
    const lost = failures[index]!;
    const meanwhile = role === 'gateway' ? 'the island loses its uplink' : 'the others go on';
    return lost.length === 0
      ? `  ${name}: ${meanwhile}.`
      : `  ${name}: ${meanwhile}, but ${lost.join(', ')} ${lost.length === 1 ? 'falls' : 'fall'} out.`;
  });
}

function rangeRow({ says, planned, half }: Range): string[] {
  return [
    says,
    kilometres(planned),
    kilometres(half),
    planned >= TWO_KILOMETRES ? 'holds' : half >= TWO_KILOMETRES ? 'at the edge' : 'does not hold',
  ];
}

function sunTable({ lists }: Plan): string {
  return table(
    ['site', 'load W', 'panel W', 'battery Wh', 'dark days', 'brown-out', 'poorest month'],
    lists.map(({ site, watts, supply }: SiteList) =>
      supply
        ? [
            site.name,
            watts.toFixed(2),
            supply.panelWatts,
            supply.batteryWattHours,
            supply.darkDays.toFixed(1),
            `${(100 * supply.brownOut).toFixed(2)} %`,
            `${months[supply.poorest.month - 1]!}, ${supply.poorest.sunHours.toFixed(1)} sun hours`,
          ]
        : [site.name, watts.toFixed(2), '-', '-', '-', '-', '-'],
    ),
  );
}
