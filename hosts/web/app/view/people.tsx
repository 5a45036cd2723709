/** People, and the letters with one of them. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { contactCode, readContactCode, type Person } from '../model/people.js';
import { useStore } from './context.js';
import { QrCode } from './qr-code.js';

export function People(): JSX.Element {
  const { chat, words: spoken } = useStore();
  const words = spoken.value;
  const open = useSignal<string | undefined>(undefined);
  const person = chat.people.value.find(({ key }) => key === open.value);
  if (person) return <Letters person={person} close={() => (open.value = undefined)} />;
  return (
    <>
      <h1>{words.people}</h1>
      {chat.people.value.length === 0 && <p class="empty">{words.nobodyYet}</p>}
      <ul class="people">
        {chat.people.value.map(({ key, name }) => {
          const letters = chat.letters.value.filter((letter) => letter.with === key);
          const unread = letters.filter(({ mine, state }) => !mine && state !== 'read').length;
          return (
            <li key={key}>
              <button onClick={() => (open.value = key)}>
                <strong>{name}</strong> {unread > 0 && <span class="count">{unread}</span>}
                <small>{letters[letters.length - 1]?.text ?? `${key.slice(0, 8)}…`}</small>
              </button>
            </li>
          );
        })}
      </ul>
      <AddPerson added={(key) => (open.value = key)} />
      {chat.me.value && (
        <section class="card">
          <h2>{words.myCode}</h2>
          <QrCode text={contactCode(chat.me.value)} label={words.myCode} />
          <code class="key">{contactCode(chat.me.value)}</code>
        </section>
      )}
    </>
  );
}

function AddPerson({ added }: { readonly added: (key: string) => void }): JSX.Element {
  const { chat, words: spoken } = useStore();
  const words = spoken.value;
  const typed = useSignal('');
  const wrong = useSignal(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    const person = readContactCode(typed.value);
    wrong.value = person === undefined;
    if (!person) return;
    chat.add(person);
    typed.value = '';
    added(person.key);
  };
  return (
    <form class="card" onSubmit={submit}>
      <label>
        <span>{words.theirCode}</span>
        <input
          autocapitalize="none"
          spellcheck={false}
          value={typed.value}
          onInput={(event) => (typed.value = event.currentTarget.value)}
        />
      </label>
      {wrong.value && (
        <p class="failure" role="alert">
          {words.codeWrong}
        </p>
      )}
      <button>{words.addPerson}</button>
    </form>
  );
}

function Letters({ person, close }: { readonly person: Person; readonly close: () => void }): JSX.Element {
  const { chat, words: spoken, language } = useStore();
  const words = spoken.value;
  const text = useSignal('');
  const failure = useSignal<string | undefined>(undefined);
  const letters = chat.letters.value.filter((letter) => letter.with === person.key);
  useEffect(() => chat.show(person.key));
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const says = text.value.trim();
    if (says === '') return;
    try {
      failure.value = (await chat.send(person, says)) ? undefined : words.tooLong;
      if (failure.value === undefined) text.value = '';
    } catch {
      failure.value = words.offline; // The text stays in the field.
    }
  };
  return (
    <>
      <button class="plain" onClick={close}>
        ‹ {words.back}
      </button>
      <h1>{person.name}</h1>
      <p class="hint">{words.sealed}</p>
      <ol class="letters" aria-live="polite">
        {letters.map(({ id, mine, text: says, at, state }) => (
          <li key={id} class={mine ? 'mine' : 'theirs'}>
            <p>{says}</p>
            <small>
              {new Date(at).toLocaleTimeString(language.value, { hour: '2-digit', minute: '2-digit' })}
              {mine && ` · ${words.letterStates[state]}`}
            </small>
          </li>
        ))}
      </ol>
      {failure.value !== undefined && (
        <p class="failure" role="alert">
          {failure.value}
        </p>
      )}
      <form onSubmit={(event) => void submit(event)}>
        <label>
          <span>{words.write}</span>
          <textarea rows={2} value={text.value} onInput={(event) => (text.value = event.currentTarget.value)} />
        </label>
        <button class="primary">{words.send}</button>
      </form>
    </>
  );
}
