/**
 * Store on files: one file per key, `sha256(value) ‖ value`. A file whose hash does not fit is moved into `corrupt/` and named; the others are
 * not touched. Values are small, so all of them are held in memory and `get` needs no IO.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../firmware/core/base/index.js';
import type { Store } from '../../firmware/core/ports/index.js';
import { syncFolder, writeDurably } from './durable.js';

const HASH = 32;
/** Also the limit of the flash store of a board (NVS). */
const KEY = /^[A-Za-z0-9_-]{1,15}$/;

export interface FileStore extends Store {
  /** What was found corrupt at opening: where it was, and where it lies now. */
  readonly corrupt: readonly { readonly file: string; readonly movedTo: string }[];
  /** Resolves when everything asked for so far is durable. */
  settled(): Promise<void>;
}

/**
 * @param failed called when a write fails (disk full, folder gone); the `done` of that write is never called.
 */
export async function openFileStore(folder: string, failed: (error: unknown) => void): Promise<FileStore> {
  await mkdir(folder, { recursive: true });
  const values = new Map<string, Uint8Array>();
  const corrupt: { file: string; movedTo: string }[] = [];
  for (const name of (await readdir(folder)).filter((name) => KEY.test(name) && name !== 'corrupt')) {
    const file = join(folder, name);
    const whole = await readFile(file);
    const value = whole.subarray(HASH);
    if (whole.length >= HASH && digest(value).equals(whole.subarray(0, HASH))) values.set(name, new Uint8Array(value));
    else corrupt.push({ file, movedTo: await moveAside(folder, name) });
  }

  let queue = Promise.resolve();
  const enqueue = (work: () => Promise<void>, done: () => void): void => {
    queue = queue.then(work).then(done).catch(failed);
  };
  return {
    corrupt,
    get: (key) => values.get(key),
    put(key, value, done) {
      checkKey(key);
      const copy = value.slice();
      values.set(key, copy);
      enqueue(() => writeDurably(join(folder, key), Buffer.concat([digest(copy), copy])), done);
    },
    delete(key, done) {
      checkKey(key);
      values.delete(key);
      enqueue(async () => {
        await rm(join(folder, key), { force: true });
        await syncFolder(folder);
      }, done);
    },
    settled: () => queue,
  };
}

/** Moves a file of the folder into its `corrupt/`, under a name that is still free; answers the new path. */
export async function moveAside(folder: string, name: string): Promise<string> {
  const aside = join(folder, 'corrupt');
  await mkdir(aside, { recursive: true });
  const taken = new Set(await readdir(aside));
  let free = name;
  for (let i = 2; taken.has(free); i += 1) free = `${name}.${i}`;
  await rename(join(folder, name), join(aside, free));
  await syncFolder(folder);
  return join(aside, free);
}

function checkKey(key: string): void {
  if (!KEY.test(key) || key === 'corrupt')
    throw new CodedError('store-key', `a key is 1 to 15 of A-Z a-z 0-9 _ - and not "corrupt", not "${key}"`);
}

function digest(value: Uint8Array): Buffer {
  return createHash('sha256').update(value).digest();
}
