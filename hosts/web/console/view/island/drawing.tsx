/** The island as a graph. */
import { useMemo, useState } from 'preact/hooks';
import type { Island } from '../../../../box/api/types.js';
import { fit, nextInDirection, type Size } from '../../model/fit.js';
import { pathKeys } from '../../model/routes.js';
import { useConsole } from '../context.js';
import { LinkCosts } from './link-costs.js';
import { LinkLine } from './link-line.js';
import { NodeMark } from './node-mark.js';
import { useGlide } from './use-glide.js';

/** Room at the rim for a label of eight characters. */
const margin: Size = { width: 34, height: 34 };
const largestRadius = 13;
const smallestRadius = 6;
/** Pixels between neighbours on average below which labels would run into each other; they then show on the node in hand only. */
const labelSpacing = 46;

/** The box asks each board once in 30 s: traffic that crosses the island shows in reports that lie so many ms apart. */
const reportSpread = 30_000;

const arrows: Readonly<Record<string, { readonly x: number; readonly y: number }>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

export function Drawing({ island, size }: { readonly island: Island; readonly size: Size }) {
  const { store } = useConsole();
  const [focused, setFocused] = useState(island.box);
  const selected = store.selected.value;
  const name = store.name.value;
  const paths = store.paths.value;
  const pulses = store.pulses.value;

  /** A new island with the same nodes must not start a movement: remembered by the list of ids, not by the island. */
  const ids = island.nodes.map(({ id }) => id).join(' ');
  const target = useMemo(() => fit(store.places.value, ids.split(' '), size, margin), [store.places.value, ids, size]);
  const places = useGlide(target, size);
  const drawn = island.nodes.filter(({ id }) => places.has(id));

  const spacing = Math.sqrt((size.width * size.height) / Math.max(1, drawn.length));
  const radius = Math.max(smallestRadius, Math.min(largestRadius, spacing * 0.15));
  const tree = useMemo(() => new Set([...paths.values()].flatMap(pathKeys)), [paths]);
  const chosen = new Set(selected === undefined ? [] : pathKeys(paths.get(selected) ?? []));
  const tabStop = drawn.some(({ id }) => id === focused) ? focused : island.box;

  const onKeyDown = (event: KeyboardEvent): void => {
    const direction = arrows[event.key];
    if (direction !== undefined) {
      event.preventDefault();
      const next = nextInDirection(tabStop, direction, places);
      if (next !== undefined) (event.currentTarget as SVGElement).querySelector<SVGElement>(`[data-id="${next}"]`)?.focus();
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      store.select(tabStop);
    } else if (event.key === 'Escape') {
      store.select(undefined);
    }
  };

  /** Boards report traffic, not by link: where both ends of a route's link passed some at about one time, it is taken to have gone there. */
  const beatOf = (a: string, b: string): number | undefined => {
    const [one, other] = [pulses.get(a), pulses.get(b)];
    return one && other && Math.abs(one.at - other.at) < reportSpread ? Math.max(one.beat, other.beat) : undefined;
  };

  return (
    <svg
      class="drawing"
      width={size.width}
      height={size.height}
      role="group"
      aria-label="Map of the island"
      aria-describedby="map-help"
      onKeyDown={onKeyDown}
    >
      <g>
        {store.pairs.value.map((pair) => {
          const [a, b] = [places.get(pair.a), places.get(pair.b)];
          if (a === undefined || b === undefined) return null;
          const route = chosen.has(pair.key) ? 'selected' : tree.has(pair.key) ? 'tree' : 'none';
          const beat = route === 'none' ? undefined : beatOf(pair.a, pair.b);
          return <LinkLine key={pair.key} pair={pair} a={a} b={b} route={route} beat={beat} nameA={name(pair.a)} nameB={name(pair.b)} />;
        })}
      </g>
      {drawn.map((node) => (
        <NodeMark
          key={node.id}
          node={node}
          name={name(node.id)}
          place={places.get(node.id)!}
          radius={radius}
          labelled={spacing >= labelSpacing || node.role === 'box'}
          selected={node.id === selected}
          tabStop={node.id === tabStop}
          hops={hopsOf(paths.get(node.id))}
          pulse={pulses.get(node.id)}
          onSelect={() => store.select(node.id)}
          onFocus={() => setFocused(node.id)}
        />
      ))}
      {selected !== undefined && <LinkCosts id={selected} pairs={store.pairs.value} places={places} />}
    </svg>
  );
}

const hopsOf = (path: readonly string[] | undefined): number | undefined => path && path.length - 1;
