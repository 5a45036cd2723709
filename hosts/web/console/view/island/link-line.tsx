/**
 * One link: each half tells of one direction, seen from the node at its end, by width, colour and dashes. Under it a broad band if a
 * route from the box runs here, and a glow that fades when traffic has passed.
 */
import type { LinkKind } from '../../../../../firmware/core/link/index.js';
import type { Direction, LinkPair } from '../../model/links.js';
import type { Point } from '../../model/tangle.js';
import { along } from '../../model/labels.js';
import { airtime, decibels } from '../../model/format.js';
import { linkQuality } from '../../model/quality.js';

export interface LinkLineProps {
  readonly pair: LinkPair;
  readonly a: Point;
  readonly b: Point;
  /** On the route of any node, or of the selected one. */
  readonly route: 'none' | 'tree' | 'selected';
  /** Runs on when traffic passes. */
  readonly beat: number | undefined;
  readonly nameA: string;
  readonly nameB: string;
}

export function LinkLine({ pair, a, b, route, beat, nameA, nameB }: LinkLineProps) {
  const middle = along(a, b, 0.5);
  return (
    <g class="link">
      <title>{`${describe(nameA, nameB, pair.ab, pair.kind)}\n${describe(nameB, nameA, pair.ba, pair.kind)}`}</title>
      {route !== 'none' && <Line class={`band ${route}`} from={a} to={b} />}
      {beat !== undefined && <Line key={beat} class="glow" from={a} to={b} />}
      <Line class={half(pair.ab, pair.kind)} from={a} to={middle} />
      <Line class={half(pair.ba, pair.kind)} from={b} to={middle} />
    </g>
  );
}

function half(direction: Direction | undefined, kind: LinkKind): string {
  if (direction === undefined) return 'half unheard';
  return `half ${kind === 'serial' ? 'cable' : linkQuality(direction.metric, kind)}`;
}

function describe(from: string, to: string, direction: Direction | undefined, kind: LinkKind): string {
  if (direction === undefined) return `${from} to ${to}: not reported`;
  if (kind === 'serial') return `${from} to ${to}: by cable`;
  return `${from} to ${to}: ${airtime(direction.metric)}, ${linkQuality(direction.metric, kind)}, ${decibels(direction.rssi)}`;
}

function Line({ from, to, ...rest }: { readonly from: Point; readonly to: Point; readonly class: string }) {
  return <line x1={from.x} y1={from.y} x2={to.x} y2={to.y} {...rest} />;
}
