/**
 * Files, in and out: the transfer machine of core with octets on disk and durable records.
 *
 *   moving -> complete | refused
 *   moving -> interrupted    no progress for STALLED; back to moving with the next
 *
 * A restart goes on where the disk stands: what was being sent is offered again, what was being received is resumed when it is offered again.
 */
import type { Readable } from 'node:stream';
import { ByteWriter, hex, sameOctets } from '../../../firmware/core/base/index.js';
import { FileTransfer, sameAddress, type Address, type FileEffect, type FileInput } from '../../../firmware/core/transport/index.js';
import type { Clock } from '../../../firmware/core/ports/index.js';
import { encodeMessage, FILE_OFFER_MAX } from '../../../firmware/core/wire/index.js';
import { MachineDriver, Problem } from '../../node/index.js';
import type { FileInfo } from '../api/index.js';
import type { ContentStore, Journal, PartialFile } from '../store/index.js';
import { addressText, fromHex, parseAddress } from './address-text.js';
import type { Outcome } from './station.js';

/** Files sent at a time; the others wait. A stalled one gives its place to a waiting one. */
const SENDING = 4;
/** Without progress for so long a transfer is shown as interrupted: the longest pause between two offers is 60 s (core, FileSender). */
const STALLED = 75_000;
const SWEEP_EVERY = 5_000;
/** Blocks of 4,096 octets times 8,192 missing bits of an answer (app.cddl). */
export const FILE_LIMIT = 4_096 * 8_192;

export interface FilesOptions {
  readonly journal: Journal<FileRecord>;
  readonly content: ContentStore;
  readonly clock: Clock;
  /** Octets that received files may take together. */
  readonly quota: number;
  readonly send: (to: Address, payload: Uint8Array) => Promise<Outcome>;
  readonly changed: (file: FileInfo) => void;
  /** A block or record could not be written or read. */
  readonly failed: (error: unknown) => void;
}

/** What is durable of a transfer; how far it is follows from the content store. */
export type FileRecord = Omit<FileInfo, 'received' | 'state'> & { readonly state: 'moving' | 'complete' | 'refused' };

/** A transfer that is not settled. */
interface Active {
  readonly record: FileRecord;
  readonly peer: Address;
  received: number;
  /** Monotonic; stalled before the first progress after a restart. */
  progressAt: number;
  /** As it was last shown. */
  stalled: boolean;
  /** Outgoing: the offer's token while it is offered; 0 while it waits for a place. */
  token: number;
  /** Incoming, since it was accepted. */
  blockOctets: number;
  partial: Promise<PartialFile> | undefined;
}

export class Files {
  readonly #options: FilesOptions;
  readonly #driver: MachineDriver<FileInput, FileEffect>;
  readonly #active = new Map<string, Active>();
  readonly #sweep: NodeJS.Timeout;
  #nextToken = 1;

  private constructor(options: FilesOptions) {
    this.#options = options;
    this.#driver = new MachineDriver(new FileTransfer({ firstToken: 1, transfers: SENDING * 2 }), options.clock, (effect) =>
      this.#perform(effect),
    );
    this.#sweep = setInterval(() => this.#sweepStalled(), SWEEP_EVERY);
  }

  /** Takes up what was moving when the last daemon ended; nothing is sent before `start`. */
  static async open(options: FilesOptions): Promise<Files> {
    const files = new Files(options);
    for (const record of options.journal.values()) {
      if (record.state !== 'moving') continue;
      const active = files.#activate(record);
      if (record.direction === 'out') continue;
      const found = await options.content.found(record.sha256);
      active.received = found?.received ?? 0;
      active.blockOctets = found?.blockSize ?? 0;
      active.progressAt = -Infinity;
    }
    return files;
  }

  start(): void {
    this.#offerWaiting();
  }

  /**
   * A route to the node has come up. A file that was being received from there before a restart is taken up as if its sender had offered it
   * again: our answer tells it at once what is missing, while it may still be sending blocks to a receiver that had forgotten them.
   */
  reachable(node: Uint8Array): void {
    for (const { record, peer, partial, blockOctets } of this.#active.values()) {
      if (record.direction === 'out' || partial !== undefined || blockOctets === 0 || !sameOctets(peer.node, 0, node, 0, 8)) continue;
      const { sha256, octets, name, mediaType } = record;
      const w = new ByteWriter(new Uint8Array(FILE_OFFER_MAX));
      encodeMessage(w, { kind: 'file-offer', sha256: fromHex(sha256), octets, blockOctets, name, mediaType });
      this.message(peer, w.written());
    }
  }

  /** Newest last. */
  all(): FileInfo[] {
    return this.#options.journal.values().map((record) => this.#info(record));
  }

  /** Durable when it resolves; then it is offered until the other end has it. */
  async send(to: string, name: string, mediaType: string, body: Readable): Promise<FileInfo> {
    parseAddress(to);
    const { sha256 = '', octets } = await this.#options.content.add(body, { limit: FILE_LIMIT, sha256: true, name, mediaType });
    if (octets === 0) throw new Problem('bad-request', 'the file is empty', 'Send a file with at least one octet as the body.');
    const record: FileRecord = { sha256, name, mediaType, octets, direction: 'out', peer: to, state: 'moving', at: Date.now() };
    const before = this.#active.get(fileKey(record));
    if (before) return this.#info(before.record);
    await this.#options.journal.put(record);
    this.#activate(record);
    this.#options.changed(this.#info(record));
    this.#offerWaiting();
    return this.#info(record);
  }

  /** A message of a peer: what belongs to a file is taken, the rest is not ours. */
  message(from: Address, payload: Uint8Array): void {
    this.#driver.feed({ type: 'message', from, payload });
  }

  /** Resolves when the partial files are closed. */
  async stop(): Promise<void> {
    clearInterval(this.#sweep);
    this.#driver.stop();
    for (const { partial } of this.#active.values()) await (await partial)?.close();
  }

  #now(): number {
    return this.#options.clock.now().mono;
  }

  #activate(record: FileRecord): Active {
    const peer = parseAddress(record.peer);
    const active: Active = {
      record,
      peer,
      received: 0,
      progressAt: this.#now(),
      stalled: false,
      token: 0,
      blockOctets: 0,
      partial: undefined,
    };
    this.#active.set(fileKey(record), active);
    return active;
  }

  #info(record: FileRecord): FileInfo {
    const active = this.#active.get(fileKey(record));
    if (!active) return { ...record, received: record.state === 'complete' ? record.octets : 0 };
    return { ...record, received: active.received, state: this.#isStalled(active) ? 'interrupted' : 'moving' };
  }

  #isStalled(active: Active): boolean {
    return this.#now() - active.progressAt > STALLED;
  }

  #perform(effect: FileEffect): void {
    const { content } = this.#options;
    switch (effect.type) {
      case 'send':
        return void this.#options
          .send(effect.to, effect.payload)
          .then((outcome) => this.#driver.feed({ type: 'outcome', token: effect.token, outcome }));
      case 'want-block':
        return this.#do(content.read(content.bySha256(hex(effect.sha256))!.cid, effect.at, effect.octets), (bytes) =>
          this.#driver.feed({ type: 'block', token: effect.token, block: effect.block, bytes }),
        );
      case 'offered':
        return this.#decide(effect);
      case 'store-block':
        return this.#do(this.#store(effect), () =>
          this.#driver.feed({ type: 'stored', from: effect.from, sha256: effect.sha256, block: effect.block }),
        );
      case 'verify':
        return this.#do(this.#verify(effect.from, effect.sha256), (fits) =>
          this.#driver.feed({ type: 'verified', from: effect.from, sha256: effect.sha256, fits }),
        );
      case 'progress':
        return this.#progress(effect);
      case 'done':
        return this.#done(effect);
    }
  }

  #do<T>(work: Promise<T>, then: (value: T) => void): void {
    work.then(then, this.#options.failed);
  }

  #decide(offer: Extract<FileEffect, { type: 'offered' }>): void {
    const { from, sha256, octets, blockOctets, name, mediaType } = offer;
    const { content, journal } = this.#options;
    const record: FileRecord = {
      sha256: hex(sha256),
      name,
      mediaType,
      octets,
      direction: 'in',
      peer: addressText(from),
      state: 'moving',
      at: Date.now(),
    };
    if (content.bySha256(record.sha256)?.octets === octets) {
      if (journal.get(fileKey(record))?.state !== 'complete') this.#keep({ ...record, state: 'complete' });
      return this.#driver.feed({ type: 'have', from, sha256 });
    }
    // The same file from two peers at once: the second one offers again, and then it is here.
    const others = [...this.#active.values()].filter(({ partial }) => partial !== undefined);
    if (others.some((other) => other.record.sha256 === record.sha256 && !sameAddress(other.peer, from))) return;
    const pledged = others.reduce((sum, other) => sum + other.record.octets, 0);
    if (octets > FILE_LIMIT || content.transferred + pledged + octets > this.#options.quota) {
      this.#settle({ ...record, state: 'refused' });
      return this.#driver.feed({ type: 'refuse', from, sha256 });
    }
    const active = this.#activate(record);
    active.blockOctets = blockOctets;
    active.partial = content.partial(record.sha256, octets, blockOctets);
    this.#do(active.partial, (partial) => {
      active.received = partial.received;
      this.#keep(record);
      this.#driver.feed({ type: 'accept', from, sha256, missing: partial.missing });
    });
  }

  async #store({ from, sha256, block, bytes }: Extract<FileEffect, { type: 'store-block' }>): Promise<void> {
    const active = this.#incoming(from, sha256);
    // Opened anew after a whole that did not fit its hash.
    active.partial ??= this.#options.content.partial(active.record.sha256, active.record.octets, active.blockOctets);
    await (await active.partial).store(block, bytes);
  }

  async #verify(from: Address, sha256: Uint8Array): Promise<boolean> {
    const active = this.#incoming(from, sha256);
    const partial = await active.partial!;
    active.partial = undefined;
    const { name, mediaType } = active.record;
    return this.#options.content.finish(active.record.sha256, partial, { name, mediaType });
  }

  #incoming(from: Address, sha256: Uint8Array): Active {
    return this.#active.get(fileKey({ direction: 'in', peer: addressText(from), sha256: hex(sha256) }))!;
  }

  #progress({ direction, peer, sha256, done, total }: Extract<FileEffect, { type: 'progress' }>): void {
    const active = this.#active.get(fileKey({ direction, peer: addressText(peer), sha256: hex(sha256) }));
    if (!active) return;
    active.received = Math.floor((active.record.octets * done) / total);
    active.progressAt = this.#now();
    active.stalled = false;
    this.#options.changed(this.#info(active.record));
  }

  #done({ direction, peer, sha256, outcome }: Extract<FileEffect, { type: 'done' }>): void {
    const active = this.#active.get(fileKey({ direction, peer: addressText(peer), sha256: hex(sha256) }));
    if (active) this.#settle({ ...active.record, state: outcome === 'complete' ? 'complete' : 'refused' });
    this.#offerWaiting();
  }

  #settle(record: FileRecord): void {
    this.#active.delete(fileKey(record));
    this.#keep(record);
  }

  #keep(record: FileRecord): void {
    this.#do(this.#options.journal.put(record), () => this.#options.changed(this.#info(record)));
  }

  #offerWaiting(): void {
    const outgoing = [...this.#active.values()].filter(({ record }) => record.direction === 'out');
    let offered = outgoing.filter(({ token }) => token !== 0).length;
    for (const active of outgoing) {
      if (active.token !== 0 || offered === SENDING) continue;
      offered += 1;
      active.token = this.#nextToken++;
      active.progressAt = this.#now();
      const { sha256, octets, name, mediaType } = active.record;
      this.#driver.feed({ type: 'offer', token: active.token, to: active.peer, sha256: fromHex(sha256), octets, name, mediaType });
    }
  }

  /** Shows what stalls, and gives its place to what waits. */
  #sweepStalled(): void {
    for (const [key, active] of this.#active) {
      if (active.stalled || !this.#isStalled(active)) continue;
      active.stalled = true;
      this.#options.changed(this.#info(active.record));
      if (active.token === 0 || ![...this.#active.values()].some(({ token, record }) => record.direction === 'out' && token === 0))
        continue;
      this.#driver.feed({ type: 'withdraw', token: active.token });
      active.token = 0;
      this.#active.delete(key);
      this.#active.set(key, active);
    }
    this.#offerWaiting();
  }
}

export function fileKey({ direction, peer, sha256 }: Pick<FileInfo, 'direction' | 'peer' | 'sha256'>): string {
  return `${direction} ${peer} ${sha256}`;
}

export function isFileRecord(value: unknown): value is FileRecord {
  const { sha256, name, mediaType, octets, direction, peer, state, at } = (value ?? {}) as Partial<Record<keyof FileRecord, unknown>>;
  return (
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    typeof name === 'string' &&
    typeof mediaType === 'string' &&
    typeof octets === 'number' &&
    (direction === 'in' || direction === 'out') &&
    typeof peer === 'string' &&
    /^[0-9a-f]{16}(\/[0-9a-f]{16})?$/.test(peer) &&
    ['moving', 'complete', 'refused'].includes(state as string) &&
    typeof at === 'number'
  );
}
