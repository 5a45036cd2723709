/** `meshbox plan`: places and heights in; sites, links, coverage, sun and shopping list out. Needs no network. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../../node/index.js';
import { regionOf, type Region } from '../region.js';
import { coverage, type Coverage } from './coverage.js';
import { readElevation, type Bounds } from './elevation.js';
import { access, ladder, linkBudget, reach, REQUIRED, USABLE, type Way } from './links.js';
import { drawMap } from './map.js';
import { propose, type Network } from './network.js';
import { readPlaces, type Place } from './places.js';
import { radios } from './radios.js';
import { reportOf } from './report.js';
import { shoppingList, totals, type SiteList } from './shopping.js';

export interface PlanOptions {
  readonly places: string;
  readonly elevation: string;
  /** Two letters of ISO 3166. */
  readonly country: string;
  readonly lora: boolean;
  /** Mean share of the day with sunshine, 0 to 1. */
  readonly sunshine: number;
  readonly darkDays: number;
}

/** How far each way reaches over open water, metres: with the planned margin, and until half the frames are lost. */
export interface Range {
  readonly says: string;
  readonly planned: number;
  readonly half: number;
}

export interface Plan {
  readonly region: Region;
  readonly places: readonly Place[];
  readonly bounds: Bounds;
  readonly network: Network;
  readonly coverage: Coverage;
  readonly ranges: readonly Range[];
  readonly lists: readonly SiteList[];
  readonly totals: ReturnType<typeof totals>;
  readonly options: PlanOptions;
}

/** Around the outermost places: relays may stand there, and the map shows the coast. */
const EDGE = 1_500;
/** Cells across the coverage map: 40 m on an island of 16 km. */
const COLUMNS = 400;

export async function makePlan(options: PlanOptions): Promise<Plan> {
  const elevation = await readElevation(options.elevation);
  const places = await readPlaces(options.places, elevation);
  const region = regionOf(options.country);
  const bounds = around(places);
  const network = propose(elevation, places, bounds, { eirp: region.eirp, lora: options.lora });
  const lists = shoppingList(network, options);
  return {
    region,
    places,
    bounds,
    network,
    coverage: coverage(elevation, network.sites, bounds, COLUMNS, region.eirp),
    ranges: ranges(region.eirp),
    lists,
    totals: totals(lists),
    options,
  };
}

/** Writes plan.svg, plan.txt and plan.json into the folder; answers their paths. */
export async function writePlan(plan: Plan, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const { coverage: cover, options, ...rest } = plan;
  const files = {
    'plan.svg': drawMap(plan.network, cover, plan.bounds, `MeshBox plan: ${plan.network.sites.length} sites`),
    'plan.txt': `${reportOf(plan)}\n`,
    'plan.json': `${JSON.stringify({ ...rest, covered: cover.covered, sunshine: options.sunshine, darkDays: options.darkDays }, null, 1)}\n`,
  };
  const paths: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await writeDurably(path, Buffer.from(text));
    paths.push(path);
  }
  return paths;
}

function around(places: readonly Place[]): Bounds {
  const [lats, lons] = [places.map(({ lat }) => lat), places.map(({ lon }) => lon)];
  const up = EDGE / 111_320;
  const across = up / Math.cos((Math.max(...lats.map(Math.abs)) * Math.PI) / 180);
  return {
    south: Math.min(...lats) - up,
    north: Math.max(...lats) + up,
    west: Math.min(...lons) - across,
    east: Math.max(...lons) + across,
  };
}

export function ranges(eirp: number): Range[] {
  const way = (says: string, each: Way): Range => {
    const margin = (ground: Parameters<typeof linkBudget>[0]): number => linkBudget(ground, each, eirp).margin;
    return { says, planned: reach(margin, REQUIRED), half: reach(margin, 0) };
  };
  const phones = (ground: Parameters<typeof access>[0]): number => access(ground, ladder[0]!.mast, eirp).margin;
  return [
    { says: 'a phone on the Wi-Fi of a box, 5 m mast', planned: reach(phones, USABLE), half: reach(phones, 0) },
    way('ESP-NOW, antennas on the boards, 1 m up', { radio: 'esp-now', antenna: 'pcb', mast: 1 }),
    way('long range mode, antennas on the boards, 1 m up', { radio: 'lr', antenna: 'pcb', mast: 1 }),
    ...ladder.map((each) => way(`${radios[each.radio].says.split(',')[0]}, ${each.antenna}, ${each.mast} m masts`, each)),
    way('LoRa (SOS and control only), whip, 8 m masts', { radio: 'lora', antenna: 'whip', mast: 8 }),
  ];
}
