/**
 * Path loss in decibels between two antennas over terrain. Sources: Recommendation ITU-R P.526-15 (knife edge: section 4.1; Bullington part of the
 * delta-Bullington method: section 4.5.1), Rappaport, "Wireless Communications", 2nd edition, section 4.6 (ground reflection, two rays).
 *
 * As in the delta-Bullington method, terrain comes from one construction and what a smooth surface adds from another:
 *   loss = free space + Bullington(terrain) + max(0, two rays over the fitted plane - Bullington(that plane))
 * The plane's own reflection stands where the Recommendation has spherical-earth diffraction: paths here are below 20 km with antennas below 20 m,
 * where a reflection from sea or flat ground costs up to 20 dB and the earth's bulge (in both Bullington terms) little.
 */

/** Effective radius of the earth in kilometres: 4/3 of the true one, median refraction (P.526, section 3.1.1). */
const EARTH = 8_500;

/** Metres; of the antennas above sea level. Distances along the path from the first antenna, ascending; the two ends are not in `points`. */
export interface TerrainPath {
  readonly distance: number;
  readonly from: number;
  readonly to: number;
  readonly points: readonly { readonly at: number; readonly height: number }[];
  /** Ground under the two antennas, metres above sea level. */
  readonly groundFrom: number;
  readonly groundTo: number;
}

export interface Loss {
  /** All together, dB. */
  readonly total: number;
  readonly freeSpace: number;
  readonly terrain: number;
  readonly reflection: number;
}

export const wavelength = (mhz: number): number => 299.792_458 / mhz;

export function freeSpace(metres: number, mhz: number): number {
  return 20 * Math.log10((4 * Math.PI * Math.max(1, metres)) / wavelength(mhz));
}

/** Two rays over a plane, the envelope: free space near by, 40 log d - 20 log(h1 h2) beyond. Peaks of the interference are not counted upon. */
export function twoRay(metres: number, mhz: number, fromHeight: number, toHeight: number): number {
  return Math.max(freeSpace(metres, mhz), 40 * Math.log10(Math.max(1, metres)) - 20 * Math.log10(fromHeight * toHeight));
}

/** J(v) of P.526 eq. 31: dB lost over one knife edge; 0 when 60 % of the first Fresnel zone is free (v below -0.78). */
export function knifeEdge(v: number): number {
  return v <= -0.78 ? 0 : 6.9 + 20 * Math.log10(Math.sqrt((v - 0.1) ** 2 + 1) + v - 0.1);
}

/** Radius of the first Fresnel zone, metres. */
export function fresnelRadius(mhz: number, near: number, far: number): number {
  return Math.sqrt((wavelength(mhz) * near * far) / (near + far));
}

/** Rise of the earth's surface over the chord between the ends, metres. */
function bulge(near: number, far: number): number {
  return (near * far) / (2 * EARTH * 1_000);
}

/** The v of the one edge that stands for the terrain (Bullington's point, or the worst clearance of a path in sight). -Infinity without terrain. */
export function equivalentEdge(path: TerrainPath, mhz: number): number {
  const { distance, from, to, points } = path;
  const v = (at: number, above: number): number => above * Math.sqrt((2 * distance) / (wavelength(mhz) * at * (distance - at)));
  const chord = (at: number): number => (from * (distance - at) + to * at) / distance;
  let [steepestOut, steepestBack, worst] = [-Infinity, -Infinity, -Infinity];
  for (const { at, height } of points) {
    const top = height + bulge(at, distance - at);
    steepestOut = Math.max(steepestOut, (top - from) / at);
    steepestBack = Math.max(steepestBack, (top - to) / (distance - at));
    worst = Math.max(worst, v(at, top - chord(at)));
  }
  if (steepestOut < (to - from) / distance) return worst;
  const at = (to - from + steepestBack * distance) / (steepestOut + steepestBack);
  return v(at, from + steepestOut * at - chord(at));
}

/** P.526 section 4.5.1: the equivalent edge, and what rounded and several tops add in practice. */
function bullington(path: TerrainPath, mhz: number): number {
  const edge = knifeEdge(equivalentEdge(path, mhz));
  return edge + (1 - Math.exp(-edge / 6)) * (10 + (0.02 * path.distance) / 1_000);
}

export function pathLoss(path: TerrainPath, mhz: number): Loss {
  const free = freeSpace(path.distance, mhz);
  const plane = fittedPlane(path);
  const terrain = bullington(path, mhz);
  const rays = twoRay(path.distance, mhz, plane.from, plane.to) - free;
  const reflection = Math.max(0, rays - bullington(plane, mhz));
  return { total: free + terrain + reflection, freeSpace: free, terrain, reflection };
}

/** The path over level ground: what the radios were measured on. */
export function flatPath(metres: number, fromHeight: number, toHeight: number): TerrainPath {
  const points = Array.from({ length: 19 }, (_, index) => ({ at: (metres * (index + 1)) / 20, height: 0 }));
  return { distance: metres, from: fromHeight, to: toHeight, points, groundFrom: 0, groundTo: 0 };
}

/** The path over the straight line of least squares through the terrain; antennas are at least as high over it as over their own ground. */
function fittedPlane({ distance, from, to, points, groundFrom, groundTo }: TerrainPath): TerrainPath {
  const all = [{ at: 0, height: groundFrom }, ...points, { at: distance, height: groundTo }];
  const mean = (of: (point: (typeof all)[number]) => number): number => all.reduce((sum, point) => sum + of(point), 0) / all.length;
  const [at, height] = [mean((point) => point.at), mean((point) => point.height)];
  const slope = mean((point) => (point.at - at) * (point.height - height)) / mean((point) => (point.at - at) ** 2);
  const line = (where: number): number => height + slope * (where - at);
  return {
    distance,
    from: from - Math.min(line(0), groundFrom),
    to: to - Math.min(line(distance), groundTo),
    points: points.map((point) => ({ at: point.at, height: 0 })),
    groundFrom: 0,
    groundTo: 0,
  };
}
