/** The map with its legend, or what to do while there is no island yet. */
import { plural } from '../../model/format.js';
import { useConsole } from '../context.js';
import { Card, Empty } from '../parts/card.js';
import { Icon } from '../parts/icon.js';
import { Drawing } from './drawing.js';
import { Legend } from './legend.js';
import { useSize } from './use-size.js';

const lonely = 'No boards are heard yet. Switch on a board in range; it shows here within a minute.';
const unpaired = 'The island shows here once this box has its radio board.';

export function IslandCard() {
  const { store } = useConsole();
  const [map, size] = useSize<HTMLDivElement>();
  const island = store.island.value;
  const paired = store.status.value?.radio.state === 'paired';
  const aside = island && (
    <div class="aside">
      <span class="quiet">{`${plural(island.nodes.length, 'node')}, ${plural(store.pairs.value.length, 'link')}`}</span>
      <button type="button" class="plain" title="Lay out all nodes anew" onClick={store.rearrange}>
        <Icon name="arrange" />
        Arrange
      </button>
    </div>
  );
  return (
    <Card name="island" title="Island" aside={aside}>
      <p id="map-help" class="hidden">
        Arrow keys move between nodes, Enter selects, Escape closes the selection. The table of traffic lists the same nodes.
      </p>
      <div class="map" ref={map}>
        {island && size && <Drawing island={island} size={size} />}
        {island === undefined && <Empty>Waiting for the box…</Empty>}
        {island && island.nodes.length <= 1 && <Empty>{paired ? lonely : unpaired}</Empty>}
      </div>
      <Legend />
    </Card>
  );
}
