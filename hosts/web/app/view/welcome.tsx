/** Under a minute from the first look to a key: a name, twelve words, done. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { languages, type Language } from '../model/words.js';
import { useStore } from './context.js';

export function LanguageChoice(): JSX.Element {
  const store = useStore();
  return (
    <label class="language">
      <span>{store.words.value.language}</span>
      <select value={store.language.value} onChange={(event) => store.speak(event.currentTarget.value as Language)}>
        {Object.entries(languages).map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Welcome(): JSX.Element {
  const store = useStore();
  const words = store.words.value;
  const restoring = useSignal(false);
  const name = useSignal('');
  const typed = useSignal('');
  const wrong = useSignal(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (name.value.trim() === '') return;
    if (!restoring.value) store.onboard(name.value.trim());
    else wrong.value = !store.restore(typed.value, name.value.trim());
  };
  return (
    <form onSubmit={submit}>
      <h1>MeshBox</h1>
      <p>{words.tagline}</p>
      <label>
        <span>{words.yourName}</span>
        <input
          maxLength={40}
          autocomplete="nickname"
          required
          value={name.value}
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
      </label>
      {restoring.value && (
        <label>
          <span>{words.twelveWords}</span>
          <textarea
            rows={3}
            autocapitalize="none"
            spellcheck={false}
            value={typed.value}
            onInput={(event) => (typed.value = event.currentTarget.value)}
          />
        </label>
      )}
      {wrong.value && (
        <p class="failure" role="alert">
          {words.wordsWrong}
        </p>
      )}
      <button class="primary">{restoring.value ? words.restore : words.begin}</button>
      <button type="button" class="plain" onClick={() => (restoring.value = !restoring.value)}>
        {restoring.value ? words.cancel : words.haveWords}
      </button>
    </form>
  );
}

export function KeepWords(): JSX.Element {
  const store = useStore();
  const words = store.words.value;
  return (
    <>
      <h1>{words.twelveWords}</h1>
      <WordList mnemonic={store.identity.value!.words} />
      <p>{words.keepWords}</p>
      <p class="hint">{words.plainHttp}</p>
      <button class="primary" onClick={store.written}>
        {words.wroteThem}
      </button>
    </>
  );
}

export function WordList({ mnemonic }: { readonly mnemonic: string }): JSX.Element {
  return (
    <ol class="words" lang="en" translate={false}>
      {mnemonic.split(' ').map((word, i) => (
        <li key={i}>{word}</li>
      ))}
    </ol>
  );
}
