/** Every node in a sortable table: the map's figures for comparing, and its equal for those who can't see it. */
import { useState } from 'preact/hooks';
import type { IslandNode } from '../../../box/api/types.js';
import { airtime, count, duration, octets } from '../model/format.js';
import { columns, sortNodes, type ColumnKey, type Order } from '../model/sort.js';
import { stateWords } from '../model/words.js';
import { useConsole } from './context.js';
import { Card, Empty } from './parts/card.js';
import { NodeButton } from './parts/node-button.js';
import { NodeSign } from './parts/node-shape.js';

export function TrafficTable() {
  const { store } = useConsole();
  const nodes = store.island.value?.nodes ?? [];
  const [order, setOrder] = useState<Order>({ key: 'sent', descending: true });
  const onSort = (key: ColumnKey): void => setOrder({ key, descending: order.key === key ? !order.descending : key !== 'node' });
  const most = Math.max(1, ...nodes.map(({ counters }) => counters?.sentOctets ?? 0));
  return (
    <Card name="traffic" title="Traffic by node">
      {nodes.length === 0 ? (
        <Empty>Figures show here when the first board reports.</Empty>
      ) : (
        <div class="wide" role="region" aria-labelledby="traffic-title" tabIndex={0}>
          <table>
            <thead>
              <tr>
                {columns.map(({ key, title, help }) => (
                  <th key={key} scope="col" aria-sort={order.key !== key ? 'none' : order.descending ? 'descending' : 'ascending'}>
                    <button type="button" title={help} onClick={() => onSort(key)}>
                      {title}
                    </button>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {sortNodes(nodes, order).map((node) => (
                <Row key={node.id} node={node} most={most} selected={store.selected.value === node.id} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

function Row({ node, most, selected }: { readonly node: IslandNode; readonly most: number; readonly selected: boolean }) {
  const { id, role, state, route, seconds, counters } = node;
  return (
    <tr class={selected ? 'selected' : undefined}>
      <th scope="row">
        <NodeButton id={id} />
      </th>
      <td class="word">
        <NodeSign role={role} state={state} />
        {stateWords[state]}
      </td>
      <td>{figure(route?.metric, airtime)}</td>
      <td>{figure(seconds, duration)}</td>
      <td class="bar-cell">
        <span class="bar" aria-hidden="true" style={{ width: `${(100 * (counters?.sentOctets ?? 0)) / most}%` }} />
        {figure(counters?.sentOctets, octets)}
      </td>
      <td>{figure(counters?.forwarded, count)}</td>
      <td>{figure(counters?.delivered, count)}</td>
      <td>{figure(counters?.retries, count)}</td>
      <td>{figure(counters?.dropped, count)}</td>
    </tr>
  );
}

const figure = (value: number | undefined, format: (value: number) => string): string => (value === undefined ? '–' : format(value));
