/** The frame: welcome until there is somebody, then one page of four. */
import type { JSX } from 'preact';
import type { Tab } from '../state/store.js';
import { useStore } from './context.js';
import { Internet } from './internet.js';
import { IslandPage } from './island.js';
import { Me } from './me.js';
import { Money } from './money.js';
import { People } from './people.js';
import { KeepWords, LanguageChoice, Welcome } from './welcome.js';

const pages: Readonly<Record<Tab, () => JSX.Element>> = { people: People, internet: Internet, money: Money, island: IslandPage, me: Me };

export function App(): JSX.Element {
  const store = useStore();
  const words = store.words.value;
  document.documentElement.lang = store.language.value;
  const identity = store.identity.value;
  if (!identity)
    return (
      <main class="welcome">
        <LanguageChoice />
        <Welcome />
      </main>
    );
  if (store.unwritten.value)
    return (
      <main class="welcome">
        <KeepWords />
      </main>
    );
  const tab = store.tab.value;
  const Page = pages[tab];
  return (
    <>
      <header>
        <strong>{store.status.value?.name ?? 'MeshBox'}</strong>
        <span>{identity.name}</span>
      </header>
      <main>
        {store.offline.value && (
          <p class="failure" role="alert">
            {words.offline}
          </p>
        )}
        <p class="notice" role="status">
          {store.notice.value}
        </p>
        <Page />
      </main>
      <nav>
        {(Object.keys(pages) as Tab[]).map((each) => (
          <button key={each} aria-current={each === tab ? 'page' : undefined} onClick={() => store.open(each)}>
            {words[each]}
            {each === 'people' && store.chat.unread.value > 0 && <span class="count">{store.chat.unread.value}</span>}
          </button>
        ))}
      </nav>
    </>
  );
}
