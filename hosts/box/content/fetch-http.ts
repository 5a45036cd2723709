/**
 * Content from other boxes and gateways over HTTP: every piece is checked as it arrives and durable before it counts, so a link may be cut at any octet.
 * One worker per holder takes the next run of missing pieces; what fails is anybody's again. A MeshBox tells the piece hashes (`outboard`) and serves
 * ranges; a plain trustless gateway serves blocks, and is taken leaf by leaf.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { CID } from 'multiformats/cid';
import { Problem } from '../../node/index.js';
import {
  BLOCK_LIMIT,
  childrenOf,
  cidOf,
  DAG_PB,
  fits,
  LEAF,
  leafCount,
  Outboard,
  outboardOctets,
  PIECE,
  PIECES_PER_LEAF,
  RAW,
  type AddOptions,
  type ContentStore,
  type PartialFile,
  type Root,
} from '../store/index.js';
import { unixfsOf } from './dag.js';

/** Silence after which a request is given up: three times TCP's longest usual retransmission pause. */
const SILENCE = 20_000;
/** Pause after a holder has failed: doubles up to the last. */
const PAUSES = [250, 500, 1_000, 2_000, 5_000, 10_000] as const;
/** Pieces that one request asks for: 4 MiB, so that a cut costs one piece and a slow holder does not keep the rest from others. */
const RUN = 64;
/** An outboard of 512 GiB. */
const OUTBOARD_LIMIT = 512 * 1024 * 1024;

export interface FetchOptions extends Partial<Pick<Root, 'class' | 'name' | 'mediaType'>> {
  /** Addresses like http://10.0.0.2:8480, ours or any trustless gateway's. */
  readonly holders: readonly string[];
  readonly progress?: (done: number, total: number) => void;
  /** Ends the fetch; what is verified stays for the next one. */
  readonly signal?: AbortSignal;
  /** Milliseconds without any progress after which it gives up, with what it has. */
  readonly patience?: number;
}

export interface Fetched {
  readonly cid: string;
  /** Octets of pieces that came over the wire, and of those that were of no use. */
  readonly received: number;
  readonly wasted: number;
}

/** A file, or a folder with everything in it. Fails with a Problem `unreachable`, `not-found`, `denied` or `stopped`; partial work is kept. */
export async function fetchContent(store: ContentStore, cid: CID, options: FetchOptions): Promise<Fetched> {
  const work = new Fetch(store, options);
  await store.holding(async (hold) => {
    const stack = [cid];
    const seen = new Set<string>();
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const text = next.toString();
      if (seen.has(text) || next.multihash.code === 0) continue;
      seen.add(text);
      hold.add(text);
      const known = store.entry(text);
      if (known?.kind === 'file') continue;
      // The top is a root at once, so that a kill loses nothing of a folder of which half has come.
      const keep = next.equals(cid) ? rootOptions(options) : { part: hold };
      stack.push(...(known ? (known.links ?? []).map((each) => CID.parse(each)) : await work.take(next, keep)));
    }
    await store.pin(cid.toString(), rootOptions(options));
  });
  return { cid: cid.toString(), received: work.received, wasted: work.wasted };
}

function rootOptions({ class: kept = 'mine', name, mediaType }: FetchOptions): Pick<Root, 'class'> & Partial<Root> {
  return { class: kept, ...(name !== undefined && { name }), ...(mediaType !== undefined && { mediaType }) };
}

class Fetch {
  received = 0;
  wasted = 0;
  readonly #store: ContentStore;
  readonly #options: FetchOptions;
  #progressAt = performance.now();

  constructor(store: ContentStore, options: FetchOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** One file whole, or one block; answers what that points to. */
  async take(cid: CID, keep: AddOptions): Promise<CID[]> {
    const found = await this.#describe(cid);
    if (found instanceof Outboard) {
      await this.#file(cid, found, keep);
      return [];
    }
    await this.#store.addBlocks([{ cid, bytes: found }], keep);
    return childrenOf(cid, found);
  }

  /** The outboard of a file, from a note of an earlier try, a MeshBox, or the tree's own nodes; else the block itself. */
  async #describe(cid: CID): Promise<Outboard | Uint8Array> {
    const text = cid.toString();
    const noted = await this.#store.partialNote(text);
    const known = noted && Outboard.decode(noted, text);
    if (known) return known;
    return this.#fromAny(async (holder) => {
      if (cid.code === RAW || cid.code === DAG_PB) {
        const bytes = await this.#get(`${holder}/api/content/${text}/outboard`, OUTBOARD_LIMIT).catch(
          passOver(['not-found', 'not-a-file']),
        );
        const outboard = bytes && Outboard.decode(bytes, text);
        if (outboard) return this.#note(outboard);
      }
      const block = await this.#block(holder, cid);
      const leaves = cid.code === DAG_PB ? await this.#leavesOf(holder, cid, block) : undefined;
      return leaves ? this.#note(leaves) : block;
    });
  }

  async #note(outboard: Outboard): Promise<Outboard> {
    await this.#store.setPartialNote(outboard.cid, outboard.encode());
    return outboard;
  }

  /** Leaf hashes out of the nodes of a tree of our own layout; piece hashes a gateway cannot tell, so they are zeros, which fit nothing. */
  async #leavesOf(holder: string, root: CID, bytes: Uint8Array): Promise<Outboard | undefined> {
    const leaves: Uint8Array[] = [];
    const size = Number(unixfsOf(bytes)?.unixfs.fileSize() ?? 0n);
    const level = [{ cid: root, bytes }];
    for (let node = level.shift(); node !== undefined; node = level.shift()) {
      const found = unixfsOf(node.bytes);
      if (found?.unixfs.type !== 'file' || leaves.length > leafCount(size)) return undefined;
      for (const { Hash: cid } of found.links) {
        if (cid.code === RAW) leaves.push(cid.multihash.digest);
        else level.push({ cid, bytes: await this.#block(holder, cid) });
      }
    }
    if (leaves.length !== leafCount(size) || outboardOctets(size) > OUTBOARD_LIMIT) return undefined;
    const outboard = new Outboard(size, Buffer.concat(leaves), Buffer.alloc(Math.ceil(size / PIECE) * 32));
    return outboard.cid === root.toString() ? outboard : undefined;
  }

  async #block(holder: string, cid: CID): Promise<Uint8Array> {
    const bytes = await this.#get(`${holder}/ipfs/${cid.toString()}?format=raw`, BLOCK_LIMIT);
    this.#received(bytes.length);
    if (fits(cid, bytes) !== true)
      throw new Problem('bad-block', `${holder} sent a block that is not ${cid.toString()}`, 'Another holder is asked.');
    return bytes;
  }

  async #file(cid: CID, outboard: Outboard, keep: AddOptions): Promise<void> {
    const text = cid.toString();
    const { octets } = outboard;
    const partial = await this.#store.partial(text, octets, PIECE, this.#options.class ?? 'mine');
    try {
      for (;;) {
        await this.#pieces(cid, outboard, partial);
        const bad = await this.#store.finishCid(text, partial, outboard, keep);
        if (bad.length === 0) return;
        // The piece hashes lied, or the disk did: the leaves that do not fit come again, as a whole.
        outboard.pieces.fill(0);
        this.wasted += bad.length * LEAF;
      }
    } finally {
      await partial.close().catch(() => undefined); // finishCid has closed it when all was well.
    }
  }

  async #pieces(cid: CID, outboard: Outboard, partial: PartialFile): Promise<void> {
    const claimed = new Set<number>();
    const { holders, progress } = this.#options;
    progress?.(partial.received, outboard.octets);
    const missing = (): boolean => partial.received < outboard.octets;
    /** Not more than a fair share, so that all holders work to the end. */
    const nextRun = (): number[] => {
      const run: number[] = [];
      const most = Math.min(RUN, Math.ceil((outboard.octets - partial.received) / PIECE / holders.length));
      for (let i = 0; i < partial.blocks && run.length < most; i += 1) {
        if (partial.isMissing(i) && !claimed.has(i)) run.push(i);
        else if (run.length > 0) break;
      }
      return run;
    };
    const store = async (piece: number, bytes: Uint8Array): Promise<void> => {
      await partial.store(piece, bytes);
      this.#progressAt = performance.now();
      progress?.(partial.received, outboard.octets);
    };
    const worker = async (holder: string): Promise<void> => {
      for (let failures = 0; ;) {
        const run = nextRun();
        if (run.length === 0) {
          if (!missing()) return;
          // Others have the rest; one of them may fail yet.
          await sleep(PAUSES[0]);
          continue;
        }
        run.forEach((piece) => claimed.add(piece));
        const failure = await (
          isBlank(outboard, run[0]!)
            ? this.#leaf(holder, outboard, Math.floor(run[0]! / PIECES_PER_LEAF), partial, store)
            : this.#range(holder, cid, outboard, run, store)
        ).then(
          () => undefined,
          (error: unknown) => error ?? new Error('failed'),
        );
        // What this one could not get is anybody's while it pauses.
        run.forEach((piece) => claimed.delete(piece));
        if (failure !== undefined) await this.#wait(failure, failures, holders.length > 1);
        failures = failure === undefined ? 0 : failures + 1;
      }
    };
    const outcomes = await Promise.allSettled(holders.map(worker));
    const failed = outcomes.find((each) => each.status === 'rejected');
    if (failed && missing()) throw failed.reason as Error;
  }

  async #range(
    holder: string,
    cid: CID,
    outboard: Outboard,
    run: readonly number[],
    store: (piece: number, bytes: Uint8Array) => Promise<void>,
  ): Promise<void> {
    const from = run[0]! * PIECE;
    const to = Math.min((run.at(-1)! + 1) * PIECE, outboard.octets) - 1;
    let buffer = Buffer.alloc(0);
    let piece = run[0]!;
    if (outboard.octets === 0) return store(0, buffer);
    for await (const part of this.#stream(`${holder}/ipfs/${cid.toString()}`, { range: `bytes=${from}-${to}` }, to - from + 1)) {
      buffer = buffer.length === 0 ? Buffer.from(part) : Buffer.concat([buffer, part]);
      for (let size = sizeOf(outboard, piece); size > 0 && buffer.length >= size; size = sizeOf(outboard, piece)) {
        const bytes = buffer.subarray(0, size);
        this.#received(size);
        if (!outboard.fits(piece * PIECE, bytes)) {
          this.wasted += size;
          throw new Problem('bad-block', `${holder} sent octets that do not fit ${cid.toString()}`, 'Another holder is asked.');
        }
        await store(piece, bytes);
        buffer = buffer.subarray(size);
        piece += 1;
      }
    }
    if (piece <= run.at(-1)!) throw new Problem('unreachable', `${holder} broke off`, 'It is asked again.');
  }

  async #leaf(
    holder: string,
    outboard: Outboard,
    index: number,
    partial: PartialFile,
    store: (piece: number, bytes: Uint8Array) => Promise<void>,
  ): Promise<void> {
    const bytes = await this.#block(holder, cidOf(outboard.leaf(index), RAW));
    for (let at = 0, piece = index * PIECES_PER_LEAF; at < bytes.length; at += PIECE, piece += 1)
      if (partial.isMissing(piece)) await store(piece, bytes.subarray(at, at + PIECE));
  }

  /** The first holder that can; all of them again and again, for as long as there is patience. */
  async #fromAny<T>(ask: (holder: string) => Promise<T>): Promise<T> {
    for (let round = 0; ; round += 1) {
      let failure: unknown;
      let hopeless = true;
      for (const holder of this.#options.holders) {
        try {
          return await ask(holder);
        } catch (error) {
          failure = error;
          hopeless &&= error instanceof Problem && FINAL.includes(error.code);
        }
      }
      if (hopeless) throw failure ?? new Problem('no-holder', 'nobody is known who holds it', 'Name a box or gateway with --from.');
      await this.#wait(failure, round, false);
    }
  }

  /** After a failure: pauses, or gives up. `others`: a final answer of one holder ends only its worker. */
  async #wait(error: unknown, failures: number, others: boolean): Promise<void> {
    const { signal, patience = Infinity } = this.#options;
    if (signal?.aborted) throw new Problem('stopped', 'the download was stopped', 'Start it again: it goes on from here.');
    if (error instanceof Problem && (FINAL.includes(error.code) || (others && error.code === 'bad-block'))) throw error;
    if (performance.now() - this.#progressAt > patience) {
      const why = error instanceof Error ? `: ${error.message}` : '';
      throw new Problem(
        'unreachable',
        `nothing has come for ${Math.round(patience / 1_000)} s${why}`,
        'What has arrived is kept: ask again when a holder can be reached.',
      );
    }
    const pause = PAUSES[Math.min(failures, PAUSES.length - 1)]!;
    await Promise.race([sleep(pause), ...(signal ? [once(signal, 'abort')] : [])]);
  }

  #received(octets: number): void {
    this.received += octets;
    this.#progressAt = performance.now();
  }

  async #get(url: string, limit: number): Promise<Uint8Array> {
    const parts = [];
    for await (const part of this.#stream(url, {}, limit)) parts.push(part);
    return Buffer.concat(parts);
  }

  /** Fails on silence, and on more octets than there may be. */
  async *#stream(url: string, headers: Record<string, string>, limit: number): AsyncGenerator<Uint8Array> {
    const control = new AbortController();
    const abort = (): void => control.abort();
    this.#options.signal?.addEventListener('abort', abort, { once: true });
    let timer = setTimeout(abort, SILENCE);
    try {
      const response = await fetch(url, { headers, signal: control.signal, redirect: 'error' });
      if (!response.ok) throw await refusalOf(response, url);
      let octets = 0;
      for await (const part of response.body! as unknown as AsyncIterable<Uint8Array>) {
        clearTimeout(timer);
        timer = setTimeout(abort, SILENCE);
        octets += part.length;
        if (octets > limit) throw new Problem('bad-block', `${url} answers with more than ${limit} octets`, 'Another holder is asked.');
        yield part;
      }
    } finally {
      clearTimeout(timer);
      control.abort();
      this.#options.signal?.removeEventListener('abort', abort);
    }
  }
}

/** Answers that asking again does not change. */
const FINAL: readonly string[] = ['not-found', 'denied', 'missing-block', 'no-holder', 'quota'];

async function refusalOf(response: Response, url: string): Promise<Problem> {
  const { error } = ((await response.json().catch(() => ({}))) as { error?: { code: string; message: string; remedy: string } }) ?? {};
  if (error) return new Problem(error.code, error.message, error.remedy);
  const code = response.status === 404 || response.status === 410 ? 'not-found' : response.status === 403 ? 'denied' : 'unreachable';
  return new Problem(code, `${url} answers ${response.status}`, 'Name another holder with --from.');
}

/** A catch for problems that only mean "not this way". */
function passOver(codes: readonly string[]): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof Problem && codes.includes(error.code)) return undefined;
    throw error;
  };
}

const sizeOf = ({ octets }: Outboard, piece: number): number => Math.min(PIECE, octets - piece * PIECE);

/** The hash of the piece is not known. */
function isBlank(outboard: Outboard, piece: number): boolean {
  return outboard.pieces.length > 0 && outboard.piece(piece).every((octet) => octet === 0);
}
