/**
 * Octets of files by their sha256: `content/<sha256>` is whole and verified; `<sha256>.part` and `<sha256>.map` grow block by block.
 *
 *   (nothing) -> partial -> whole      partial -> (nothing) when the whole does not fit its hash
 *
 * A kill or power cut at any instant loses at most blocks: the map holds a check of each stored block, and opening a partial file believes
 * only blocks that still fit theirs, in whatever order the disk took the writes. `whole` appears by an atomic rename of verified, synced octets.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Problem, syncFolder } from '../../node/index.js';

/** Map: octets 4, block size 4, then 4 octets per block: the start of its sha256, all zero while it is missing. */
const HEADER = 8;
const CHECK = 4;

export class ContentStore {
  readonly folder: string;
  readonly #whole: Map<string, number>;

  private constructor(folder: string, whole: Map<string, number>) {
    this.folder = folder;
    this.#whole = whole;
  }

  static async open(folder: string): Promise<ContentStore> {
    await mkdir(folder, { recursive: true });
    const whole = new Map<string, number>();
    const names = await readdir(folder);
    for (const name of names) if (/^[0-9a-f]{64}$/.test(name)) whole.set(name, (await stat(join(folder, name))).size);
    for (const name of names) {
      // What a kill left behind: an upload whose client saw the connection break, or the parts of a file that had become whole.
      if (name.endsWith('.upload') || (/\.(part|map)$/.test(name) && whole.has(name.slice(0, 64)))) await rm(join(folder, name));
    }
    return new ContentStore(folder, whole);
  }

  /** Octets of a whole file, or undefined. */
  octets(sha256: string): number | undefined {
    return this.#whole.get(sha256);
  }

  /** Octets of all whole files. */
  get used(): number {
    let sum = 0;
    for (const octets of this.#whole.values()) sum += octets;
    return sum;
  }

  path(sha256: string): string {
    return join(this.folder, sha256);
  }

  /** Stores what an API client sends. Fails with a Problem `too-large` past the limit. */
  async add(body: Readable, limit: number): Promise<{ readonly sha256: string; readonly octets: number }> {
    const fresh = join(this.folder, `${randomUUID()}.upload`);
    const hash = createHash('sha256');
    let octets = 0;
    try {
      await pipeline(
        body,
        async function* (source: AsyncIterable<Buffer>) {
          for await (const piece of source) {
            octets += piece.length;
            if (octets > limit) throw new Problem('too-large', `the file has more than ${limit} octets`, 'Send a smaller file.');
            hash.update(piece);
            yield piece;
          }
        },
        createWriteStream(fresh, { flush: true }),
      );
      const sha256 = hash.digest('hex');
      await this.#moveIntoPlace(fresh, sha256, octets);
      return { sha256, octets };
    } catch (error) {
      await rm(fresh, { force: true });
      throw error;
    }
  }

  /** Opens or begins a partial file. One of another size or block size is begun anew. */
  partial(sha256: string, octets: number, blockSize: number): Promise<PartialFile> {
    return PartialFile.open(this.path(sha256), octets, blockSize);
  }

  /** What is safely stored of a partial file; undefined if there is none. */
  async found(sha256: string): Promise<{ readonly received: number; readonly blockSize: number } | undefined> {
    const map = await readFile(`${this.path(sha256)}.map`).catch(() => Buffer.alloc(0));
    if (map.length < HEADER) return undefined;
    const partial = await this.partial(sha256, map.readUInt32BE(0), map.readUInt32BE(4));
    await partial.close();
    return { received: partial.received, blockSize: partial.blockSize };
  }

  /** Hashes the complete partial file and moves it into place; false if it is not what it should be: then it is gone. */
  async finish(sha256: string, partial: PartialFile): Promise<boolean> {
    await partial.close();
    const part = `${this.path(sha256)}.part`;
    const good = (await hashFile(part)) === sha256;
    if (good) await this.#moveIntoPlace(part, sha256, partial.octets);
    await rm(part, { force: true });
    await rm(`${this.path(sha256)}.map`, { force: true });
    return good;
  }

  async #moveIntoPlace(from: string, sha256: string, octets: number): Promise<void> {
    await rename(from, this.path(sha256));
    await syncFolder(this.folder);
    this.#whole.set(sha256, octets);
  }

  /** Octets at..at+octets of a whole file. */
  async read(sha256: string, at: number, octets: number): Promise<Uint8Array> {
    const handle = await open(this.path(sha256), 'r');
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(octets), 0, octets, at);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  }
}

export class PartialFile {
  readonly octets: number;
  readonly blockSize: number;
  /** A bit per block, most significant first: 1 is missing (app.cddl, file-answer). */
  readonly missing: Uint8Array;
  readonly #blocks: number;
  readonly #data: FileHandle;
  readonly #map: FileHandle;

  private constructor(octets: number, blockSize: number, data: FileHandle, map: FileHandle) {
    this.octets = octets;
    this.blockSize = blockSize;
    this.#blocks = Math.ceil(octets / blockSize);
    this.missing = new Uint8Array(Math.ceil(this.#blocks / 8)).fill(0xff);
    this.missing[this.missing.length - 1]! <<= -this.#blocks & 7;
    this.#data = data;
    this.#map = map;
  }

  static async open(path: string, octets: number, blockSize: number): Promise<PartialFile> {
    const header = Buffer.alloc(HEADER);
    header.writeUInt32BE(octets, 0);
    header.writeUInt32BE(blockSize, 4);
    const data = await openOrCreate(`${path}.part`);
    const map = await openOrCreate(`${path}.map`);
    const partial = new PartialFile(octets, blockSize, data, map);
    const found = await map.readFile();
    if (found.subarray(0, HEADER).equals(header)) await partial.#believe(found.subarray(HEADER));
    else {
      await map.truncate(0);
      await map.write(header, 0, HEADER, 0);
    }
    return partial;
  }

  /** Octets stored so far. */
  get received(): number {
    let sum = 0;
    for (let i = 0; i < this.#blocks; i += 1) if ((this.missing[i >> 3]! & (0x80 >> (i & 7))) === 0) sum += this.#sizeOf(i);
    return sum;
  }

  /**
   * Resolves when the octets are durable; their map entry survives a kill at once and a power cut within seconds, and without it the block is
   * fetched again. A block of the wrong number or length is our own misuse: the transfer machine checks both.
   */
  async store(index: number, bytes: Uint8Array): Promise<void> {
    if (index >= this.#blocks || bytes.length !== this.#sizeOf(index)) throw new RangeError(`block ${index} of ${bytes.length} octets`);
    await this.#data.write(bytes, 0, bytes.length, index * this.blockSize);
    await this.#data.datasync();
    await this.#map.write(check(bytes), 0, CHECK, HEADER + index * CHECK);
    this.#mark(index);
  }

  async close(): Promise<void> {
    await this.#data.close();
    await this.#map.close();
  }

  async #believe(checks: Buffer): Promise<void> {
    const block = Buffer.alloc(this.blockSize);
    for (let i = 0; i < this.#blocks; i += 1) {
      const claimed = checks.subarray(i * CHECK, (i + 1) * CHECK);
      if (claimed.length < CHECK || claimed.readUInt32BE() === 0) continue;
      const size = this.#sizeOf(i);
      const { bytesRead } = await this.#data.read(block, 0, size, i * this.blockSize);
      if (bytesRead === size && check(block.subarray(0, size)).equals(claimed)) this.#mark(i);
    }
  }

  #mark(index: number): void {
    this.missing[index >> 3]! &= ~(0x80 >> (index & 7));
  }

  #sizeOf(index: number): number {
    return Math.min(this.blockSize, this.octets - index * this.blockSize);
  }
}

/** Never all zero, which says "missing". */
function check(block: Uint8Array): Buffer {
  const start = createHash('sha256').update(block).digest().subarray(0, CHECK);
  if (start.readUInt32BE() === 0) start[0] = 1;
  return start;
}

async function openOrCreate(file: string): Promise<FileHandle> {
  await (await open(file, 'a')).close();
  return open(file, 'r+');
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
