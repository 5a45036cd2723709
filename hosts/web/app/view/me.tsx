/** Name, language, the twelve words, and leaving. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useStore } from './context.js';
import { LanguageChoice, WordList } from './welcome.js';

export function Me(): JSX.Element {
  const store = useStore();
  const words = store.words.value;
  const shown = useSignal(false);
  const leaving = useSignal(false);
  return (
    <>
      <h1>{store.identity.value!.name}</h1>
      <LanguageChoice />
      <section class="card">
        <p>{words.keepWords}</p>
        {shown.value && <WordList mnemonic={store.identity.value!.words} />}
        <button onClick={() => (shown.value = !shown.value)}>{shown.value ? words.hideWords : words.showWords}</button>
      </section>
      {leaving.value ? (
        <section class="card" role="alert">
          <p>{words.forgetSure}</p>
          <button class="danger" onClick={store.forget}>
            {words.forget}
          </button>
          <button onClick={() => (leaving.value = false)}>{words.cancel}</button>
        </section>
      ) : (
        <button class="plain" onClick={() => (leaving.value = true)}>
          {words.forget}
        </button>
      )}
    </>
  );
}
