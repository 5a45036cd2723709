/** Composition root of the operator console. */
import { render } from 'preact';
import { createApi, eventsPath } from './state/api.js';
import { createConnection, openStream } from './state/connection.js';
import { createStore } from './state/store.js';
import { App } from './view/app.js';
import { ConsoleContext } from './view/context.js';

const api = createApi();
const store = createStore(Date.now);
const connection = createConnection({
  stream: openStream(eventsPath),
  snapshot: api.snapshot,
  probe: api.status,
  later(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  now: Date.now,
  load: store.load,
  apply: store.apply,
  show: store.show,
});

render(
  <ConsoleContext.Provider value={{ store, api, connection }}>
    <App />
  </ConsoleContext.Provider>,
  document.getElementById('app')!,
);
connection.connect();
