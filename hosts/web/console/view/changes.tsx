/** Recent changes: a log that screen readers speak as it grows. */
import { clock } from '../model/format.js';
import { Card, Empty } from './parts/card.js';
import { useConsole } from './context.js';

export function Changes() {
  const changes = useConsole().store.changes.value;
  return (
    <Card name="changes" title="Recent changes">
      {changes.length === 0 && <Empty>Nothing has changed since you opened this page. Changes show here as they happen.</Empty>}
      <div class="scroll" role="log" aria-labelledby="changes-title" tabIndex={changes.length > 0 ? 0 : -1}>
        <ol>
          {changes.map(({ key, at, text }) => (
            <li key={key}>
              <time dateTime={new Date(at).toISOString()}>{clock(at)}</time>
              <span>{text}</span>
            </li>
          ))}
        </ol>
      </div>
    </Card>
  );
}
