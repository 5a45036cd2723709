/**
 * The places that the plan serves: CSV (`name,lat,lon[,people[,kind]]`, a header line), JSON (an array of such objects), or GeoJSON points with these
 * properties. Kinds: `village` (phones are there), `gateway` (the box with the uplink; the first place otherwise), `hill` (a relay may stand there).
 */
import { readFile } from 'node:fs/promises';
import distance from '@turf/distance';
import { Problem, systemCode } from '../../node/index.js';
import type { Elevation, Point } from './elevation.js';

export const kinds = ['village', 'gateway', 'hill'] as const;
export type Kind = (typeof kinds)[number];

export interface Place extends Point {
  readonly name: string;
  readonly people: number;
  readonly kind: Kind;
  /** Of the ground, metres above sea level. */
  readonly ground: number;
}

/** Farther apart than any island of the pilot: a wrong sign or swapped columns. */
const ISLAND = 100_000;
/** Nearer than this, two entries are one place. */
const SAME = 20;
const MOST = 60;

export const metresBetween = (a: Point, b: Point): number => distance([a.lon, a.lat], [b.lon, b.lat], { units: 'meters' });

/** Fails with a Problem that names the place and the remedy. */
export async function readPlaces(file: string, elevation: Elevation): Promise<Place[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new Problem(
      'places-missing',
      `there is no list of places ${file}`,
      'Give a CSV file with the columns name,lat,lon, or a GeoJSON file of points.',
    );
  }
  const places = parse(file, text).map((entry, index) => place(entry, index, elevation));
  judge(file, places);
  return places;
}

type Entry = Readonly<Record<string, unknown>>;

function parse(file: string, text: string): Entry[] {
  if (!/^\s*[[{]/.test(text)) return csv(file, text);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw unreadable(file, 'it is neither CSV nor JSON');
  }
  if (Array.isArray(json)) return json as Entry[];
  const { features } = json as { features?: unknown };
  if (!Array.isArray(features)) throw unreadable(file, 'it is JSON, but neither a list nor a GeoJSON FeatureCollection');
  return features.map((feature: { geometry?: { type?: string; coordinates?: unknown[] }; properties?: Entry }, index) => {
    const { geometry, properties } = feature;
    if (geometry?.type !== 'Point' || !Array.isArray(geometry.coordinates))
      throw unreadable(file, `feature ${index + 1} is a ${geometry?.type ?? 'thing without geometry'}, not a Point`);
    return { ...properties, lon: geometry.coordinates[0], lat: geometry.coordinates[1] };
  });
}

function csv(file: string, text: string): Entry[] {
  const [head, ...lines] = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const names = (head ?? '').split(',').map((name) => name.trim().toLowerCase());
  if (!['name', 'lat', 'lon'].every((name) => names.includes(name)))
    throw unreadable(file, 'its first line does not name the columns name, lat and lon');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, column) => [names[column] ?? '', cell.trim()])));
}

function place(entry: Entry, index: number, elevation: Elevation): Place {
  const name = typeof entry['name'] === 'string' && entry['name'] !== '' ? entry['name'] : undefined;
  const bad = (says: string, remedy: string): Problem => new Problem('place', `${name ?? `place ${index + 1}`} ${says}`, remedy);
  if (name === undefined || name.length > 40)
    throw bad('has no name of 1 to 40 characters', 'Name it: the shopping list and the labels use it.');
  const [lat, lon] = [number(entry['lat']), number(entry['lon'])];
  if (lat === undefined || lon === undefined || Math.abs(lat) > 90 || Math.abs(lon) > 180)
    throw bad(
      `lies at lat ${String(entry['lat'])}, lon ${String(entry['lon'])}, which is nowhere`,
      'Write decimal degrees, south and west negative; latitude is at most 90.',
    );
  const people = entry['people'] === undefined || entry['people'] === '' ? 0 : number(entry['people']);
  if (people === undefined || people < 0) throw bad(`has «${String(entry['people'])}» people`, 'Give a number, or leave it out.');
  const kind = entry['kind'] === undefined || entry['kind'] === '' ? 'village' : kinds.find((each) => each === entry['kind']);
  if (kind === undefined) throw bad(`is of kind «${String(entry['kind'])}»`, `The kinds are ${kinds.join(', ')}.`);
  const ground = elevation.at({ lat, lon });
  if (ground === undefined)
    throw new Problem(
      'elevation-missing',
      `no elevation is known at ${name} (${lat}, ${lon})`,
      'Add the tile that holds it to --elevation, or correct its coordinates (latitude first, south negative).',
    );
  return { name, lat, lon, people, kind, ground };
}

function judge(file: string, places: readonly Place[]): void {
  if (places.length < 2) throw unreadable(file, `it lists ${places.length === 0 ? 'no place' : 'one place'}; a mesh joins at least two`);
  if (places.length > MOST) throw unreadable(file, `it lists ${places.length} places; this planner takes ${MOST}`);
  for (const [index, a] of places.entries())
    for (const b of places.slice(index + 1)) {
      const metres = metresBetween(a, b);
      if (a.name === b.name || metres < SAME)
        throw new Problem(
          'place',
          `${a.name} and ${b.name} are ${a.name === b.name ? 'one name' : `${Math.round(metres)} m apart: one place`}`,
          'Give each place once, by a name of its own.',
        );
      if (metres > ISLAND)
        throw new Problem(
          'place',
          `${a.name} and ${b.name} are ${Math.round(metres / 1_000)} km apart`,
          'One plan is for one island: check the signs and the order of latitude and longitude, or split the list.',
        );
    }
}

function unreadable(file: string, says: string): Problem {
  return new Problem(
    'places-format',
    `${file} cannot be used: ${says}`,
    'Give a CSV file with the columns name,lat,lon (people, kind), or GeoJSON points.',
  );
}

function number(value: unknown): number | undefined {
  const parsed = typeof value === 'number' ? value : typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN;
  return Number.isFinite(parsed) ? parsed : undefined;
}
