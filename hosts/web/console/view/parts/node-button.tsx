/** A node's short id as a button that selects it. */
import { useConsole } from '../context.js';

export function NodeButton({ id }: { readonly id: string }) {
  const { store } = useConsole();
  return (
    <button type="button" class="node-button" title={id} aria-pressed={store.selected.value === id} onClick={() => store.select(id)}>
      {store.name.value(id)}
    </button>
  );
}
