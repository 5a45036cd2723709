/** Where phones reach a box: a raster of decibels over the map. */
import type { Bounds, Elevation } from './elevation.js';
import { access, groundBetween } from './links.js';
import type { Site } from './network.js';
import { metresBetween } from './places.js';

export interface Coverage {
  readonly columns: number;
  readonly rows: number;
  /** Best margin of any box; -Infinity out of reach. Row 0 is the northern one. */
  readonly margins: Float32Array;
  /** Elevation, metres; NaN where unknown. */
  readonly heights: Float32Array;
  /** Square metres of land with a margin of at least 0, and with what a link may count upon. */
  readonly covered: number;
}

/** No phone reaches a box from farther: free space alone costs 100 dB. */
const FARTHEST = 1_200;
/** Samples along a phone's path: the terrain of a kilometre in steps of 30 m. */
const SAMPLES = 40;
/** Sea and beach below this are not counted as land. */
const SHORE = 0.5;

export function coverage(elevation: Elevation, sites: readonly Site[], bounds: Bounds, columns: number, eirp: number): Coverage {
  const { south, west, north, east } = bounds;
  const metres = {
    x: metresBetween({ lat: south, lon: west }, { lat: south, lon: east }),
    y: metresBetween({ lat: south, lon: west }, { lat: north, lon: west }),
  };
  const rows = Math.max(1, Math.round((columns * metres.y) / metres.x));
  const margins = new Float32Array(columns * rows).fill(-Infinity);
  const heights = new Float32Array(columns * rows);
  let cells = 0;
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1) {
      const index = row * columns + column;
      const point = { lat: north - ((row + 0.5) * (north - south)) / rows, lon: west + ((column + 0.5) * (east - west)) / columns };
      heights[index] = elevation.at(point) ?? NaN;
      for (const site of sites) {
        if (site.role === 'relay' || metresBetween(site, point) > FARTHEST) continue;
        const ground = groundBetween(elevation, site, point, SAMPLES);
        if (ground) margins[index] = Math.max(margins[index]!, access(ground, site.mast, eirp).margin);
      }
      if (margins[index]! >= 0 && heights[index]! > SHORE) cells += 1;
    }
  return { columns, rows, margins, heights, covered: (cells * metres.x * metres.y) / (columns * rows) };
}
