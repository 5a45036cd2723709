/** CAR files (CARv1): a DAG as one stream, for another gateway or a USB stick. */
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CarIndexer, CarWriter } from '@ipld/car';
import { exporter } from 'ipfs-unixfs-exporter';
import { CID } from 'multiformats/cid';
import { messageOf, Problem } from '../../node/index.js';
import {
  BLOCK_LIMIT,
  DAG_PB,
  fits,
  isLeaf,
  LEAF,
  RAW,
  childrenOf,
  type Block,
  type ContentStore,
  type Hold,
  type Root,
} from '../store/index.js';
import { unixfsOf, type GetBlock } from './dag.js';

/** Octets of foreign blocks that are stored with one sync. */
const BATCH = 8 * 1024 * 1024;

export function carOf(roots: readonly CID[], blocks: AsyncIterable<Block>): Readable {
  const { writer, out } = CarWriter.create([...roots]);
  const stream = Readable.from(out);
  const write = async (): Promise<void> => {
    for await (const block of blocks) await writer.put(block);
    await writer.close();
  };
  // A CAR that ends early is how a reader learns that a block was missing (trustless gateway specification, 4.3).
  write().catch((error: unknown) => stream.destroy(error instanceof Error ? error : new Error(messageOf(error))));
  return stream;
}

export interface Imported {
  readonly roots: readonly string[];
  readonly blocks: number;
  /** Files that lie whole on the disk now. */
  readonly files: number;
  /** Blocks that something in the CAR points to and that are nowhere here. */
  readonly missing: readonly string[];
}

/**
 * Takes a CAR in: every block is checked first, so of a bad one nothing is kept. Files of our own layout are stored whole, everything else as blocks.
 * Fails with a Problem `bad-car` or `bad-block`.
 */
export async function importCar(
  store: ContentStore,
  source: AsyncIterable<Uint8Array>,
  kept: Pick<Root, 'class' | 'name'>,
): Promise<Imported> {
  const spool = join(store.folder, 'incoming', randomUUID());
  try {
    await pipeline(Readable.from(source), createWriteStream(spool));
    return await importSpooled(store, spool, kept);
  } finally {
    await rm(spool, { force: true });
  }
}

async function importSpooled(store: ContentStore, spool: string, kept: Pick<Root, 'class' | 'name'>): Promise<Imported> {
  const { roots, index } = await indexOf(spool);
  const handle = await open(spool, 'r');
  try {
    const inCar = async (cid: CID): Promise<Uint8Array | undefined> => {
      const place = index.get(cid.toString());
      if (!place) return undefined;
      const { buffer } = await handle.read(Buffer.alloc(place.octets), 0, place.octets, place.at);
      return buffer;
    };
    for (const [text] of index) {
      const cid = CID.parse(text);
      const fit = fits(cid, (await inCar(cid))!);
      if (fit === true) continue;
      const why = fit === undefined ? 'has a hash of a kind that is not known here' : 'does not fit its hash';
      throw new Problem('bad-block', `block ${text} of the CAR ${why}`, 'Nothing of it was kept; get the CAR again.');
    }
    const get: GetBlock = async (cid) =>
      cid.multihash.code === 0 ? cid.multihash.digest : ((await inCar(cid)) ?? (await store.block(cid)));
    return await store.holding(async (hold) => {
      const work = new Import(store, get, hold);
      for (const root of roots) await work.take(root);
      await work.flush();
      for (const root of roots) if (store.entry(root.toString())) await store.pin(root.toString(), kept);
      return { roots: roots.map(String), blocks: index.size, files: work.files, missing: [...work.missing] };
    });
  } finally {
    await handle.close();
  }
}

/** Where each block lies. */
async function indexOf(spool: string): Promise<{ roots: CID[]; index: Map<string, { at: number; octets: number }> }> {
  const index = new Map<string, { at: number; octets: number }>();
  const { size } = await stat(spool);
  try {
    const indexer = await CarIndexer.fromIterable(createReadStream(spool));
    const roots = await indexer.getRoots();
    for await (const { cid, blockOffset, blockLength } of indexer) {
      if (blockLength > BLOCK_LIMIT) throw new Error(`block ${cid.toString()} has ${blockLength} octets, at most ${BLOCK_LIMIT} are taken`);
      if (blockOffset + blockLength > size) throw new Error(`it ends inside block ${cid.toString()}`);
      index.set(cid.toString(), { at: blockOffset, octets: blockLength });
    }
    if (roots.length === 0) throw new Error('it names no root');
    return { roots, index };
  } catch (error) {
    throw new Problem(
      'bad-car',
      `the CAR cannot be read after block ${index.size}: ${messageOf(error)}`,
      'Nothing of it was kept; it may be cut short: copy it again.',
    );
  }
}

class Import {
  files = 0;
  readonly missing = new Set<string>();
  readonly #store: ContentStore;
  readonly #get: GetBlock;
  readonly #hold: Hold;
  readonly #seen = new Set<string>();
  #batch: Block[] = [];
  #octets = 0;

  constructor(store: ContentStore, get: GetBlock, hold: Hold) {
    this.#store = store;
    this.#get = get;
    this.#hold = hold;
  }

  /** The DAG below a CID; without recursion, so that no depth of it can hurt. */
  async take(root: CID): Promise<void> {
    const stack = [root];
    for (let cid = stack.pop(); cid !== undefined; cid = stack.pop()) {
      if (this.#seen.has(cid.toString()) || cid.multihash.code === 0) continue;
      this.#seen.add(cid.toString());
      const bytes = await this.#get(cid);
      if (!bytes) {
        this.missing.add(cid.toString());
        continue;
      }
      if (await this.#whole(cid, bytes)) continue;
      this.#batch.push({ cid, bytes });
      this.#octets += bytes.length;
      if (this.#octets > BATCH) await this.flush();
      stack.push(...childrenOf(cid, bytes).reverse());
    }
  }

  async flush(): Promise<void> {
    const batch = this.#batch;
    [this.#batch, this.#octets] = [[], 0];
    await this.#store.addBlocks(batch, { part: this.#hold });
  }

  /** True if it is a file that our own layout gives the same CID: then it is stored whole. */
  async #whole(cid: CID, bytes: Uint8Array): Promise<boolean> {
    const text = cid.toString();
    if (this.#store.entry(text)?.kind === 'file') return true;
    if (isLeaf(cid, bytes.length)) {
      this.files += 1;
      await this.#store.add([bytes], { part: this.#hold });
      return true;
    }
    const node = cid.code === DAG_PB && cid.version === 1 ? unixfsOf(bytes) : undefined;
    const [first] = node?.links ?? [];
    // A glance tells most foreign layouts apart; the CID tells the rest.
    if (!node || node.unixfs.type !== 'file' || !first || (first.Hash.code === RAW && Number(node.unixfs.blockSizes[0]) !== LEAF))
      return false;
    const get = this.#get;
    const blocks = {
      async *get(each: CID) {
        const found = await get(each);
        if (!found) throw new Problem('missing-block', `block ${each.toString()} is not here`, '');
        yield found;
      },
    };
    try {
      const file = await exporter(cid, blocks);
      if (file.type !== 'file') return false;
      const added = await this.#store.add(file.content(), { part: this.#hold });
      if (added.cid === text) this.files += 1;
      return added.cid === text;
    } catch (error) {
      if (error instanceof Problem && error.code === 'missing-block') return false;
      throw error;
    }
  }
}
