/** Rows of the traffic table and their order. */
import type { IslandNode } from '../../../box/api/types.js';

export interface Column {
  readonly key: string;
  readonly title: string;
  readonly help: string;
  /** Undefined: not reported; such rows stand last whatever the direction. */
  readonly value: (node: IslandNode) => number | string | undefined;
}

const order: Readonly<Record<IslandNode['state'], number>> = { up: 0, silent: 1, unreachable: 2 };

export const columns = [
  { key: 'node', title: 'Node', help: 'Start of its id', value: ({ id }) => id },
  { key: 'state', title: 'State', help: 'Up, silent or unreachable', value: ({ state }) => order[state] },
  { key: 'cost', title: 'Route cost', help: 'Expected airtime from the box to it', value: ({ route }) => route?.metric },
  { key: 'uptime', title: 'Uptime', help: 'Since it started', value: ({ seconds }) => seconds },
  { key: 'sent', title: 'Sent', help: 'Octets that it put on the air', value: ({ counters }) => counters?.sentOctets },
  { key: 'forwarded', title: 'Forwarded', help: 'Frames passed on for others', value: ({ counters }) => counters?.forwarded },
  { key: 'delivered', title: 'Delivered', help: 'Messages that were for it', value: ({ counters }) => counters?.delivered },
  {
    key: 'retries',
    title: 'Retries',
    help: 'Frames sent again for want of an acknowledgement',
    value: ({ counters }) => counters?.retries,
  },
  { key: 'dropped', title: 'Dropped', help: 'Frames given up', value: ({ counters }) => counters?.dropped },
] as const satisfies readonly Column[];

export type ColumnKey = (typeof columns)[number]['key'];
export interface Order {
  readonly key: ColumnKey;
  readonly descending: boolean;
}

export function sortNodes(nodes: readonly IslandNode[], { key, descending }: Order): readonly IslandNode[] {
  const { value }: Column = columns.find((column) => column.key === key)!;
  return [...nodes].sort((one, other) => {
    const [left, right] = [value(one), value(other)];
    if (left === right) return one.id < other.id ? -1 : 1;
    if (left === undefined) return 1;
    if (right === undefined) return -1;
    return left < right === descending ? 1 : -1;
  });
}
