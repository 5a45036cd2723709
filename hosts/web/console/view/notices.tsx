/** What a person has to know or mend before anything else: the box is gone, the radio is refused or missing. */
import type { ComponentChildren } from 'preact';
import type { RadioStatus, Status } from '../../../box/api/types.js';
import { clock, sentence } from '../model/format.js';
import { useConsole } from './context.js';

export function Notices() {
  const { store } = useConsole();
  const live = store.live.value;
  const status = store.status.value;
  return (
    <div class="notices" role="status">
      {live.state === 'gone' ? <GoneNotice since={live.since} /> : status && <StatusNotices status={status} />}
    </div>
  );
}

function StatusNotices({ status: { radio, problems } }: { readonly status: Status }) {
  return (
    <>
      <RadioNotice radio={radio} />
      {problems.map(({ code, message, remedy }) => (
        <Notice key={code + message} tone="bad" title={sentence(message)}>
          <p>{remedy}</p>
        </Notice>
      ))}
    </>
  );
}

function GoneNotice({ since }: { readonly since: number }) {
  const { store, connection } = useConsole();
  const known = store.status.value ? ` What you see is from ${clock(since)}.` : '';
  return (
    <Notice tone="bad" title="The box does not answer.">
      <p>{`Check that it is on and that you are in its network.${known} The page keeps trying.`}</p>
      <button type="button" onClick={() => connection.connect()}>
        Try now
      </button>
    </Notice>
  );
}

function RadioNotice({ radio }: { readonly radio: RadioStatus }) {
  if (radio.state === 'refused') {
    return (
      <Notice tone="bad" title={`The board on ${radio.device} was refused: ${sentence(radio.problem)}`}>
        <p>{radio.remedy}</p>
      </Notice>
    );
  }
  if (radio.state === 'searching') {
    return (
      <Notice tone="wait" title={`Looking for a radio board on ${radio.device}.`}>
        <p>
          {radio.problem && `${sentence(radio.problem)} `}
          {radio.remedy ?? 'Plug it in, or check its cable and power. It pairs by itself.'}
        </p>
      </Notice>
    );
  }
  return null;
}

interface NoticeProps {
  readonly tone: 'wait' | 'bad';
  readonly title: string;
  readonly children: ComponentChildren;
}

function Notice({ tone, title, children }: NoticeProps) {
  return (
    <div class={`notice tone-${tone}`}>
      <strong>{title}</strong>
      {children}
    </div>
  );
}
