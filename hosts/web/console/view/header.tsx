/** Top of the page: which box this is, its radio, and whether the page is current. */
import { useEffect } from 'preact/hooks';
import { duration } from '../model/format.js';
import { useConsole } from './context.js';

export function Header() {
  const status = useConsole().store.status.value;
  const name = status?.name ?? 'MeshBox';
  useEffect(() => {
    document.title = `${name} – console`;
  }, [name]);
  return (
    <header class="top">
      <div class="brand">
        <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
          <path d="M16 4 27 10.5v12L16 28 5 22.5v-12ZM16 16V4m0 12 11 6.5M16 16 5 22.5" />
          <circle cx="16" cy="16" r="3.4" />
        </svg>
        <div>
          <h1>{name}</h1>
          <p class="quiet">{status ? `MeshBox ${status.version} · up ${duration(status.uptimeSeconds)}` : 'Operator console'}</p>
        </div>
      </div>
      <div class="badges">
        <RadioBadge />
        <LiveBadge />
      </div>
    </header>
  );
}

function RadioBadge() {
  const { store } = useConsole();
  const radio = store.status.value?.radio;
  if (radio === undefined || store.live.value.state === 'gone') return null;
  switch (radio.state) {
    case 'searching':
      return <Badge tone="wait" word="Radio" text={`searching on ${radio.device}`} />;
    case 'refused':
      return <Badge tone="bad" word="Radio" text="board refused" />;
    case 'paired':
      return (
        <Badge
          tone="good"
          word="Radio"
          text={`paired with ${store.name.value(radio.boardId)}`}
          title={`${radio.firmware} on ${radio.device}`}
        />
      );
  }
}

function LiveBadge() {
  const live = useConsole().store.live.value;
  switch (live.state) {
    case 'connecting':
      return <Badge tone="wait" word="Connecting" />;
    case 'live':
      return <Badge tone="good" word="Live" title="Changes show at once." />;
    case 'gone':
      return <Badge tone="bad" word="No connection" />;
  }
}

interface BadgeProps {
  readonly tone: 'good' | 'wait' | 'bad';
  readonly word: string;
  readonly text?: string;
  readonly title?: string;
}

function Badge({ tone, word, text, title }: BadgeProps) {
  return (
    <span class={`badge tone-${tone}`} title={title}>
      <span class="dot" aria-hidden="true" />
      <strong>{word}</strong>
      {text && <span>{text}</span>}
    </span>
  );
}
