/** What to buy for each site, in watts, watt-hours, metres and decibels. */
import type { Link, Network, Site } from './network.js';
import { supplyFor, type Supply } from './solar.js';

/** Watts of a board that always listens (0.28 to 0.32 W measured on C3 and S3, receiver on), and of a small Linux gateway with its disk (assumed). */
export const BOARD_WATTS = 0.32;
export const GATEWAY_WATTS = 3;

export interface SiteList {
  readonly site: Site;
  /** Radio boards: the mesh and phones' access on one mast are two, each panel has its own. */
  readonly boards: number;
  readonly watts: number;
  /** Undefined: no panel in the shops carries it. */
  readonly supply: Supply | undefined;
  readonly items: readonly string[];
}

export interface SunOptions {
  readonly sunshine: number;
  readonly darkDays: number;
}

export function shoppingList({ sites, links }: Network, { sunshine, darkDays }: SunOptions): SiteList[] {
  return sites.map((site, index) => {
    // ESP-NOW and Bluetooth on one radio lose frames of each other (vendor's own warning): trunk and access are two boards.
    const boards = (site.role === 'relay' ? 1 : 2) + site.panels;
    const watts = boards * BOARD_WATTS + (site.role === 'gateway' ? GATEWAY_WATTS : 0);
    const supply = supplyFor({ lat: site.lat, watts, sunshine, darkDays });
    const panels = links.filter((link) => link.planned && link.budget.way.antenna === 'panel' && (link.a === index || link.b === index));
    return { site, boards, watts, supply, items: items(site, boards, supply, panels, sites, index) };
  });
}

function items(
  site: Site,
  boards: number,
  supply: Supply | undefined,
  panels: readonly Link[],
  sites: readonly Site[],
  index: number,
): string[] {
  return [
    `${boards} radio boards (ESP32-C6, external antenna plug)`,
    ...(site.role === 'gateway' ? [`1 Linux gateway (3 W), on the uplink if there is one`] : []),
    `mast ${site.mast} m with lightning rod and guys`,
    `whip 5 dBi, cable of at most 1 dB (2 m of LMR-200)`,
    ...panels.map((link) => {
      const [other, towards] = link.a === index ? [link.b, link.budget.bearing] : [link.a, (link.budget.bearing + 180) % 360];
      return `panel 14 dBi pointed ${Math.round(towards)}° at ${sites[other]!.name}`;
    }),
    ...(site.lora ? ['1 LoRa module (SX126x, 915 to 928 MHz) with its whip'] : []),
    ...(supply
      ? [
          `solar panel ${supply.panelWatts} W, flat or leaning 10° towards the equator`,
          `battery LiFePO4 ${supply.batteryWattHours} Wh, regulator with 3.3 V`,
        ]
      : ['no panel of the list carries this load: mains, or fewer dark days (--dark-days)']),
  ];
}

/** The whole order, counted. */
export function totals(lists: readonly SiteList[]): readonly (readonly [what: string, count: number])[] {
  const count = new Map<string, number>();
  const add = (what: string, by = 1): void => void count.set(what, (count.get(what) ?? 0) + by);
  for (const { site, boards, supply } of lists) {
    add('radio board', boards);
    if (site.role === 'gateway') add('Linux gateway, 3 W');
    add(`mast ${site.mast} m`);
    add('whip 5 dBi');
    if (site.panels > 0) add('panel antenna 14 dBi', site.panels);
    if (site.lora) add('LoRa module');
    if (supply) {
      add(`solar panel ${supply.panelWatts} W`);
      add(`battery LiFePO4 ${supply.batteryWattHours} Wh`);
    }
  }
  return [...count].sort(([a], [b]) => (a < b ? -1 : 1));
}
