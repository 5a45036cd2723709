/** Texts in and out, and the form to send one. */
import { useRef, useState } from 'preact/hooks';
import type { Message } from '../../../box/api/types.js';
import { clock } from '../model/format.js';
import { useConsole } from './context.js';
import { Card, Empty } from './parts/card.js';
import { Failure } from './parts/failure.js';
import { Icon } from './parts/icon.js';
import { RecipientChooser } from './parts/recipient-chooser.js';
import { MessageState } from './parts/state-chip.js';
import { useAction } from './parts/use-action.js';
import { useFollowEnd } from './parts/use-follow-end.js';

export function Messages() {
  const messages = useConsole().store.messages.value;
  const list = useFollowEnd<HTMLOListElement>(messages.length);
  return (
    <Card name="messages" title="Messages">
      {messages.length === 0 && <Empty>No messages yet. Choose a recipient and write one.</Empty>}
      <ol class="scroll" ref={list} aria-labelledby="messages-title" tabIndex={messages.length > 0 ? 0 : -1}>
        {messages.map((message) => (
          <MessageRow key={`${message.direction}${message.key}`} message={message} />
        ))}
      </ol>
      <MessageForm />
    </Card>
  );
}

function MessageRow({ message: { direction, peer, text, at, state } }: { readonly message: Message }) {
  const { store } = useConsole();
  return (
    <li class={`message ${direction}`}>
      <p class="bubble">{text}</p>
      <p class="meta">
        <span title={peer}>{`${direction === 'in' ? 'from' : 'to'} ${store.name.value(peer)}`}</span>
        <time dateTime={new Date(at).toISOString()}>{clock(at)}</time>
        <MessageState state={state} />
      </p>
    </li>
  );
}

/** The wire's limit on a text (app.cddl), in octets of UTF-8. */
const maxOctets = 2000;
const octetsOf = (text: string): number => new TextEncoder().encode(text).length;

function MessageForm() {
  const { store, api } = useConsole();
  const [text, setText] = useState('');
  const form = useRef<HTMLFormElement>(null);
  const { busy, failure, run } = useAction();
  const excess = octetsOf(text) - maxOctets;

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const sent = await run(async () => store.addMessage(await api.sendText(store.recipient.value, text)));
    if (sent) setText('');
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.current?.requestSubmit();
  };

  return (
    <form class="compose" ref={form} onSubmit={submit}>
      <RecipientChooser id="text-to" />
      <label for="text">Text</label>
      <textarea
        id="text"
        rows={2}
        required
        value={text}
        aria-describedby="text-help"
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <p id="text-help" class={excess > 0 ? 'warn' : 'quiet'}>
        {excess > 0 ? `Too long by ${excess} octets; a text holds ${maxOctets}.` : 'Enter sends, Shift+Enter starts a new line.'}
      </p>
      <button type="submit" class="primary" disabled={busy || excess > 0}>
        <Icon name="send" />
        {busy ? 'Sending…' : 'Send text'}
      </button>
      <Failure failure={failure} />
    </form>
  );
}
