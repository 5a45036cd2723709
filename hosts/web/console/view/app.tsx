/** The whole page. */
import { Changes } from './changes.js';
import { useConsole } from './context.js';
import { Files } from './files.js';
import { Header } from './header.js';
import { IslandCard } from './island/island-card.js';
import { Messages } from './messages.js';
import { NodeCard } from './node-card.js';
import { Notices } from './notices.js';
import { OverviewCard } from './overview-card.js';
import { TrafficTable } from './traffic-table.js';

export function App() {
  const { store } = useConsole();
  const gone = store.live.value.state === 'gone';
  return (
    <>
      <a class="skip" href="#island">
        Skip to the island
      </a>
      <Header />
      <Notices />
      <main class={gone ? 'stale' : undefined}>
        <IslandCard />
        {store.selected.value === undefined ? <OverviewCard /> : <NodeCard id={store.selected.value} />}
        <Messages />
        <Files />
        <Changes />
        <TrafficTable />
      </main>
    </>
  );
}
