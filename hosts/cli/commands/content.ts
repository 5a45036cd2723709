/** `meshbox add | ls | pin | rm | share | key`, and `get` of a CID: content on the box, by the names that IPFS gives it. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { messageOf, Problem, systemCode, writeDurably } from '../../node/index.js';
import type { ApiClient } from '../api-client.js';
import { Exit } from '../exit-codes.js';
import { printable, table } from '../output.js';
import type { Context } from '../program.js';

type InContext = <A extends unknown[]>(command: (context: Context, ...args: A) => Promise<Exit | void>) => (...args: A) => Promise<void>;

interface Item {
  readonly cid: string;
  readonly kind: 'file' | 'folder';
  readonly octets: number;
  readonly missing: number;
  readonly class: string;
  readonly name: string;
  readonly mediaType: string;
}

interface Added {
  readonly cid: string;
  readonly octets: number;
}

export function registerContent(program: Command, inContext: InContext): void {
  program
    .command('add')
    .argument('<path>', 'a file, a folder, or with --car a CAR file')
    .option('--car', 'the file is a CAR: take in what it holds')
    .option('--name <name>', 'what it is called (default: its own name)')
    .description('put a file or a folder on the box; answers its CID')
    .action(inContext(add));
  program.command('ls').description('what is on the box, and what is on its way').action(inContext(ls));
  program
    .command('pin')
    .argument('<cid>')
    .option('--class <class>', 'mine, paid, or cache: the box may drop it', 'mine')
    .description('say why it is kept')
    .action(inContext(pin));
  program.command('rm').argument('<cid>').description('take it off the box').action(inContext(remove));
  program
    .command('share')
    .argument('<path>', 'a file')
    .requiredOption('--to <reader...>', 'readers, as `meshbox key` prints them on their machines')
    .description('put a file on the box that only some can read; the box and its caches see only ciphertext')
    .action(inContext(share));
  program.command('key').description('your name as a reader of what is shared').action(inContext(key));
}

export async function add({ api, out }: Context, path: string, options: { car?: boolean; name?: string }): Promise<Exit> {
  const found = await stat(path).catch((error: unknown) => {
    throw systemCode(error) === 'ENOENT'
      ? new Problem('usage', `there is no file ${path}`, 'Name an existing file or folder.')
      : new Problem('failed', `${path} cannot be read: ${messageOf(error)}`, 'Check its permissions.');
  });
  const name = options.name ?? basename(path);
  if (options.car) {
    const answer = await api.upload<{ roots: string[]; blocks: number; missing: string[] }>(
      `/api/content/car?${new URLSearchParams({ name }).toString()}`,
      'application/vnd.ipld.car',
      createReadStream(path),
    );
    const lack = answer.missing.length === 0 ? '' : `; ${answer.missing.length} blocks are missing: ${answer.missing.join(', ')}`;
    out.answer(answer, `${answer.roots.join(' ')}, ${answer.blocks} blocks${lack}`);
    return Exit.Ok;
  }
  if (found.isFile()) {
    const added = await addFile({ api, out }, path, { name, class: 'mine' }, found.size);
    out.answer(added, `${added.cid}, ${added.octets} octets`);
    return Exit.Ok;
  }
  const files: { path: string; cid?: string }[] = [];
  for await (const each of walkFolder(path, '')) {
    if (each.folder) files.push({ path: each.path });
    else {
      const { cid } = await addFile({ api, out }, join(path, each.path), { name: '', class: 'cache' }, each.octets);
      files.push({ path: each.path, cid });
    }
  }
  const made = await api.request<Added>('POST', '/api/content/trees', { name, files });
  out.answer({ ...made, files: files.length }, `${made.cid}, ${files.length} files, ${made.octets} octets`);
  return Exit.Ok;
}

/** Hashed here first: what the box has already is not sent again, so an interrupted folder goes on where it stopped. */
async function addFile(
  { api, out }: Context,
  path: string,
  { name, class: kept }: { name: string; class: string },
  size: number,
): Promise<Added> {
  const { hashFile, mediaTypeOf } = await import('../../box/content/index.js');
  const cid = await hashFile(path);
  const known = await api.head(`/ipfs/${cid}`);
  if (known) {
    const entry = (await items(api)).find((each) => each.cid === cid);
    if (kept === 'mine' && entry?.class !== 'mine') await api.request('PATCH', `/api/content/${cid}`, { class: 'mine' });
    return { cid, octets: size };
  }
  const bar = out.progress(name || basename(path), size);
  let done = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>) {
      bar.update((done += piece.length));
      yield piece;
    }
  };
  const query = new URLSearchParams({ name, class: kept, type: mediaTypeOf(extname(path)).split(';')[0]! });
  const added = await api
    .upload<Added>(`/api/content?${query.toString()}`, 'application/octet-stream', Readable.from(counted()))
    .finally(() => bar.stop());
  if (added.cid !== cid) throw new Problem('changed', `${path} changed while it was read`, 'Add it again.');
  return added;
}

async function* walkFolder(
  root: string,
  below: string,
): AsyncGenerator<{ readonly path: string; readonly folder: boolean; readonly octets: number }> {
  const names = await readdir(join(root, below), { withFileTypes: true });
  if (names.length === 0 && below !== '') yield { path: below, folder: true, octets: 0 };
  for (const each of names.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === '' ? each.name : `${below}/${each.name}`;
    if (each.isDirectory()) yield* walkFolder(root, path);
    else if (each.isFile()) yield { path, folder: false, octets: (await stat(join(root, path))).size };
  }
}

const items = async (api: ApiClient): Promise<Item[]> => (await api.request<{ items: Item[] }>('GET', '/api/content')).items;

async function ls({ api, out }: Context): Promise<void> {
  const answer = await api.request<{ items: Item[]; partial: { name: string; octets: number; received: number }[] }>('GET', '/api/content');
  const rows = [
    ...answer.items.map(({ cid, name, octets, class: kept, missing }) => [
      cid,
      name,
      octets,
      kept,
      missing === 0 ? 'whole' : `${missing} parts missing`,
    ]),
    ...answer.partial.map(({ name, octets, received }) => [
      name,
      '',
      octets,
      '',
      `${Math.floor((received / Math.max(1, octets)) * 100)} %`,
    ]),
  ];
  out.answer(answer, table(['cid', 'name', 'octets', 'class', 'state'], rows));
}

async function pin({ api, out }: Context, cid: string, options: { class: string }): Promise<void> {
  const answer = await api.request<{ cid: string; class: string }>('PATCH', `/api/content/${cid}`, { class: options.class });
  out.answer(answer, `${answer.cid} is kept as ${answer.class}`);
}

async function remove({ api, out }: Context, cid: string): Promise<void> {
  const answer = await api.request<{ freed: number }>('DELETE', `/api/content/${cid}`);
  out.answer(answer, `${cid} is gone, ${answer.freed} octets are free`);
}

export const isCid = (text: string): boolean => /^(baf[a-z2-7]{20,}|Qm[1-9A-HJ-NP-Za-km-z]{44})$/.test(text);

interface GetOptions {
  readonly output?: string;
  readonly force?: boolean;
  readonly from?: readonly string[];
  readonly keys?: string;
}

/** A CID: the box fetches it if it has not got it, and hands it out verified; with `keys` it is opened here, never on the box. */
export async function getContent({ api, out }: Context, cid: string, { output, force, from = [], keys }: GetOptions): Promise<Exit> {
  if (keys !== undefined) await onBox({ api, out }, keys, from);
  await onBox({ api, out }, cid, from);
  const item = (await items(api)).find((each) => each.cid === cid);
  const name = printable(basename(item?.name ?? '')).replace(/^\.+/, '') || cid;
  const folder = item?.kind === 'folder';
  const path = output ?? (folder ? `${name}.car` : keys === undefined ? name : name.replace(/\.age$/, ''));
  if (path !== '-' && force !== true && (await stat(path).catch(() => undefined)))
    throw new Problem('exists', `${path} exists already`, 'Choose another name with -o, or overwrite it with --force.');
  const { octets, body } = await api.download(`/ipfs/${cid}${folder ? '?format=car' : ''}`);
  const bar = out.progress(name, octets);
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    let done = 0;
    for await (const piece of body as AsyncIterable<Uint8Array>) {
      bar.update((done += piece.length));
      yield piece;
    }
  };
  const { unseal, unwrap } = await import('../../box/content/index.js');
  const plain =
    keys === undefined
      ? counted()
      : unseal(counted(), await unwrap(await collect((await api.download(`/ipfs/${keys}`)).body), await identity()));
  try {
    if (path === '-') await pipeline(plain, out.stdout, { end: false });
    else {
      const fresh = join(dirname(path), `.${basename(path)}.part`);
      try {
        await pipeline(plain, createWriteStream(fresh, { flush: true }));
        await rename(fresh, path);
      } catch (error) {
        await rm(fresh, { force: true });
        throw error;
      }
    }
  } finally {
    bar.stop();
  }
  if (path !== '-') out.answer({ cid, path }, `${path}, ${cid}`);
  return Exit.Ok;
}

/** Has the box fetch what it has not got, and waits. */
async function onBox({ api, out }: Context, cid: string, from: readonly string[]): Promise<void> {
  if (await api.head(`/ipfs/${cid}?format=raw`)) {
    const known = (await items(api)).find((each) => each.cid === cid);
    if (!known || known.missing === 0) return;
  }
  if (from.length === 0)
    throw new Problem('not-found', `${cid} is not on the box`, 'Name who holds it with --from: http://address:port, or a node id.');
  await api.request('POST', `/api/content/${cid}/fetch`, { from, class: 'cache' });
  let bar: ReturnType<typeof out.progress> | undefined;
  try {
    for (;;) {
      const status = await api.request<{
        state: string;
        done: number;
        total: number;
        problem?: { code: string; message: string; remedy: string };
      }>('GET', `/api/content/${cid}/fetch`);
      if (status.total > 0) (bar ??= out.progress(cid, status.total)).update(status.done);
      if (status.state === 'complete') return;
      if (status.state !== 'moving') {
        const { code, message, remedy } = status.problem ?? { code: 'failed', message: 'the download ended', remedy: 'Try again.' };
        throw new Problem(code, message, remedy);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  } finally {
    bar?.stop();
  }
}

/** Sealed on this machine: the box gets ciphertext, and the key only wrapped for the readers and for you. */
async function share({ api, out }: Context, path: string, { to }: { to: string[] }): Promise<void> {
  const { newIdentity, recipientOf, seal, wrap } = await import('../../box/content/index.js');
  const fileIdentity = await newIdentity();
  const wrapped = await wrap(fileIdentity, [...to, await recipientOf(await identity())]);
  const name = `${basename(path)}.age`;
  const sealed = seal(createReadStream(path) as AsyncIterable<Uint8Array>, await recipientOf(fileIdentity));
  const upload = (query: Record<string, string>, body: Readable): Promise<Added> =>
    api.upload(`/api/content?${new URLSearchParams(query).toString()}`, 'application/octet-stream', body);
  const { cid, octets } = await upload({ name }, Readable.from(sealed));
  const { cid: keys } = await upload({ name: `${name}.keys` }, Readable.from([wrapped]));
  out.answer(
    { cid, keys, octets, readers: to.length },
    `${cid}, ${octets} octets, for ${to.length} readers and you\nThey get it with: meshbox get ${cid} --keys ${keys}\n` +
      'Whoever has opened it can open this version for ever: taking a reader away later only counts for what you share then.',
  );
}

async function key({ out }: Context): Promise<void> {
  const { recipientOf } = await import('../../box/content/index.js');
  const reader = await recipientOf(await identity());
  out.answer({ reader }, reader);
}

/** Of this person on this machine, made at first need; it never goes to a box. */
async function identity(): Promise<string> {
  const file = process.env['MESHBOX_KEY'] ?? join(homedir(), '.config', 'meshbox', 'reader.key');
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined) return known.trim();
  const { newIdentity } = await import('../../box/content/index.js');
  const fresh = await newIdentity();
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeDurably(file, Buffer.from(`${fresh}\n`), 0o600);
  return fresh;
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}
