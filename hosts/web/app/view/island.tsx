/** What is here without any Internet. */
import type { JSX } from 'preact';
import { octets } from '../model/amounts.js';
import { useStore } from './context.js';

export function IslandPage(): JSX.Element {
  const store = useStore();
  const words = store.words.value;
  const files = store.files.value.filter((file) => file.state === 'complete');
  return (
    <>
      <h1>{words.island}</h1>
      {store.status.value && <p class="hint">{words.boxes(store.status.value.island.nodes)}</p>}
      <h2>
        {words.files} <small class="good">{words.free}</small>
      </h2>
      {files.length === 0 ? (
        <p class="empty">{words.noFiles}</p>
      ) : (
        <ul class="files">
          {files.map((file) => (
            <li key={file.sha256}>
              {file.mediaType.startsWith('image/') && <img src={`/api/files/${file.sha256}`} alt="" loading="lazy" />}
              <a href={`/api/files/${file.sha256}`}>{file.name}</a> <small>{octets(file.octets)}</small>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
