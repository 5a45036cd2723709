/** Files in and out, newest first, with their progress, and the form to send one. */
import { useRef } from 'preact/hooks';
import type { FileInfo } from '../../../box/api/types.js';
import { clock, octets, share } from '../model/format.js';
import { filePath } from '../state/api.js';
import { useConsole } from './context.js';
import { Card, Empty } from './parts/card.js';
import { Failure } from './parts/failure.js';
import { Icon } from './parts/icon.js';
import { RecipientChooser } from './parts/recipient-chooser.js';
import { FileState } from './parts/state-chip.js';
import { useAction } from './parts/use-action.js';

export function Files() {
  const files = useConsole().store.files.value;
  return (
    <Card name="files" title="Files">
      {files.length === 0 && <Empty>No files yet. Photographs that arrive over the mesh show here; send one below.</Empty>}
      <ol class="scroll" aria-labelledby="files-title" tabIndex={files.length > 0 ? 0 : -1}>
        {[...files].reverse().map((file) => (
          <FileRow key={`${file.direction}${file.sha256}${file.peer}`} file={file} />
        ))}
      </ol>
      <FileForm />
    </Card>
  );
}

/** Raster pictures only: a browser draws them without running anything that they hold. */
const pictureTypes = ['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif'];

function FileRow({ file }: { readonly file: FileInfo }) {
  const { store } = useConsole();
  const { sha256, name, mediaType, octets: size, direction, peer, received, state, at } = file;
  const here = direction === 'out' || state === 'complete';
  const done = share(received, size);
  return (
    <li class="file">
      {here && pictureTypes.includes(mediaType) ? (
        <a class="thumb" href={filePath(sha256)} target="_blank" rel="noopener">
          <img src={filePath(sha256)} alt={`Open ${name}`} loading="lazy" />
        </a>
      ) : (
        <span class="thumb">
          <Icon name="file" />
        </span>
      )}
      <div class="about">
        <p class="name">{name}</p>
        <p class="meta">
          <span title={peer}>{`${direction === 'in' ? 'from' : 'to'} ${store.name.value(peer)}`}</span>
          <span>{octets(size)}</span>
          <time dateTime={new Date(at).toISOString()}>{clock(at)}</time>
          <FileState file={file} />
        </p>
        {(state === 'moving' || state === 'interrupted') && (
          <div class="progress">
            <progress max={100} value={done} aria-label={`Progress of ${name}`} />
            <span>{`${done} % · ${octets(received)} of ${octets(size)}`}</span>
          </div>
        )}
        {here && (
          <div class="links">
            <a href={filePath(sha256)} download={name}>
              Download
            </a>
            <details>
              <summary>sha256</summary>
              <code>{sha256}</code>
            </details>
          </div>
        )}
      </div>
    </li>
  );
}

function FileForm() {
  const { store, api } = useConsole();
  const form = useRef<HTMLFormElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const { busy, failure, run } = useAction();

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const file = input.current?.files?.[0];
    if (file === undefined) return;
    const sent = await run(async () => store.addFile(await api.sendFile(store.recipient.value, file)));
    if (sent) form.current?.reset();
  };

  return (
    <form class="compose" ref={form} onSubmit={submit}>
      <RecipientChooser id="file-to" />
      <label for="file">File</label>
      <input id="file" type="file" required ref={input} />
      <button type="submit" class="primary" disabled={busy}>
        <Icon name="out" />
        {busy ? 'Handing over…' : 'Send file'}
      </button>
      <Failure failure={failure} />
    </form>
  );
}
