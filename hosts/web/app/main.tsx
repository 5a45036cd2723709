/** Composition root of the phone app. */
import { render } from 'preact';
import { createBox } from './state/box.js';
import { createStore } from './state/store.js';
import { App } from './view/app.js';
import { StoreContext } from './view/context.js';

const store = createStore({
  box: createBox(location.origin),
  disk: localStorage,
  random: (octets) => crypto.getRandomValues(new Uint8Array(octets)),
  languages: navigator.languages,
});

render(
  <StoreContext.Provider value={store}>
    <App />
  </StoreContext.Provider>,
  document.getElementById('app')!,
);
store.begin();
setInterval(() => {
  if (!document.hidden) void store.refresh();
}, 2_000);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void store.refresh();
});
