/**
 * The state folder of one box: who owns it now, and which version it is written in.
 *
 *   format        version of everything below, and the node id of the box
 *   box.key       identity (hosts/node, Signer)
 *   messages, files   journals of records
 *   content/      octets of files, whole and partial
 *   corrupt/      what was found damaged and moved aside
 *   crash         stack of the last fault of ours (hosts/cli, serve)
 */
import { mkdir, readFile, realpath } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { messageOf, openFileSigner, Problem, systemCode, writeDurably, type FileSigner, type SignerKernels } from '../../node/index.js';
import { hex } from '../../../firmware/core/base/index.js';

const VERSION = 1;

export interface StateFolder {
  readonly path: string;
  readonly signer: FileSigner;
  /** Lets another daemon have the folder. */
  release(): Promise<void>;
}

/** Makes or opens the folder. Fails with a Problem: `state-denied`, `state-in-use`, `state-corrupt`, `state-version`, or one of the Signer's. */
export async function openStateFolder(path: string, kernels: SignerKernels): Promise<StateFolder> {
  await makeFolder(path);
  const lock = await lockFolder(path);
  try {
    const file = join(path, 'format');
    const keyFile = join(path, 'box.key');
    const known = await readFormat(file);
    const before = await present(keyFile);
    if (known && !before)
      throw new Problem(
        'key-missing',
        `the state folder ${path} belongs to box ${known.id}, but its key file ${keyFile} is gone`,
        `Restore ${keyFile} from a backup, or move ${path} away to start as a new box.`,
      );
    const signer = await openFileSigner(keyFile, kernels);
    const id = hex(signer.id);
    if (known && known.id !== id)
      throw new Problem(
        'state-corrupt',
        `the key file ${keyFile} belongs to box ${id}, but ${file} names ${known.id}`,
        `Restore the two files from the same backup, or move ${path} away to start as a new box.`,
      );
    if (!known) await writeDurably(file, Buffer.from(JSON.stringify({ format: VERSION, id }) + '\n'));
    return { path, signer, release: () => new Promise((resolve) => lock.close(() => resolve())) };
  } catch (error) {
    lock.close();
    throw error;
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Problem(
      'state-denied',
      `the state folder ${path} cannot be made: ${messageOf(error)}`,
      'Choose a folder that this user may write with --state.',
    );
  }
}

/**
 * Holds an abstract unix socket named after the folder: the kernel frees it at the very end of the process however that ends, so no stale
 * lock survives a kill (Linux, unix(7)).
 */
async function lockFolder(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  const name = `\0meshbox-state:${await realpath(path)}`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const busy = systemCode(error) === 'EADDRINUSE';
      reject(
        new Problem(
          busy ? 'state-in-use' : 'state-denied',
          busy ? `another daemon uses the state folder ${path}` : `the state folder ${path} cannot be locked: ${error.message}`,
          'Stop the other daemon, or choose another folder with --state.',
        ),
      );
    });
    server.listen(name, resolve);
  });
  server.unref();
  return server;
}

async function readFormat(file: string): Promise<{ readonly id: string } | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new Problem(
      'state-denied',
      `${file} cannot be read: ${messageOf(error)}`,
      'Run the daemon as the user who owns the state folder, or choose another one with --state.',
    );
  }
  const corrupt = new Problem(
    'state-corrupt',
    `${file} is damaged: it does not say which version and which box the state folder is of`,
    `Restore ${file} from a backup, or delete that one file: it is made again from the key.`,
  );
  let format: unknown;
  let id: unknown;
  try {
    ({ format, id } = JSON.parse(text) as { format: unknown; id: unknown });
  } catch {
    throw corrupt;
  }
  if (typeof format !== 'number' || typeof id !== 'string' || !/^[0-9a-f]{16}$/.test(id)) throw corrupt;
  if (format !== VERSION)
    throw new Problem(
      'state-version',
      `the state folder ${file} is written in format ${format}, this daemon reads format ${VERSION}`,
      'Run the daemon version that wrote it, or choose another folder with --state.',
    );
  return { id };
}

async function present(file: string): Promise<boolean> {
  return readFile(file).then(
    () => true,
    (error: unknown) => systemCode(error) !== 'ENOENT',
  );
}
