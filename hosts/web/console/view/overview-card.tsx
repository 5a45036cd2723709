/** Beside the map while no node is selected: the island in figures, and the line to the board. */
import type { IslandNode, RadioStatus } from '../../../box/api/types.js';
import { count, plural } from '../model/format.js';
import { stateHelp, stateWords } from '../model/words.js';
import { useConsole } from './context.js';
import { Card } from './parts/card.js';
import { Facts } from './parts/facts.js';
import { NodeButton } from './parts/node-button.js';
import { NodeSign } from './parts/node-shape.js';

export function OverviewCard() {
  const { store } = useConsole();
  const island = store.island.value;
  const status = store.status.value;
  return (
    <Card name="overview" title="Overview">
      <p class="hint">Select a node in the map to see its figures and to write to it.</p>
      {island && (
        <ul class="tally" aria-label="Nodes by state">
          {(['up', 'silent', 'unreachable'] as const).map((state) => (
            <Tally key={state} state={state} nodes={island.nodes} />
          ))}
        </ul>
      )}
      {status && (
        <Facts
          facts={[
            ['Links', count(store.pairs.value.length)],
            ['Messages', count(status.traffic.messages)],
            ['Files', count(status.traffic.files)],
          ]}
        />
      )}
      {status && <RadioFacts radio={status.radio} />}
    </Card>
  );
}

function Tally({ state, nodes }: { readonly state: IslandNode['state']; readonly nodes: readonly IslandNode[] }) {
  const number = nodes.filter((node) => node.state === state).length;
  return (
    <li title={stateHelp[state]}>
      <NodeSign role="board" state={state} />
      <strong>{number}</strong> {stateWords[state]}
    </li>
  );
}

function RadioFacts({ radio }: { readonly radio: RadioStatus }) {
  if (radio.state !== 'paired') return null;
  const { framesSent, framesReceived, retransmissions, badFrames, reconnects } = radio.counters;
  return (
    <>
      <h3>Radio board</h3>
      <Facts
        facts={[
          ['Board', <NodeButton id={radio.boardId} />],
          ['Firmware', radio.firmware],
          ['Device', radio.device],
          ['Frames', `${count(framesSent)} sent, ${count(framesReceived)} received`],
          ['Line faults', `${plural(retransmissions, 'repeat')}, ${plural(badFrames, 'bad frame')}, ${plural(reconnects, 'reconnect')}`],
        ]}
      />
    </>
  );
}
