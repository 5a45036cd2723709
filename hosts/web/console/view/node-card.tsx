/** The selected node: state, route, figures, pools, neighbours, and what can be done with it. */
import { useEffect, useState } from 'preact/hooks';
import type { Island, IslandNode } from '../../../box/api/types.js';
import { airtime, count, duration, octets, plural } from '../model/format.js';
import { addressOf } from '../model/recipients.js';
import { leafHelp, roleWords, stateHelp, stateWords } from '../model/words.js';
import { useConsole } from './context.js';
import { NeighbourTable } from './neighbour-table.js';
import { Card, Empty } from './parts/card.js';
import { Facts } from './parts/facts.js';
import { Failure } from './parts/failure.js';
import { Icon } from './parts/icon.js';
import { Meter } from './parts/meter.js';
import { NodeButton } from './parts/node-button.js';
import { NodeSign } from './parts/node-shape.js';
import { useAction } from './parts/use-action.js';

export function NodeCard({ id }: { readonly id: string }) {
  const { store } = useConsole();
  useEffect(() => bringIntoView('node'), [id]);
  const island = store.island.value;
  const node = island?.nodes.find((each) => each.id === id);
  const close = (
    <button type="button" class="plain" onClick={() => store.select(undefined)}>
      <Icon name="cross" />
      Close
    </button>
  );
  if (island === undefined || node === undefined) {
    return (
      <Card name="node" title={store.name.value(id)} aside={close}>
        <Empty>This node is no longer part of the island.</Empty>
      </Card>
    );
  }
  const title = (
    <>
      <NodeSign role={node.role} state={node.state} />
      {node.role === 'box' ? 'This box' : `${roleWords[node.role]} ${store.name.value(id)}`}
    </>
  );
  return (
    <Card name="node" title={title} aside={close}>
      <p class={`state ${node.state}`}>
        <strong>{stateWords[node.state]}</strong> {(node.role === 'leaf' ? leafHelp : stateHelp)[node.state]}
      </p>
      <NodeActions key={id} node={node} island={island} />
      <Facts
        facts={[
          ['Id', <code>{id}</code>],
          ['Route', <Route node={node} />],
          ['Uptime', <Uptime node={node} />],
        ]}
      />
      <NeighbourTable id={id} />
      <NodeCounters node={node} />
      <NodePools node={node} />
    </Card>
  );
}

/** The box reports on the boards; its own figures are in its status. */
function Uptime({ node }: { readonly node: IslandNode }) {
  const { store } = useConsole();
  const seconds = node.role === 'box' ? store.status.value?.uptimeSeconds : node.seconds;
  return <>{seconds === undefined ? 'not reported' : duration(seconds)}</>;
}

/** On a narrow screen the card stands below the map: a selection must be seen to have worked. */
function bringIntoView(elementId: string): void {
  const element = document.getElementById(elementId)!;
  const { top, bottom } = element.getBoundingClientRect();
  if (bottom > 0 && top < innerHeight * 0.85) return;
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  element.scrollIntoView({ block: 'start', behavior: calm ? 'auto' : 'smooth' });
}

function Route({ node }: { readonly node: IslandNode }) {
  const { store } = useConsole();
  if (node.role === 'box') return <>here</>;
  const path = store.paths.value.get(node.id);
  const cost = node.route && `${airtime(node.route.metric)} expected airtime`;
  if (path === undefined) {
    if (node.route === undefined) return <>none</>;
    return (
      <>
        {cost}, first to <NodeButton id={node.route.nextHop} />
      </>
    );
  }
  return (
    <>
      {plural(path.length - 1, 'hop')}
      {cost && `, ${cost}`}
      <span class="path" title="The first hop is from the box's table; the rest follows the cheapest reported links.">
        {path.map((id) => (
          <NodeButton key={id} id={id} />
        ))}
      </span>
    </>
  );
}

function NodeActions({ node, island }: { readonly node: IslandNode; readonly island: Island }) {
  const { store, api } = useConsole();
  const ping = useAction();
  const [answer, setAnswer] = useState('');
  const address = addressOf(node.id, island);
  if (address === undefined) return null;
  const send = (field: string) => () => {
    store.choose(address);
    document.getElementById(field)?.focus();
  };
  const onPing = (): void => {
    setAnswer('');
    void ping.run(async () => {
      const { hops, milliseconds } = await api.ping(address);
      setAnswer(`Answered over ${plural(hops, 'hop')} in ${milliseconds.toFixed(0)} ms.`);
    });
  };
  return (
    <div class="actions">
      <button type="button" disabled={ping.busy} onClick={onPing}>
        <Icon name="ping" />
        {ping.busy ? 'Pinging…' : 'Ping'}
      </button>
      <button type="button" onClick={send('text')}>
        <Icon name="send" />
        Send text
      </button>
      <button type="button" onClick={send('file')}>
        <Icon name="file" />
        Send file
      </button>
      <output>{answer}</output>
      <Failure failure={ping.failure} />
    </div>
  );
}

function NodeCounters({ node: { counters } }: { readonly node: IslandNode }) {
  if (counters === undefined) return null;
  return (
    <>
      <h3>Traffic since it started</h3>
      <Facts
        facts={[
          ['Sent', octets(counters.sentOctets)],
          ['Forwarded', plural(counters.forwarded, 'frame')],
          ['Delivered', plural(counters.delivered, 'message')],
          ['Retries', count(counters.retries)],
          ['Dropped', count(counters.dropped)],
        ]}
      />
    </>
  );
}

function NodePools({ node: { pools } }: { readonly node: IslandNode }) {
  if (pools === undefined) return null;
  const { chunkPeak, chunkSize, slotPeak, slotSize, stackPeak, stackSize } = pools;
  const slots = (peak: number, size: number): string => `${count(peak)} of ${count(size)}`;
  return (
    <>
      <h3>Memory at its fullest</h3>
      <Meter name="Chunks" peak={chunkPeak} size={chunkSize} text={`${octets(chunkPeak)} of ${octets(chunkSize)}`} />
      <Meter name="Slots" peak={slotPeak} size={slotSize} text={slots(slotPeak, slotSize)} />
      <Meter name="Stack" peak={stackPeak} size={stackSize} text={slots(stackPeak, stackSize)} />
    </>
  );
}
