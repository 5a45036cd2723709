/** Folders as UnixFS directories over files that the store holds whole; the importer's own tree builder lays them out, sharded where a node would grow past 256 KiB. */
import { exporter, recursive, type UnixFSEntry } from 'ipfs-unixfs-exporter';
import { importer, type ImporterOptions } from 'ipfs-unixfs-importer';
import { CID } from 'multiformats/cid';
import { Problem, systemCode } from '../../node/index.js';
import type { AddOptions, ContentStore } from './content.js';
import type { Entry } from './entry.js';
import type { Block } from './unixfs.js';

export interface TreeFile {
  /** Folders and name, by slashes. */
  readonly path: string;
  /** Absent: an empty folder. */
  readonly cid?: string;
}

type FileBuilder = NonNullable<ImporterOptions['fileBuilder']>;

/** A folder may be at most so deep: what a path of 4,096 octets (Linux) can name. */
const DEPTH = 255;

/** Every file must be in the store. Durable when it resolves; a link to a file that is not here is refused. */
export async function addTree(store: ContentStore, files: readonly TreeFile[], options: AddOptions): Promise<Entry> {
  if (files.length === 0) throw new Problem('bad-request', 'the folder is empty', 'Add a folder with at least one file or folder in it.');
  const blocks = new Map<string, Block>();
  const blockstore = {
    put(cid: CID, bytes: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): CID {
      blocks.set(cid.toString(), { cid, bytes: bytes as Uint8Array });
      return cid;
    },
  };
  const size = async (cid: string): Promise<bigint> => {
    const entry = store.entry(cid);
    if (!entry) throw new Problem('not-found', `${cid} of the folder is not here`, 'Add its files first.');
    return BigInt(entry.kind === 'file' ? (await store.outboard(cid)).tree.size : store.octetsOf(cid));
  };
  const cids = new Map(files.map(({ path, cid }) => [checkPath(path), cid]));
  if (cids.size !== files.length) throw new Problem('bad-request', 'two files of the folder have the same path', 'Give each path once.');
  const source = [...cids].map(([path, cid]) => (cid === undefined ? { path } : { path, content: new Uint8Array(0) }));
  const fileBuilder: FileBuilder = async ({ path }) => {
    const cid = cids.get(path!)!;
    return { cid: CID.parse(cid), path: path!, size: await size(cid) };
  };
  let root: CID | undefined;
  for await (const { cid } of importer(source, blockstore, { profile: 'unixfs-v1-2025', wrapWithDirectory: true, fileBuilder })) root = cid;
  const text = root!.toString();
  // The importer stores the root last; a node that a file shares with it may have come before.
  const last = blocks.get(text)!;
  blocks.delete(text);
  await store.addBlocks([...blocks.values(), last], options);
  return store.entry(text)!;
}

/** One relative path of plain names: nothing that climbs, nothing that a disk or a page could read otherwise. */
function checkPath(path: string): string {
  const names = path.split('/');
  if (
    names.length > DEPTH ||
    names.some((name) => name === '' || name === '.' || name === '..' || name.length > 255 || /[\u0000\\]/.test(name))
  )
    throw new Problem(
      'bad-request',
      `"${path}" is not a path inside a folder`,
      'Use relative paths of plain names, without "..", "\\" or empty parts.',
    );
  return path;
}

/** What lies at a path below a CID. Fails with a Problem `not-found` that names the first block or name that is missing. */
export async function resolve(store: ContentStore, cid: CID, path: readonly string[]): Promise<UnixFSEntry> {
  try {
    return await exporter([cid.toString(), ...path].join('/'), store.blockstore());
  } catch (error) {
    throw explain(error, cid, path);
  }
}

/** Everything below a CID, folders before what is in them. */
export async function* walk(store: ContentStore, cid: CID): AsyncGenerator<UnixFSEntry> {
  try {
    for await (const { cid: each, path } of recursive(cid, store.blockstore())) {
      const entry = await exporter(each, store.blockstore());
      yield { ...entry, path } as UnixFSEntry;
    }
  } catch (error) {
    throw explain(error, cid, []);
  }
}

/** Verified octets of a file, ours or foreign. */
export async function* octetsOfFile(store: ContentStore, file: UnixFSEntry, at = 0, octets = Infinity): AsyncGenerator<Uint8Array> {
  const whole = store.entry(file.cid.toString());
  if (whole?.kind === 'file') return yield* store.stream(whole.cid, at, octets);
  if (!('content' in file)) throw new Problem('not-a-file', `${file.path} is a ${file.type}`, 'Ask for it as a CAR or as a raw block.');
  try {
    yield* file.content({ offset: at, ...(octets < Infinity && { length: octets }) });
  } catch (error) {
    throw explain(error, file.cid, []);
  }
}

function explain(error: unknown, cid: CID, path: readonly string[]): unknown {
  if (error instanceof Problem) return error;
  const name = error instanceof Error ? error.name : '';
  if (name === 'NotFoundError' || name === 'NoPropError' || name === 'NotUnixFSError' || systemCode(error) === 'ERR_NOT_FOUND')
    return new Problem(
      'not-found',
      `there is nothing at ${[cid.toString(), ...path].join('/')}`,
      'List what is in it: the path may be spelt differently.',
    );
  if (name === 'BadPathError')
    return new Problem('bad-request', `"${path.join('/')}" is not a path`, 'Use plain names with slashes between them.');
  return error;
}
