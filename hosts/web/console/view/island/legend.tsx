/** What the signs of the map mean. */
import type { IslandNode } from '../../../../box/api/types.js';
import { stateHelp, stateWords } from '../../model/words.js';
import { NodeSign } from '../parts/node-shape.js';

export function Legend() {
  return (
    <ul class="legend" aria-label="Legend">
      <li>
        <NodeSign role="box" state="up" /> box
      </li>
      {(['up', 'silent', 'unreachable'] as const).map((state) => (
        <BoardEntry key={state} state={state} />
      ))}
      <LineEntry class="half good" text="good link" />
      <LineEntry class="half fair" text="fair" />
      <LineEntry class="half weak" text="weak" />
      <LineEntry class="half unheard" text="not reported" />
      <LineEntry class="half cable" text="cable" />
      <LineEntry
        class="band tree"
        text="routes from the box"
        title="First hop from the box's table, the rest by the cheapest reported links."
      />
    </ul>
  );
}

function BoardEntry({ state }: { readonly state: IslandNode['state'] }) {
  return (
    <li title={stateHelp[state]}>
      <NodeSign role="board" state={state} /> {state === 'up' ? 'board' : stateWords[state]}
    </li>
  );
}

function LineEntry({ text, title, ...line }: { readonly class: string; readonly text: string; readonly title?: string }) {
  return (
    <li title={title}>
      <svg class="sample" viewBox="0 0 30 12" aria-hidden="true">
        <line x1="4" y1="6" x2="26" y2="6" {...line} />
      </svg>
      {text}
    </li>
  );
}
