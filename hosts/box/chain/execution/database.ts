/**
 * The chain on disk, one LevelDB. A write is one synced batch: after a kill at any instant it is there as a whole, or not at all.
 *
 *   n generation hash   node of a trie, or `63` + hash for code; the value's first octet says whether all below it is in this generation too
 *   b header-hash       block: header, payload, receipts, consensus state (RLP)
 *   h number hash       nothing: blocks by their number, on every branch
 *   c number            hash of the canonical header
 *   p payload-hash      header hash
 *   t transaction-hash  hash of the canonical header that includes it, and its place
 *   w hash              weights and committee of an epoch
 *   e epoch             hash of its first final header that is proven by its child's certificate, and that certificate
 *   m name              what there is one of
 */
import { rm, stat } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import { messageOf, Problem } from '../../../node/index.js';

type Level = ClassicLevel<Uint8Array, Uint8Array>;
export type Write =
  { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array } | { readonly type: 'del'; readonly key: Uint8Array };

export class ChainDatabase {
  readonly #level: Level;
  readonly folder: string;

  private constructor(level: Level, folder: string) {
    this.#level = level;
    this.folder = folder;
  }

  /** Fails with a Problem `chain-corrupt` or `chain-busy`. */
  static async open(folder: string): Promise<ChainDatabase> {
    const level: Level = new ClassicLevel<Uint8Array, Uint8Array>(folder, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      cacheSize: 16 * 2 ** 20,
    });
    try {
      await level.open();
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      if ((cause as { code?: string }).code === 'LEVEL_LOCKED')
        throw new Problem(
          'chain-busy',
          `the chain in ${folder} is in use by another process`,
          'Stop that process, or give this one another state folder.',
        );
      throw new Problem(
        'chain-corrupt',
        `the chain's database ${folder} cannot be opened (${messageOf(cause)})`,
        'It is set aside and rebuilt from the last snapshot.',
      );
    }
    return new ChainDatabase(level, folder);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#level.getSync(key);
  }

  /** Durable when it resolves. */
  async write(writes: readonly Write[]): Promise<void> {
    await this.#level.batch(writes as Write[], { sync: true });
  }

  /** Keys and values from `first` up to but not including `last`, in order. */
  async *range(first: Uint8Array, last: Uint8Array, reverse = false): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    for await (const entry of this.#level.iterator({ gte: first, lt: last, reverse })) yield entry;
  }

  async clear(first: Uint8Array, last: Uint8Array): Promise<void> {
    await this.#level.clear({ gte: first, lt: last });
    await this.#level.compactRange(first, last);
  }

  close(): Promise<void> {
    return this.#level.close();
  }
}

const text = (name: string): Uint8Array => Buffer.from(name, 'latin1');
const under = (prefix: string, ...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat([text(prefix), ...parts]);
const u32 = (value: number): Uint8Array => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);

export const keys = {
  /** reference: hash of a node, or `c` and hash of a code. */
  node: (generation: number, reference: Uint8Array): Uint8Array => under('n', Uint8Array.of(generation), reference),
  block: (hash: Uint8Array): Uint8Array => under('b', hash),
  height: (number: number, hash: Uint8Array = new Uint8Array(0)): Uint8Array => under('h', u32(number), hash),
  canonical: (number: number): Uint8Array => under('c', u32(number)),
  payload: (hash: Uint8Array): Uint8Array => under('p', hash),
  transaction: (hash: Uint8Array): Uint8Array => under('t', hash),
  term: (hash: Uint8Array): Uint8Array => under('w', hash),
  epoch: (number: number): Uint8Array => under('e', u32(number)),
  meta: (name: string): Uint8Array => under('m', text(name)),
} as const;

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

export async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}
