/** One link: the terrain between two stations, and what each kind of equipment has to spare over it. */
import bearing from '@turf/bearing';
import type { Elevation, Point } from './elevation.js';
import { equivalentEdge, flatPath, pathLoss, type Loss, type TerrainPath } from './path-loss.js';
import { metresBetween } from './places.js';
import { antennas, phone, radios, reception, type AntennaId, type Radio } from './radios.js';

/** Equipment of both ends. */
export interface Way {
  readonly radio: keyof typeof radios;
  readonly antenna: AntennaId;
  /** Metres above ground. */
  readonly mast: number;
}

/** From cheap to dear: each is tried when what stands before it does not reach. */
export const ladder: readonly Way[] = [
  { radio: 'esp-now', antenna: 'whip', mast: 5 },
  { radio: 'lr', antenna: 'whip', mast: 5 },
  { radio: 'lr', antenna: 'whip', mast: 8 },
  { radio: 'lr', antenna: 'panel', mast: 8 },
  { radio: 'lr', antenna: 'panel', mast: 12 },
];
/** Only where asked for: a radio of its own, and no traffic but SOS and control. */
export const lora: Way = { radio: 'lora', antenna: 'whip', mast: 8 };

/** Decibels above the threshold that a planned link must have: 99.4 % of frames with a fading of 4 dB. */
export const REQUIRED = 10;
/** A link that nobody planned is counted on for detours with 84 % of frames. */
export const USABLE = 4;

export interface LinkBudget {
  readonly way: Way;
  readonly metres: number;
  /** Degrees from north, for pointing an antenna. */
  readonly bearing: number;
  readonly loss: Loss;
  /** Decibels above the threshold. */
  readonly margin: number;
  /** Share of frames that arrive. */
  readonly share: number;
  /** Least clearance as a share of the first Fresnel zone: 0.6 and more is free, below 0 the line of sight is cut. */
  readonly clearance: number;
}

/** Ground between two points; raised by masts it is a TerrainPath. */
export interface Ground {
  readonly a: Point;
  readonly b: Point;
  readonly metres: number;
  readonly from: number;
  readonly to: number;
  readonly points: TerrainPath['points'];
}

/** Samples along a path: at each sample of the grid, within these. */
const FEWEST = 12;
const MOST = 400;

/** Undefined when some height between them is not known. */
export function groundBetween(elevation: Elevation, a: Point, b: Point, most = MOST): Ground | undefined {
  const metres = metresBetween(a, b);
  const steps = Math.min(most, Math.max(FEWEST, Math.ceil(metres / elevation.spacing)));
  const heights: number[] = [];
  for (let step = 0; step <= steps; step += 1) {
    // A straight line in degrees is within a metre of the great circle at these lengths.
    const height = elevation.at({ lat: a.lat + ((b.lat - a.lat) * step) / steps, lon: a.lon + ((b.lon - a.lon) * step) / steps });
    if (height === undefined) return undefined;
    heights.push(height);
  }
  const points = heights.slice(1, -1).map((height, index) => ({ at: (metres * (index + 1)) / steps, height }));
  return { a, b, metres, from: heights[0]!, to: heights.at(-1)!, points };
}

export function raise({ metres, from, to, points }: Ground, fromMast: number, toMast: number): TerrainPath {
  return { distance: metres, from: from + fromMast, to: to + toMast, points, groundFrom: from, groundTo: to };
}

/** Power into the antenna that region and radio allow. */
function power(radio: Radio, gain: number, eirp: number): number {
  return radio.mhz > 2_000 ? Math.min(radio.power, eirp - gain) : radio.power;
}

export function linkBudget(ground: Ground, way: Way, eirp: number, masts: readonly [number, number] = [way.mast, way.mast]): LinkBudget {
  const radio = radios[way.radio];
  const { gain } = antennas[way.antenna];
  const path = raise(ground, ...masts);
  const loss = pathLoss(path, radio.mhz);
  const margin = power(radio, gain, eirp) + 2 * gain - loss.total - radio.threshold;
  const towards = (bearing([ground.a.lon, ground.a.lat], [ground.b.lon, ground.b.lat]) + 360) % 360;
  return { way, metres: ground.metres, bearing: towards, loss, margin, share: reception(margin), clearance: clearance(path, radio.mhz) };
}

/** v = -sqrt(2) clearance / radius of the zone (P.526, section 2.2), so the least clearance follows from the edge. */
function clearance(path: TerrainPath, mhz: number): number {
  return path.points.length === 0 ? 1 : Math.min(1, -equivalentEdge(path, mhz) / Math.SQRT2);
}

/** The first step of the ladder that has the required margin. */
export function cheapestWay(ground: Ground, eirp: number, ways: readonly Way[] = ladder): LinkBudget | undefined {
  return ways.map((way) => linkBudget(ground, way, eirp)).find(({ margin }) => margin >= REQUIRED);
}

export interface Access {
  /** Decibels above the threshold, of the weaker direction. */
  readonly margin: number;
  readonly limit: 'phone' | 'box';
}

/** A phone at `b` on the Wi-Fi of a box at `a`. */
export function access(ground: Ground, mast: number, eirp: number): Access {
  const { gain } = antennas.whip;
  const { wifi } = radios;
  const loss = pathLoss(raise(ground, mast, phone.height), wifi.mhz).total;
  const up = phone.power + phone.gain + gain - loss - wifi.threshold;
  const down = power(wifi, gain, eirp) + gain + phone.gain - loss - wifi.threshold;
  return up <= down ? { margin: up, limit: 'phone' } : { margin: down, limit: 'box' };
}

const flat = (metres: number): Ground => {
  const { points } = flatPath(metres, 0, 0);
  return { a: { lat: 0, lon: 0 }, b: { lat: 0, lon: metres / 111_320 }, metres, from: 0, to: 0, points };
};

/** How far a margin holds over open water, metres, to the nearest 10. */
export function reach(marginAt: (ground: Ground) => number, required: number): number {
  let [low, high] = [10, 60_000];
  while (high - low > 10) {
    const middle = (low + high) / 2;
    if (marginAt(flat(middle)) >= required) low = middle;
    else high = middle;
  }
  return Math.round(low / 10) * 10;
}

/** In words. */
export function obstruction({ clearance: free, loss }: LinkBudget): string {
  if (free >= 0.6) return 'in clear sight';
  if (free >= 0) return `in sight, ${Math.round(free * 100)} % of the Fresnel zone free`;
  return `no line of sight, ${Math.round(loss.terrain)} dB over the edge`;
}
