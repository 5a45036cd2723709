import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { access, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FileInfo } from '../../box/api/index.js';
import { Problem } from '../../node/index.js';
import { Exit } from '../exit-codes.js';
import { printable, type Progress } from '../output.js';
import type { Context } from '../program.js';

interface GetOptions {
  readonly output?: string;
  readonly force?: boolean;
}

/** Fetches beside the target, checks the hash, and only then moves into place. */
export async function get({ api, out }: Context, wanted: string, { output, force }: GetOptions): Promise<Exit> {
  const file = await find(api.files, wanted);
  // The name came over the mesh: only its last part, and never a hidden file.
  const path = output ?? (printable(basename(file.name)).replace(/^\.+/, '') || file.sha256);
  if (path !== '-' && force !== true && (await exists(path)))
    throw new Problem('exists', `${path} exists already`, 'Choose another name with -o, or overwrite it with --force.');
  const { octets, body } = await api.content(file.sha256);
  const bar = out.progress(file.name, octets);
  try {
    if (path === '-') await pipeline(counted(body, bar), out.stdout, { end: false });
    else await store(body, bar, path, file.sha256);
  } finally {
    bar.stop();
  }
  if (path !== '-') out.answer({ ...file, path }, `${path}, ${octets} octets, ${file.sha256}`);
  return Exit.Ok;
}

async function find(files: () => Promise<FileInfo[]>, wanted: string): Promise<FileInfo> {
  if (!/^[0-9a-f]{4,64}$/i.test(wanted))
    throw new Problem('usage', `"${wanted}" is not the sha256 of a file`, 'Give its 64 hexadecimal digits, or at least the first 4.');
  const fitting = new Map(
    (await files()).filter(({ sha256 }) => sha256.startsWith(wanted.toLowerCase())).map((file) => [file.sha256, file]),
  );
  if (fitting.size > 1) throw new Problem('usage', `"${wanted}" is the beginning of ${fitting.size} files`, 'Give more digits.');
  const file = [...fitting.values()][0];
  if (!file) throw new Problem('not-found', `the box has no file ${wanted}`, 'The console lists its files, and so does GET /api/files.');
  return file;
}

async function store(body: Readable, bar: Progress, path: string, sha256: string): Promise<void> {
  const fresh = join(dirname(path), `.${basename(path)}.part`);
  const hash = createHash('sha256');
  try {
    await pipeline(
      counted(body, bar, (piece) => hash.update(piece)),
      createWriteStream(fresh, { flush: true }),
    );
    if (hash.digest('hex') !== sha256) throw new Problem('damaged', 'what arrived does not fit its hash', 'Fetch it again.');
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}

async function* counted(body: Readable, bar: Progress, each: (piece: Uint8Array) => void = () => undefined): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    each(piece);
    bar.update((done += piece.length));
    yield piece;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
