/** Octets into a file of its own, hashed on the way; and a file that lies there already, hashed in place. The disk writes a leaf while the next one is hashed. */
import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { Problem } from '../../node/index.js';
import { Hasher, type Outboard } from './outboard.js';
import { LEAF } from './unixfs.js';

export interface Ingested {
  readonly outboard: Outboard;
  /** Hexadecimal, if it was asked for. */
  readonly sha256: string | undefined;
}

/** Durable when it resolves. Fails with a Problem `too-large` past the limit. */
export async function ingest(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  file: string,
  limit: number,
  wantSha256: boolean,
): Promise<Ingested> {
  const handle = await open(file, 'wx');
  try {
    const sink = new Leaves(handle, wantSha256);
    for await (const piece of source) {
      if (sink.octets + piece.length > limit)
        throw new Problem('too-large', `the file has more than ${limit} octets`, 'Send a smaller file.');
      await sink.take(piece);
    }
    const done = await sink.finish();
    await handle.datasync();
    return done;
  } finally {
    await handle.close();
  }
}

/** A file of this disk by leaves. A leaf is good until the next but one is asked for: three buffers are all the memory that it takes, and the next one is being read meanwhile. */
export async function* leavesOf(file: string): AsyncGenerator<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    const buffers = [LEAF, LEAF, LEAF].map((octets) => Buffer.allocUnsafe(octets));
    const read = async (at: number): Promise<Buffer> => {
      const buffer = buffers[(at / LEAF) % 3]!;
      let fill = 0;
      for (let got = -1; got !== 0 && fill < LEAF; fill += got) got = (await handle.read(buffer, fill, LEAF - fill, at + fill)).bytesRead;
      return buffer.subarray(0, fill);
    };
    let next = read(0);
    for (let at = 0; ; at += LEAF) {
      const leaf = await next;
      if (leaf.length === LEAF) (next = read(at + LEAF)).catch(() => undefined); // Awaited in the next turn, unless the reader leaves.
      if (leaf.length > 0) yield leaf;
      if (leaf.length < LEAF) return;
    }
  } finally {
    await handle.close();
  }
}

/** Hashes a file that is whole on disk already, and makes it durable. */
export async function hashInPlace(file: string, wantSha256: boolean): Promise<Ingested> {
  const handle = await open(file, 'r+');
  try {
    const sink = new Leaves(undefined, wantSha256);
    for await (const leaf of leavesOf(file)) await sink.take(leaf);
    await handle.datasync();
    return await sink.finish();
  } finally {
    await handle.close();
  }
}

class Leaves {
  octets = 0;
  readonly #handle: FileHandle | undefined;
  readonly #hasher = new Hasher();
  readonly #whole: Hash | undefined;
  #buffer = Buffer.alloc(0);
  #spare = Buffer.alloc(0);
  #fill = 0;
  #written = 0;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(handle: FileHandle | undefined, wantSha256: boolean) {
    this.#handle = handle;
    this.#whole = wantSha256 ? createHash('sha256') : undefined;
  }

  async take(piece: Uint8Array): Promise<void> {
    if (this.#fill === 0 && piece.length === LEAF) {
      this.octets += LEAF;
      return this.#flush(piece);
    }
    if (this.#buffer.length === 0) [this.#buffer, this.#spare] = [Buffer.allocUnsafe(LEAF), Buffer.allocUnsafe(LEAF)];
    for (let at = 0; at < piece.length;) {
      const part = piece.subarray(at, at + LEAF - this.#fill);
      this.#buffer.set(part, this.#fill);
      this.#fill += part.length;
      this.octets += part.length;
      at += part.length;
      if (this.#fill === LEAF) await this.#flushBuffer();
    }
  }

  async finish(): Promise<Ingested> {
    if (this.#fill > 0) await this.#flushBuffer();
    await this.#writing;
    return { outboard: this.#hasher.finish(), sha256: this.#whole?.digest('hex') };
  }

  async #flushBuffer(): Promise<void> {
    await this.#flush(this.#buffer.subarray(0, this.#fill));
    [this.#buffer, this.#spare] = [this.#spare, this.#buffer];
    this.#fill = 0;
  }

  async #flush(leaf: Uint8Array): Promise<void> {
    await this.#writing; // Then the buffer of the leaf before is free.
    this.#writing = this.#handle ? writeAll(this.#handle, leaf, this.#written) : Promise.resolve();
    this.#writing.catch(() => undefined); // It is awaited before the next leaf; a failure in between is no unhandled one.
    this.#written += leaf.length;
    this.#hasher.leaf(leaf);
    this.#whole?.update(leaf);
  }
}

export async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
}
