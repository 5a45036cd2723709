/** Whom to send to; the choice is shared by texts and files. */
import { useConsole } from '../context.js';

export function RecipientChooser({ id }: { readonly id: string }) {
  const { store } = useConsole();
  const all = store.recipients.value;
  const name = store.name.value;
  return (
    <>
      <label for={id}>To</label>
      <select id={id} required value={store.recipient.value} onChange={({ currentTarget }) => store.choose(currentTarget.value)}>
        <option value="">{all.length > 0 ? 'Choose…' : 'Nobody is in reach yet'}</option>
        {(['People and sensors', 'Boards'] as const).map((group) => {
          const members = all.filter((recipient) => recipient.group === group);
          return (
            members.length > 0 && (
              <optgroup key={group} label={group}>
                {members.map(({ address, reachable }) => (
                  <option key={address} value={address}>
                    {reachable ? name(address) : `${name(address)} (no route now)`}
                  </option>
                ))}
              </optgroup>
            )
          );
        })}
      </select>
    </>
  );
}
