/** One node on the map: a button with its sign and short id. */
import type { IslandNode } from '../../../../box/api/types.js';
import type { Point } from '../../model/tangle.js';
import { plural } from '../../model/format.js';
import { roleWords, stateWords } from '../../model/words.js';
import type { Pulse } from '../../state/store.js';
import { NodeShape } from '../parts/node-shape.js';

export interface NodeMarkProps {
  readonly node: IslandNode;
  readonly name: string;
  readonly place: Point;
  readonly radius: number;
  readonly labelled: boolean;
  readonly selected: boolean;
  /** The one node that Tab reaches; arrow keys lead to the others. */
  readonly tabStop: boolean;
  readonly hops: number | undefined;
  readonly pulse: Pulse | undefined;
  readonly onSelect: () => void;
  readonly onFocus: () => void;
}

/** A finger needs about 44 pixels. */
const touchRadius = 22;
/** A burst of thousands of frames must not paint over its neighbours. */
const widestPulse = 14;

export function NodeMark({ node, name, place, radius, labelled, selected, tabStop, hops, pulse, onSelect, onFocus }: NodeMarkProps) {
  const { id, role, state } = node;
  const size = role === 'box' ? radius * 1.25 : role === 'leaf' ? radius * 0.75 : radius;
  const title = role === 'box' ? 'This box' : `${roleWords[role]} ${name}`;
  const distance = hops === undefined ? '' : `, ${plural(hops, 'hop')}`;
  return (
    <g
      class={`node ${selected ? 'selected' : ''} ${labelled ? '' : 'shy'}`}
      transform={`translate(${place.x.toFixed(1)} ${place.y.toFixed(1)})`}
      role="button"
      tabindex={tabStop ? 0 : -1}
      aria-pressed={selected}
      aria-label={`${title}, ${stateWords[state]}${distance}`}
      data-id={id}
      onClick={onSelect}
      onFocus={onFocus}
    >
      <circle class="hit" r={touchRadius} />
      {pulse && <circle key={pulse.beat} class="pulse" r={size + Math.min(widestPulse, 4 + 3 * Math.log2(1 + pulse.frames))} />}
      <circle class="ring" r={size + 5} />
      <NodeShape role={role} state={state} radius={size} />
      <text y={size + 15}>{name}</text>
    </g>
  );
}
