/**
 * The one store of octets. A file lies whole at `data/<cid>` with its outboard beside it, so that its CID is the one IPFS gives it and every range is
 * verified; a directory, or a part of a foreign tree, is a block of its own. What is still on its way lies in `partial/`.
 *
 *   (nothing) -> incoming -> whole       octets durable, then renamed, then in the index; only then it is acknowledged
 *   whole -> (nothing)                   out of the index, then from the disk
 *
 * The index is the truth: a start removes whatever of `data/` it does not name and whatever no root reaches, so a kill at any instant leaves
 * every acknowledged file, no orphan, and sums that fit the disk.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CID } from 'multiformats/cid';
import { messageOf, Problem, syncFolder, systemCode } from '../../node/index.js';
import { evictionOrder, isEntry, reachable, sizeOf, stronger, usageOf, type Class, type Entry, type Root } from './entry.js';
import { hashInPlace, ingest, leavesOf, writeAll, type Ingested } from './ingest.js';
import { Journal, type Damage } from './journal.js';
import { linksOf } from './links.js';
import { Outboard, PIECES_PER_LEAF } from './outboard.js';
import { PartialFile, MAP_HEADER } from './partial.js';
import { cidOf, fits, isLeaf, LEAF, PIECE, RAW, type Block } from './unixfs.js';

/** Outboards held in memory: of 1 GiB each takes 0.5 MB. */
const OUTBOARDS = 16;
/** A block that is not a leaf of ours is at most this (Bitswap and the trustless gateways take 2 MiB). */
export const BLOCK_LIMIT = 2 * 1024 * 1024;

export interface ContentOptions {
  /** Octets that everything may take together. */
  readonly quota?: number;
  /** Octets that one class may take. */
  readonly classQuota?: Partial<Readonly<Record<Class, number>>>;
}

export interface AddOptions extends Partial<Omit<Root, 'at'>> {
  /** Most octets. */
  readonly limit?: number;
  /** Also index it by the hash of the whole. */
  readonly sha256?: boolean;
  /** Part of something that will be a root: then it is none itself, and must be held until that is. */
  readonly part?: Hold;
}

/** Keeps parts of an unfinished tree from the garbage collector of this process. */
export type Hold = Set<string>;

export interface Found {
  readonly cid: string;
  /** What it was: damaged octets, or a file that is gone. */
  readonly what: 'damaged' | 'missing';
  readonly repaired: boolean;
}

export class ContentStore {
  readonly folder: string;
  /** Of the index, found at opening. */
  readonly damage: Damage | undefined;
  readonly #options: ContentOptions;
  readonly #index: Map<string, Entry>;
  readonly #journal: Journal<Entry>;
  readonly #bySha256 = new Map<string, string>();
  readonly #outboards = new Map<string, Outboard>();
  /** Where inner nodes and leaves of whole files are; made at the first search. */
  #inside: Map<string, { readonly file: string; readonly at: number }> | undefined;
  readonly #holds = new Set<Hold>();
  readonly #reserved = new Map<string, number>();
  #used = 0;
  #clock = 0;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, options: ContentOptions, journal: Journal<Entry>) {
    this.folder = folder;
    this.#options = options;
    this.#journal = journal;
    this.damage = journal.damage;
    this.#index = new Map();
    for (const entry of journal.values()) this.#note(entry);
  }

  static async open(folder: string, options: ContentOptions = {}): Promise<ContentStore> {
    for (const room of ['data', 'incoming', 'partial']) await mkdir(join(folder, room), { recursive: true });
    const journal = await Journal.open<Entry>({ file: join(folder, 'index'), key: ({ cid }) => cid, valid: isEntry, capacity: Infinity });
    const store = new ContentStore(folder, options, journal);
    await store.#recover();
    return store;
  }

  async close(): Promise<void> {
    await this.#queue;
    await this.#journal.close();
  }

  // What is there

  entry(cid: string): Entry | undefined {
    return this.#index.get(cid);
  }

  roots(): (Entry & { readonly root: Root })[] {
    return [...this.#index.values()].filter((entry): entry is Entry & { readonly root: Root } => entry.root !== undefined);
  }

  /** Octets on disk, of whole files and blocks with their outboards. */
  get stored(): number {
    return this.#used;
  }

  usage(): Readonly<Record<Class, number>> & { readonly partial: number } {
    return { ...usageOf(this.#index), partial: sum(this.#reserved.values()) };
  }

  /** Octets of a root with everything it reaches. */
  octetsOf(cid: string): number {
    return sum([...reachable(this.#index, [cid])].map((each) => this.#index.get(each)!.octets));
  }

  /** CIDs below a root that are not here: what a folder lacks that has come in part. */
  missing(cid: string): string[] {
    const below = [...reachable(this.#index, [cid])].flatMap((each) => this.#index.get(each)!.links ?? []);
    return [...new Set(below)].filter((each) => !this.#index.has(each));
  }

  path(cid: string): string {
    return join(this.folder, 'data', cid);
  }

  // Adding

  /** One file from a stream. Durable when it resolves; the same octets again are the same entry, kept by the stronger class. */
  async add(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, { limit = Infinity, ...options }: AddOptions = {}): Promise<Entry> {
    const fresh = this.#incoming();
    try {
      return await this.#commit(fresh, await ingest(source, fresh, limit, options.sha256 === true), options);
    } catch (error) {
      await rm(fresh, { force: true });
      throw error;
    }
  }

  /** A copy of a file of this machine: nearly twice as fast as by a stream. */
  addFile(path: string, options?: AddOptions): Promise<Entry> {
    return this.add(leavesOf(path), options);
  }

  /** One file that lies complete on the same disk: it is moved, not copied. */
  async adopt(file: string, options: AddOptions = {}): Promise<Entry> {
    return this.#commit(file, await hashInPlace(file, options.sha256 === true), options);
  }

  /** Blocks that fit their CIDs; `root` makes the last one a root. Durable when it resolves. */
  async addBlocks(blocks: readonly Block[], options: AddOptions = {}): Promise<void> {
    for (const { cid, bytes } of blocks) {
      const fit = fits(cid, bytes);
      if (bytes.length > BLOCK_LIMIT)
        throw new Problem('too-large', `block ${cid.toString()} has ${bytes.length} octets`, `A block has at most ${BLOCK_LIMIT}.`);
      if (fit !== true)
        throw new Problem(
          'bad-block',
          fit === undefined
            ? `block ${cid.toString()} has a hash of a kind that is not known here`
            : `block ${cid.toString()} does not fit its hash`,
          'Fetch it again from another holder.',
        );
    }
    const last = blocks.at(-1);
    const isFile = ({ cid, bytes }: Block): boolean => isLeaf(cid, bytes.length);
    await this.holding(async (part) => {
      for (const block of blocks.filter(isFile))
        await this.add([block.bytes], block === last ? options : { ...options, part: options.part ?? part });
      await this.#addBlocks(
        blocks.filter((block) => !isFile(block)),
        last,
        options,
      );
    });
  }

  async #addBlocks(blocks: readonly Block[], last: Block | undefined, options: AddOptions): Promise<void> {
    await this.#serial(async () => {
      const fresh: Entry[] = [];
      for (const block of blocks) {
        const { cid, bytes } = block;
        const text = cid.toString();
        const root = options.part || block !== last ? undefined : rootOf(options, this.#index.get(text)?.root);
        options.part?.add(text);
        const known = this.#index.get(text);
        if (known) {
          if (root) fresh.push({ ...known, root, used: this.#tick() });
          continue;
        }
        await this.#makeRoom(bytes.length, options.class ?? 'mine');
        const file = this.#incoming();
        await writeFile(file, bytes, { flush: true });
        await rename(file, this.path(text));
        const links = linksOf(cid, bytes);
        fresh.push({
          cid: text,
          kind: 'block',
          octets: bytes.length,
          outboard: 0,
          used: this.#tick(),
          ...(links.length > 0 && { links }),
          ...(root && { root }),
        });
      }
      if (fresh.length === 0) return;
      await syncFolder(join(this.folder, 'data'));
      await this.#journal.putAll(fresh);
      for (const entry of fresh) this.#note(entry);
    });
  }

  /** For as long as work runs, what it adds as `part` is safe from garbage collection. */
  async holding<T>(work: (hold: Hold) => Promise<T>): Promise<T> {
    const hold: Hold = new Set();
    this.#holds.add(hold);
    try {
      return await work(hold);
    } finally {
      this.#holds.delete(hold);
    }
  }

  // Keeping and forgetting

  /** Makes it a root, or a root of another class; everything it reaches must be here. Fails with a Problem `not-found`. */
  async pin(cid: string, kept: Pick<Root, 'class'> & Partial<Root>): Promise<Entry> {
    return this.#serial(async () => {
      const entry = this.#known(cid);
      const root = { ...rootOf({}, entry.root), ...kept };
      return this.#put({ ...entry, root, used: this.#tick() });
    });
  }

  /** Forgets a root; what nothing else reaches is removed from the disk. Answers the octets freed. */
  async delete(cid: string): Promise<number> {
    return this.#serial(async () => {
      const entry = unrooted(this.#known(cid));
      this.#note(entry);
      return this.#sweep([entry]);
    });
  }

  /** No longer roots of their own, as something else holds them now; what is held by nothing goes. */
  async unlist(cids: readonly string[]): Promise<void> {
    await this.#serial(async () => {
      const changed = cids.flatMap((cid) => (this.#index.get(cid)?.root?.class === 'cache' ? [unrooted(this.#index.get(cid)!)] : []));
      for (const entry of changed) this.#note(entry);
      await this.#sweep(changed);
    });
  }

  /** Removes what no root reaches, and cache beyond its quota. Answers the octets freed. */
  async collect(): Promise<number> {
    return this.#serial(async () => {
      const before = this.#used;
      await this.#sweep([]);
      await this.#makeRoom(0, 'cache').catch(() => undefined); // What is left over the quota is nobody's cache.
      return before - this.#used;
    });
  }

  /** It was read: it is evicted later. Remembered on disk with the next change of the entry. */
  touch(cid: string): void {
    const entry = this.#index.get(cid);
    if (entry) this.#index.set(cid, { ...entry, used: this.#tick() });
  }

  // Reading

  /** Verified octets at..at+octets of a whole file; fewer at its end. Fails with a Problem `not-found` or `damaged`. */
  async read(cid: string, at: number, octets: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.stream(cid, at, octets)) parts.push(part);
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  /** The same in verified steps. */
  async *stream(cid: string, at = 0, octets = Infinity): AsyncGenerator<Buffer> {
    const outboard = await this.outboard(cid);
    const end = Math.min(at + octets, outboard.octets);
    const handle = await openData(this.path(cid), cid);
    try {
      const last = Math.min(Math.ceil(end / PIECE) * PIECE, outboard.octets);
      /** Up to the end of the leaf: a whole one is hashed once instead of in pieces, which is a fifth faster. */
      const read = async (from: number): Promise<Buffer> => {
        const size = Math.min(LEAF - (from % LEAF), last - from);
        const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(size), 0, size, from);
        return buffer.subarray(0, bytesRead);
      };
      let from = Math.floor(at / PIECE) * PIECE;
      let next = from < end ? read(from) : undefined;
      while (next) {
        const step = await next;
        const after = from + LEAF - (from % LEAF);
        next = after < end ? read(after) : undefined;
        next?.catch(() => undefined); // Awaited in the next turn, unless the reader leaves.
        if (step.length < Math.min(after, last) - from || !outboard.fits(from, step))
          throw new Problem(
            'damaged',
            `${cid} is damaged on the disk near octet ${from}`,
            'Run `meshbox scrub`: it fetches what is damaged from another holder.',
          );
        yield step.subarray(Math.max(0, at - from), Math.max(0, end - from));
        from = after;
      }
    } finally {
      await handle.close();
    }
  }

  /** What is known of a whole file beside its octets. */
  async outboard(cid: string): Promise<Outboard> {
    const cached = this.#outboards.get(cid);
    if (cached) return cached;
    const entry = this.#known(cid);
    if (entry.kind !== 'file') throw notFound(cid);
    const outboard =
      entry.outboard === 0 ? single(entry) : Outboard.decode(await readFile(`${this.path(cid)}.ob`).catch(() => Buffer.alloc(0)), cid);
    if (!outboard)
      throw new Problem(
        'damaged',
        `the hashes of ${cid} are damaged on the disk`,
        'Run `meshbox scrub`: it makes them again from the file.',
      );
    this.#outboards.set(cid, outboard);
    if (this.#outboards.size > OUTBOARDS) this.#outboards.delete(this.#outboards.keys().next().value!);
    return outboard;
  }

  /** Any block of anything here, verified: one of its own, or an inner node or leaf of a whole file. */
  async block(cid: CID): Promise<Uint8Array | undefined> {
    if (cid.multihash.code === 0) return cid.multihash.digest;
    const text = cid.toV1().toString();
    const entry = this.#index.get(text) ?? this.#index.get(cid.toString());
    if (entry?.kind === 'block') {
      const bytes = await readFile(this.path(entry.cid)).catch(() => undefined);
      if (bytes && fits(cid, bytes) === true) return bytes;
      throw new Problem(
        'damaged',
        `${entry.cid} is damaged on the disk`,
        'Run `meshbox scrub`: it fetches what is damaged from another holder.',
      );
    }
    if (entry && cid.code === RAW) return this.read(entry.cid, 0, LEAF);
    if (entry) return (await this.outboard(entry.cid)).tree.nodes.at(-1)!.bytes;
    const place = (await this.#insides()).get(text);
    if (!place) return undefined;
    if (place.at >= 0) return this.read(place.file, place.at, LEAF);
    return (await this.outboard(place.file)).tree.nodes[-1 - place.at]!.bytes;
  }

  /** The two calls of a Blockstore that importer, exporter and CAR use. */
  blockstore(): { get(cid: CID): AsyncGenerator<Uint8Array> } {
    const find = (cid: CID): Promise<Uint8Array | undefined> => this.block(cid);
    return {
      async *get(cid) {
        const bytes = await find(cid);
        if (!bytes) throw notFound(cid.toString());
        yield bytes;
      },
    };
  }

  // Partial files: by CID in pieces, or by the hash of the whole in blocks of a peer's choice

  /** Opens or begins one; its octets count against the quota from now on. One of another size or block size is begun anew. */
  async partial(name: string, octets: number, blockSize = PIECE, kept: Class = 'mine'): Promise<PartialFile> {
    await this.reserve(name, octets, kept);
    return PartialFile.open(this.#partialPath(name), octets, blockSize);
  }

  /** Room for what will come; fails with a Problem `quota`. */
  async reserve(name: string, octets: number, kept: Class = 'mine'): Promise<void> {
    await this.#serial(async () => {
      await this.#makeRoom(octets - (this.#reserved.get(name) ?? 0), kept);
      this.#reserved.set(name, octets);
    });
  }

  /** Names, octets and what is safely stored of the partial files. */
  async partials(): Promise<{ readonly name: string; readonly octets: number; readonly received: number }[]> {
    const names = (await readdir(join(this.folder, 'partial'))).filter((file) => file.endsWith('.map')).map((file) => file.slice(0, -4));
    const found = await Promise.all(names.map(async (name) => ({ name, state: await this.found(name) })));
    return found.flatMap(({ name, state }) => (state ? [{ name, octets: state.octets, received: state.received }] : []));
  }

  /** What is safely stored of a partial file; undefined if there is none. */
  async found(name: string): Promise<{ readonly received: number; readonly octets: number; readonly blockSize: number } | undefined> {
    const map = await readFile(`${this.#partialPath(name)}.map`).catch(() => Buffer.alloc(0));
    if (map.length < MAP_HEADER) return undefined;
    const octets = map.readUIntBE(0, 6);
    const partial = await PartialFile.open(this.#partialPath(name), octets, map.readUInt32BE(6));
    await partial.close();
    return { received: partial.received, octets, blockSize: partial.blockSize };
  }

  /** Small notes beside a partial file: its outboard, or what an upload is called. */
  async setPartialNote(name: string, bytes: Uint8Array): Promise<void> {
    await writeFile(`${this.#partialPath(name)}.note`, bytes, { flush: true });
  }

  async partialNote(name: string): Promise<Buffer | undefined> {
    return readFile(`${this.#partialPath(name)}.note`).catch(() => undefined);
  }

  /** Forgets a partial file. */
  async discard(name: string): Promise<void> {
    for (const end of ['part', 'map', 'note']) await rm(`${this.#partialPath(name)}.${end}`, { force: true });
    this.#reserved.delete(name);
  }

  /** Hashes the complete partial file of that sha256 and moves it into place; false if it is not what it should be: then it is gone. */
  async finish(sha256: string, partial: PartialFile, options: AddOptions = {}): Promise<boolean> {
    await partial.close();
    const file = `${this.#partialPath(sha256)}.part`;
    const ingested = await hashInPlace(file, true);
    const good = ingested.sha256 === sha256;
    if (good) await this.#commit(file, ingested, options);
    await this.discard(sha256);
    return good;
  }

  /** The same for a CID. Answers the leaves that do not fit; then it stays partial. */
  async finishCid(cid: string, partial: PartialFile, outboard: Outboard, options: AddOptions = {}): Promise<readonly number[]> {
    const file = `${this.#partialPath(cid)}.part`;
    const ingested = await hashInPlace(file, false);
    const bad: number[] = [];
    for (let i = 0; i < outboard.leafCount; i += 1) if (Buffer.compare(ingested.outboard.leaf(i), outboard.leaf(i)) !== 0) bad.push(i);
    for (const leaf of bad) await partial.forget(leaf * PIECES_PER_LEAF, PIECES_PER_LEAF);
    if (bad.length > 0) return bad;
    await partial.close();
    await this.#commit(file, ingested, options);
    await this.discard(cid);
    return [];
  }

  // Files that move over the mesh by the sha256 of the whole

  /** CID and octets of a whole file by its sha256. */
  bySha256(sha256: string): Entry | undefined {
    const cid = this.#bySha256.get(sha256);
    return cid === undefined ? undefined : this.#index.get(cid);
  }

  /** Octets of all whole files that moved over the mesh. */
  get transferred(): number {
    return sum([...this.#bySha256.values()].map((cid) => this.#index.get(cid)!.octets));
  }

  // Scrubbing

  /**
   * Reads everything and compares it with its hashes. `repair` answers octets of the file from another holder; they are taken if they fit. Outboards
   * are made again from their files.
   */
  async scrub(
    repair: (cid: string, at: number, octets: number) => Promise<Uint8Array | undefined>,
    progress: (done: number, total: number) => void = () => undefined,
  ): Promise<Found[]> {
    const found: Found[] = [];
    let done = 0;
    for (const entry of [...this.#index.values()]) {
      const report = await this.#scrubOne(entry, repair);
      if (report) found.push(report);
      progress((done += sizeOf(entry)), this.#used);
    }
    return found;
  }

  async #scrubOne(
    entry: Entry,
    repair: (cid: string, at: number, octets: number) => Promise<Uint8Array | undefined>,
  ): Promise<Found | undefined> {
    const { cid } = entry;
    const file = this.path(cid);
    const handle = await open(file, 'r+').catch(() => undefined);
    if (!this.#index.has(cid)) return void (await handle?.close());
    const fresh = handle ?? (await open(file, 'w+'));
    let [damaged, repaired] = [!handle, true];
    try {
      let outboard: Outboard | undefined;
      if (entry.kind === 'file') {
        this.#outboards.delete(cid);
        outboard = await this.outboard(cid).catch(() => undefined);
        if (!outboard) {
          damaged = true;
          const { outboard: again } = await hashInPlace(file, false);
          if (again.cid !== cid) return { cid, what: 'damaged', repaired: false };
          await writeFile(`${file}.ob`, again.encode(), { flush: true });
          outboard = again;
        }
      }
      const step = outboard ? PIECE : Math.max(1, entry.octets);
      for (let at = 0; at < Math.max(1, entry.octets); at += step) {
        const size = Math.min(step, entry.octets - at);
        const { buffer, bytesRead } = await fresh.read(Buffer.alloc(size), 0, size, at);
        const good = (bytes: Uint8Array): boolean =>
          bytes.length === size && (outboard ? outboard.fits(at, bytes) : fits(CID.parse(cid), bytes) === true);
        if (good(buffer.subarray(0, bytesRead))) continue;
        damaged = true;
        const other = await repair(cid, at, size).catch(() => undefined);
        if (other && good(other)) await writeAll(fresh, other, at);
        else repaired = false;
      }
      if (damaged) {
        await fresh.truncate(entry.octets);
        await fresh.datasync();
      }
    } finally {
      await fresh.close();
    }
    return damaged ? { cid, what: handle ? 'damaged' : 'missing', repaired } : undefined;
  }

  // Inside

  async #commit(fresh: string, { outboard, sha256 }: Ingested, options: AddOptions): Promise<Entry> {
    const { cid, octets } = outboard;
    return this.#serial(async () => {
      const known = this.#index.get(cid);
      options.part?.add(cid);
      const root = options.part ? known?.root : rootOf(options, known?.root);
      if (known) {
        await rm(fresh, { force: true });
        return this.#put({ ...known, used: this.#tick(), ...(root && { root }), ...(sha256 !== undefined && { sha256 }) });
      }
      const beside = outboard.pieces.length > 0 ? outboard.encode() : undefined;
      // A partial file that becomes whole has its room already.
      this.#reserved.delete(basename(fresh, '.part'));
      await this.#makeRoom(octets + (beside?.length ?? 0), root?.class ?? options.class ?? 'mine');
      if (beside) {
        const file = this.#incoming();
        await writeFile(file, beside, { flush: true });
        await rename(file, `${this.path(cid)}.ob`);
      }
      // By a second name: a kill before the index knows it leaves the first one, which may be a download of days.
      await link(fresh, this.path(cid));
      await syncFolder(join(this.folder, 'data'));
      this.#inside = undefined;
      const entry = await this.#put({
        cid,
        kind: 'file',
        octets,
        outboard: beside?.length ?? 0,
        used: this.#tick(),
        ...(root && { root }),
        ...(sha256 !== undefined && { sha256 }),
      });
      await rm(fresh, { force: true });
      return entry;
    });
  }

  async #put(entry: Entry): Promise<Entry> {
    await this.#journal.put(entry);
    this.#note(entry);
    return entry;
  }

  #note(entry: Entry): void {
    const before = this.#index.get(entry.cid);
    this.#used += sizeOf(entry) - (before ? sizeOf(before) : 0);
    this.#clock = Math.max(this.#clock, entry.used);
    this.#index.set(entry.cid, entry);
    if (entry.sha256 !== undefined) this.#bySha256.set(entry.sha256, entry.cid);
  }

  /** Evicts cache, the longest unused first, until so many octets more fit; fails with a Problem `quota` if they cannot. */
  async #makeRoom(octets: number, kept: Class): Promise<void> {
    const { quota = Infinity, classQuota = {} } = this.#options;
    const over = (): boolean => this.#used + sum(this.#reserved.values()) + octets > quota;
    const limit = classQuota[kept] ?? Infinity;
    const classOver = (): boolean => limit < Infinity && usageOf(this.#index)[kept] + octets > limit;
    const evictable = evictionOrder(this.#index);
    while ((over() || (kept === 'cache' && classOver())) && evictable.length > 0) {
      const entry = unrooted(evictable.shift()!);
      this.#note(entry);
      await this.#sweep([entry]);
    }
    if (over() || classOver())
      throw new Problem(
        'quota',
        `${octets} octets more do not fit into the store: ${this.#used} of ${over() ? quota : limit} are taken${over() ? '' : ` by class ${kept}`}`,
        'Remove something with `meshbox rm`, or let the store grow with --quota.',
      );
  }

  /** Removes what is not reachable; `changed` are entries that stopped being roots. Out of the index first: a kill in between leaves orphans for the next start. */
  async #sweep(changed: readonly Entry[]): Promise<number> {
    const roots = [...this.#index.values()].filter(({ root }) => root).map(({ cid }) => cid);
    const kept = reachable(this.#index, [...roots, ...[...this.#holds].flatMap((hold) => [...hold])]);
    const gone = [...this.#index.values()].filter(({ cid }) => !kept.has(cid));
    const still = changed.filter(({ cid }) => kept.has(cid));
    if (gone.length > 0) await this.#journal.remove(gone.map(({ cid }) => cid));
    if (still.length > 0) await this.#journal.putAll(still);
    for (const entry of gone) {
      this.#index.delete(entry.cid);
      this.#outboards.delete(entry.cid);
      if (entry.sha256 !== undefined) this.#bySha256.delete(entry.sha256);
      this.#used -= sizeOf(entry);
      await rm(this.path(entry.cid), { force: true });
      if (entry.outboard > 0) await rm(`${this.path(entry.cid)}.ob`, { force: true });
    }
    if (gone.length > 0) this.#inside = undefined;
    return sum(gone.map(sizeOf));
  }

  async #recover(): Promise<void> {
    await rm(join(this.folder, 'incoming'), { recursive: true });
    await mkdir(join(this.folder, 'incoming'));
    await this.#sweep([]);
    const named = new Set([...this.#index.values()].flatMap(({ cid, outboard }) => (outboard > 0 ? [cid, `${cid}.ob`] : [cid])));
    for (const name of await readdir(join(this.folder, 'data'))) if (!named.has(name)) await rm(join(this.folder, 'data', name));
    for (const { name, octets } of await this.partials()) {
      if (this.#index.has(name) || this.#bySha256.has(name)) await this.discard(name);
      else this.#reserved.set(name, octets);
    }
    // Files of the first state format lay in the folder itself, named by their sha256.
    for (const name of await readdir(this.folder))
      if (/^[0-9a-f]{64}$/.test(name)) await this.adopt(join(this.folder, name), { sha256: true, name });
  }

  async #insides(): Promise<Map<string, { readonly file: string; readonly at: number }>> {
    if (this.#inside) return this.#inside;
    const inside = new Map<string, { file: string; at: number }>();
    for (const { cid, kind, outboard: beside } of this.#index.values()) {
      if (kind !== 'file' || beside === 0) continue;
      const outboard = await this.outboard(cid).catch(() => undefined);
      if (!outboard || outboard.leafCount === 1) continue;
      outboard.tree.nodes.forEach((node, i) => inside.set(node.cid.toString(), { file: cid, at: -1 - i }));
      for (let i = 0; i < outboard.leafCount; i += 1) inside.set(cidOf(outboard.leaf(i), RAW).toString(), { file: cid, at: i * LEAF });
    }
    return (this.#inside = inside);
  }

  #known(cid: string): Entry {
    const entry = this.#index.get(cid);
    if (!entry) throw notFound(cid);
    return entry;
  }

  #incoming(): string {
    return join(this.folder, 'incoming', randomUUID());
  }

  #partialPath(name: string): string {
    return join(this.folder, 'partial', name);
  }

  #tick(): number {
    return (this.#clock += 1);
  }

  #serial<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }
}

function rootOf(wanted: AddOptions, before: Root | undefined): Root {
  const kept = wanted.class ?? 'mine';
  return {
    class: before ? stronger(before.class, kept) : kept,
    name: wanted.name ?? before?.name ?? '',
    mediaType: wanted.mediaType ?? before?.mediaType ?? 'application/octet-stream',
    at: before?.at ?? Date.now(),
  };
}

function unrooted({ cid, kind, octets, outboard, links, sha256, used }: Entry): Entry {
  return { cid, kind, octets, outboard, used, ...(links && { links }), ...(sha256 !== undefined && { sha256 }) };
}

/** Of a file of one piece: its CID says it all. */
function single({ cid, octets }: Entry): Outboard {
  return new Outboard(octets, CID.parse(cid).multihash.digest, new Uint8Array(0));
}

async function openData(file: string, cid: string): ReturnType<typeof open> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT')
      throw new Problem(
        'damaged',
        `the octets of ${cid} are gone from the disk`,
        'Run `meshbox scrub`: it fetches what is missing from another holder.',
      );
    throw new Problem('failed', `${cid} cannot be read: ${messageOf(error)}`, 'Check the disk and its permissions.');
  }
}

function notFound(cid: string): Problem {
  return new Problem('not-found', `${cid} is not here`, 'Fetch it with `meshbox get`, or list what is here with `meshbox ls`.');
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
