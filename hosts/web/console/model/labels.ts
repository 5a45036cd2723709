/** Where text along lines can stand without covering a node or another text. */
import type { Point } from './tangle.js';

export interface LabelLine {
  readonly key: string;
  readonly from: Point;
  readonly to: Point;
}

/** Around its centre. */
interface Area extends Point {
  readonly width: number;
  readonly height: number;
}

/** Shares of the line, in order of preference: beyond the middle, where the lines of one node have spread apart. */
const positions = [0.6, 0.5, 0.7, 0.4];

/** Centres by key; a line without room has none. `taken` are places of nodes with the room that each needs. */
export function placeLabels(
  lines: readonly LabelLine[],
  size: { width: number; height: number },
  taken: readonly Area[],
): ReadonlyMap<string, Point> {
  const areas = [...taken];
  const placed = new Map<string, Point>();
  for (const { key, from, to } of lines) {
    const free = positions
      .map((part) => ({ ...along(from, to, part), ...size }))
      .find((area) => !areas.some((other) => overlap(area, other)));
    if (free === undefined) continue;
    areas.push(free);
    placed.set(key, free);
  }
  return placed;
}

const overlap = (one: Area, other: Area): boolean =>
  Math.abs(one.x - other.x) * 2 < one.width + other.width && Math.abs(one.y - other.y) * 2 < one.height + other.height;

export const along = (a: Point, b: Point, part: number): Point => ({ x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part });
