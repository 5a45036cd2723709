/** From the layout's units to the pixels of the drawing. */
import type { Places, Point } from './tangle.js';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** One axis may be stretched by this much against the other to use the room; more would look skewed. */
const maxStretch = 1.7;
/** One link length in pixels at most: a small island stays a compact drawing in a large window. */
const maxScale = 2.4;

/** Fill `size` less `margin` on each side, centred; a tall drawing shows the (wide) layout turned by 90 degrees. */
export function fit(places: Places, ids: readonly string[], size: Size, margin: Size): Places {
  const turned = size.height > size.width;
  const seen = ids.flatMap((id): [string, Point][] => {
    const place = places.get(id);
    return place ? [[id, turned ? { x: -place.y, y: place.x } : place]] : [];
  });
  const horizontal = span(seen.map(([, { x }]) => x));
  const vertical = span(seen.map(([, { y }]) => y));
  const roomX = Math.max(1, size.width - 2 * margin.width) / Math.max(1, horizontal.length);
  const roomY = Math.max(1, size.height - 2 * margin.height) / Math.max(1, vertical.length);
  const scaleX = Math.min(roomX, roomY * maxStretch, maxScale);
  const scaleY = Math.min(roomY, roomX * maxStretch, maxScale);
  return new Map(
    seen.map(([id, { x, y }]) => [
      id,
      { x: size.width / 2 + (x - horizontal.middle) * scaleX, y: size.height / 2 + (y - vertical.middle) * scaleY },
    ]),
  );
}

function span(values: readonly number[]): { readonly length: number; readonly middle: number } {
  if (values.length === 0) return { length: 0, middle: 0 };
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return { length: high - low, middle: (low + high) / 2 };
}

/** The node next in a direction, for the arrow keys: nearest, where a step aside counts double; undefined at the rim. */
export function nextInDirection(from: string, direction: Point, places: Places): string | undefined {
  const here = places.get(from);
  if (here === undefined) return undefined;
  let best: string | undefined;
  let least = Infinity;
  for (const [id, { x, y }] of places) {
    const along = (x - here.x) * direction.x + (y - here.y) * direction.y;
    const aside = Math.abs((x - here.x) * direction.y - (y - here.y) * direction.x);
    if (id === from || along <= 0 || aside > 2 * along) continue;
    const cost = along + 2 * aside;
    if (cost < least) [best, least] = [id, cost];
  }
  return best;
}
