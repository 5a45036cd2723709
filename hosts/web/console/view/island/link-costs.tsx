/** What the selected node's links cost: there, and back. */
import { neighboursOf, type Direction, type LinkPair } from '../../model/links.js';
import { placeLabels } from '../../model/labels.js';
import type { Places } from '../../model/tangle.js';

/** Pixels that `12.3 | 45.6 ms` takes at 11 px. */
const figureSize = { width: 84, height: 16 };
/** A node's sign with the label under it. */
const nodeRoom = { width: 34, height: 46 };
const labelDrop = 7;

export function LinkCosts({ id, pairs, places }: { readonly id: string; readonly pairs: readonly LinkPair[]; readonly places: Places }) {
  const neighbours = neighboursOf(id, pairs).filter(({ kind }) => kind !== 'serial');
  const lines = neighbours.flatMap(({ id: key }) => {
    const [from, to] = [places.get(id), places.get(key)];
    return from && to ? [{ key, from, to }] : [];
  });
  const nodes = [...places.values()].map(({ x, y }) => ({ x, y: y + labelDrop, ...nodeRoom }));
  const spots = placeLabels(lines, figureSize, nodes);
  return (
    <g class="costs" aria-hidden="true">
      {neighbours.map(({ id: key, there, back }) => {
        const spot = spots.get(key);
        return (
          spot && (
            <g key={key} transform={`translate(${spot.x} ${spot.y})`}>
              <rect x={-figureSize.width / 2} y={-figureSize.height / 2} {...figureSize} rx={figureSize.height / 2} />
              <text>{`${cost(there)} | ${cost(back)} ms`}</text>
            </g>
          )
        );
      })}
    </g>
  );
}

const cost = (direction: Direction | undefined): string => (direction === undefined ? '?' : (direction.metric / 10).toFixed(1));
