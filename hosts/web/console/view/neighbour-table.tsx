/** A node's links, both directions beside each other. */
import type { LinkKind } from '../../../../firmware/core/link/index.js';
import { airtime, decibels } from '../model/format.js';
import { neighboursOf, type Direction } from '../model/links.js';
import { linkQuality } from '../model/quality.js';
import { useConsole } from './context.js';
import { Empty } from './parts/card.js';
import { NodeButton } from './parts/node-button.js';

export function NeighbourTable({ id }: { readonly id: string }) {
  const { store } = useConsole();
  const neighbours = neighboursOf(id, store.pairs.value);
  return (
    <>
      <h3>Neighbours</h3>
      {neighbours.length === 0 ? (
        <Empty>No links are reported. Check its power and antenna.</Empty>
      ) : (
        <table class="neighbours">
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">To it</th>
              <th scope="col">Back</th>
            </tr>
          </thead>
          <tbody>
            {neighbours.map(({ id: neighbour, there, back, kind }) => (
              <tr key={neighbour}>
                <th scope="row">
                  <NodeButton id={neighbour} />
                </th>
                <DirectionCell direction={there} kind={kind} />
                <DirectionCell direction={back} kind={kind} />
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function DirectionCell({ direction, kind }: { readonly direction: Direction | undefined; readonly kind: LinkKind }) {
  if (direction === undefined) return <td class="quiet">not reported</td>;
  if (kind === 'serial') return <td>by cable</td>;
  const quality = linkQuality(direction.metric, kind);
  return (
    <td>
      <span class={`quality ${quality}`} aria-hidden="true" />
      {`${airtime(direction.metric)} ${quality}`}
      <div class="quiet">{decibels(direction.rssi)}</div>
    </td>
  );
}
