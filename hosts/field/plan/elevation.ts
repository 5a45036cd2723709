/** Elevation above sea level from tiles in HGT (SRTM: file name, 1,201 or 3,601 samples a side, 16 bits big-endian) or GeoTIFF (degrees, WGS 84). */
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fromArrayBuffer } from 'geotiff';
import { messageOf, Problem, systemCode } from '../../node/index.js';

export interface Point {
  readonly lat: number;
  readonly lon: number;
}

export interface Bounds {
  readonly south: number;
  readonly west: number;
  readonly north: number;
  readonly east: number;
}

interface Tile extends Bounds {
  /** Samples; the first and last row and column lie on the bounds. Row 0 is the northern one. */
  readonly columns: number;
  readonly rows: number;
  readonly heights: ArrayLike<number>;
  readonly hole: number;
}

/** SRTM's mark of a sample that is not known. */
const HGT_HOLE = -32_768;
/** Below the lowest land on earth: a mark of a hole whatever the file calls it. */
const NOWHERE = -500;

export class Elevation {
  readonly #tiles: readonly Tile[];

  constructor(tiles: readonly Tile[]) {
    this.#tiles = tiles;
  }

  /** Metres, between the four samples around it; undefined outside the tiles and beside a hole. */
  at({ lat, lon }: Point): number | undefined {
    const tile = this.#tiles.find((each) => lat >= each.south && lat <= each.north && lon >= each.west && lon <= each.east);
    if (!tile) return undefined;
    const x = ((lon - tile.west) / (tile.east - tile.west)) * (tile.columns - 1);
    const y = ((tile.north - lat) / (tile.north - tile.south)) * (tile.rows - 1);
    const [column, row] = [Math.min(Math.floor(x), tile.columns - 2), Math.min(Math.floor(y), tile.rows - 2)];
    const [right, down] = [x - column, y - row];
    let sum = 0;
    for (const [dx, dy, weight] of [
      [0, 0, (1 - right) * (1 - down)],
      [1, 0, right * (1 - down)],
      [0, 1, (1 - right) * down],
      [1, 1, right * down],
    ] as const) {
      const height = tile.heights[(row + dy) * tile.columns + column + dx]!;
      if (height === tile.hole || height <= NOWHERE || Number.isNaN(height)) {
        if (weight > 0) return undefined;
      } else sum += weight * height;
    }
    return sum;
  }

  /** Distance between samples, metres; the coarsest tile's. */
  get spacing(): number {
    return Math.max(...this.#tiles.map((tile) => ((tile.north - tile.south) / (tile.rows - 1)) * 111_320));
  }
}

/** Reads a file, or every tile of a folder. Fails with a Problem `elevation-missing` or `elevation-format`. */
export async function readElevation(path: string): Promise<Elevation> {
  const files = await tilesOf(path);
  return new Elevation(await Promise.all(files.map(readTile)));
}

async function tilesOf(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const files = (await readdir(path)).filter((name) => /\.(hgt|tiff?)$/i.test(name)).sort();
    if (files.length > 0) return files.map((name) => join(path, name));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  throw new Problem(
    'elevation-missing',
    `there is no elevation tile at ${path}`,
    'Name an .hgt (SRTM) or GeoTIFF file, or a folder of them, with --elevation; fetch it while there is Internet: without heights no link can be judged.',
  );
}

async function readTile(file: string): Promise<Tile> {
  const octets = await readFile(file);
  return /\.hgt$/i.test(file) ? hgt(file, octets) : tiff(file, octets);
}

function hgt(file: string, octets: Buffer): Tile {
  const name = /^([NS])(\d{2})([EW])(\d{3})/i.exec(basename(file));
  const side = Math.sqrt(octets.length / 2);
  if (!name || (side !== 1_201 && side !== 3_601))
    throw new Problem(
      'elevation-format',
      name ? `${file} has ${octets.length} octets, which no HGT tile has` : `${file} is not named like an HGT tile`,
      'An HGT tile is called for its south-west corner, such as S18E168.hgt, and holds 1,201 x 1,201 or 3,601 x 3,601 samples of two octets.',
    );
  const south = Number(name[2]) * (name[1]!.toUpperCase() === 'S' ? -1 : 1);
  const west = Number(name[4]) * (name[3]!.toUpperCase() === 'W' ? -1 : 1);
  const heights = new Int16Array(side * side);
  for (let index = 0; index < heights.length; index += 1) heights[index] = octets.readInt16BE(2 * index);
  return { south, west, north: south + 1, east: west + 1, columns: side, rows: side, heights, hole: HGT_HOLE };
}

async function tiff(file: string, octets: Buffer): Promise<Tile> {
  try {
    const image = await (await fromArrayBuffer(new Uint8Array(octets).buffer)).getImage();
    const [west, south, east, north] = image.getBoundingBox() as [number, number, number, number];
    if (Math.abs(west) > 180 || Math.abs(east) > 180 || Math.abs(south) > 90 || Math.abs(north) > 90)
      throw new Error('its coordinates are not degrees (WGS 84)');
    const [heights] = (await image.readRasters({ samples: [0] })) as unknown as [ArrayLike<number>];
    const [columns, rows] = [image.getWidth(), image.getHeight()];
    // A GeoTIFF's box goes around its pixels; heights belong to their middles.
    const [halfX, halfY] = [(east - west) / columns / 2, (north - south) / rows / 2];
    const bounds = { south: south + halfY, west: west + halfX, north: north - halfY, east: east - halfX };
    return { ...bounds, columns, rows, heights, hole: image.getGDALNoData() ?? HGT_HOLE };
  } catch (error) {
    throw new Problem(
      'elevation-format',
      `${file} is no GeoTIFF of elevations: ${messageOf(error)}`,
      'Give a GeoTIFF of one band of metres in degrees (EPSG:4326), or an HGT tile; `gdalwarp -t_srs EPSG:4326` converts.',
    );
  }
}
