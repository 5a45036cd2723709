/** The sign of a node: shape by role (square, circle, diamond), filling by state (full, ring with core, dashed with a cross). */
import type { IslandNode } from '../../../../box/api/types.js';

export interface NodeShapeProps {
  readonly role: IslandNode['role'];
  readonly state: IslandNode['state'];
  readonly radius: number;
}

export function NodeShape({ role, state, radius }: NodeShapeProps) {
  const arm = radius * 0.42;
  return (
    <g class={`shape ${role} ${state}`}>
      <Outline role={role} radius={radius} />
      {state === 'silent' && <circle class="core" r={radius * 0.42} />}
      {state === 'unreachable' && <path class="strike" d={`M${-arm} ${-arm} ${arm} ${arm}M${arm} ${-arm} ${-arm} ${arm}`} />}
    </g>
  );
}

function Outline({ role, radius }: Pick<NodeShapeProps, 'role' | 'radius'>) {
  const half = role === 'box' ? radius * 0.95 : radius * 0.9;
  const rounded = { x: -half, y: -half, width: 2 * half, height: 2 * half, rx: half * 0.4, class: 'outline' };
  switch (role) {
    case 'box':
      return <rect {...rounded} />;
    case 'board':
      return <circle r={radius} class="outline" />;
    case 'leaf':
      return <rect {...rounded} rx={1} transform="rotate(45) scale(0.8)" />;
  }
}

/** The sign in running text. */
export function NodeSign({ role, state }: Omit<NodeShapeProps, 'radius'>) {
  return (
    <svg class="sign" viewBox="-9 -9 18 18" aria-hidden="true">
      <NodeShape role={role} state={state} radius={6.5} />
    </svg>
  );
}
