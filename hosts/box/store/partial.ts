/**
 * A file that is not whole yet: `<name>.part` holds its octets, `<name>.map` a check of each stored block. A kill or power cut at any instant loses at
 * most blocks: opening believes only blocks that still fit their check, in whatever order the disk took the writes.
 */
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';

/** Map: octets 6, block size 4, then 4 octets per block: the start of its sha256, all zero while it is missing. */
export const MAP_HEADER = 10;
const CHECK = 4;

export class PartialFile {
  readonly octets: number;
  readonly blockSize: number;
  /** A bit per block, most significant first: 1 is missing (app.cddl, file-answer). */
  readonly missing: Uint8Array;
  readonly #blocks: number;
  #received = 0;
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
    const header = Buffer.alloc(MAP_HEADER);
    header.writeUIntBE(octets, 0, 6);
    header.writeUInt32BE(blockSize, 6);
    const data = await openOrCreate(`${path}.part`);
    const map = await openOrCreate(`${path}.map`);
    const partial = new PartialFile(octets, blockSize, data, map);
    const found = await map.readFile();
    if (found.subarray(0, MAP_HEADER).equals(header)) await partial.#believe(found.subarray(MAP_HEADER));
    else {
      await map.truncate(0);
      await map.write(header, 0, MAP_HEADER, 0);
    }
    return partial;
  }

  /** Octets stored so far. */
  get received(): number {
    return this.#received;
  }

  /**
   * Resolves when the octets are durable; their map entry survives a kill at once and a power cut within seconds, and without it the block is
   * fetched again. A block of the wrong number or length is our own misuse: the transfer machine checks both.
   */
  async store(index: number, bytes: Uint8Array): Promise<void> {
    if (index >= this.#blocks || bytes.length !== this.#sizeOf(index)) throw new RangeError(`block ${index} of ${bytes.length} octets`);
    await this.#data.write(bytes, 0, bytes.length, index * this.blockSize);
    await this.#data.datasync();
    await this.#map.write(check(bytes), 0, CHECK, MAP_HEADER + index * CHECK);
    this.#mark(index);
  }

  isMissing(index: number): boolean {
    return (this.missing[index >> 3]! & (0x80 >> (index & 7))) !== 0;
  }

  get blocks(): number {
    return this.#blocks;
  }

  /** Blocks that turned out not to be what they should are missing again. */
  async forget(first: number, count: number): Promise<void> {
    for (let i = first; i < Math.min(first + count, this.#blocks); i += 1) {
      if (!this.isMissing(i)) this.#received -= this.#sizeOf(i);
      this.missing[i >> 3]! |= 0x80 >> (i & 7);
      await this.#map.write(Buffer.alloc(CHECK), 0, CHECK, MAP_HEADER + i * CHECK);
    }
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
    if (this.isMissing(index)) this.#received += this.#sizeOf(index);
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
