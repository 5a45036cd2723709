/** Content over the mesh: the machines of core/content with the store behind them. Files by their CID; a folder goes over IP, or as the files in it. */
import { hex } from '../../../firmware/core/base/index.js';
import {
  ContentFetch,
  ContentHolder,
  UNIT,
  type FetchEffect,
  type FetchInput,
  type HoldEffect,
  type HoldInput,
} from '../../../firmware/core/content/index.js';
import type { Clock } from '../../../firmware/core/ports/index.js';
import { sameAddress, type Address } from '../../../firmware/core/transport/index.js';
import { decodeContentMessage } from '../../../firmware/core/wire/index.js';
import type { CID } from 'multiformats/cid';
import { MachineDriver, Problem } from '../../node/index.js';
import {
  cidOf,
  DAG_PB,
  Outboard,
  outboardOctets,
  PIECE,
  RAW,
  type AddOptions,
  type ContentStore,
  type PartialFile,
} from '../store/index.js';
import type { Outcome } from '../traffic/index.js';

export interface MeshContentOptions {
  readonly store: ContentStore;
  readonly clock: Clock;
  readonly send: (to: Address, payload: Uint8Array) => Promise<Outcome>;
  readonly log: (line: string) => void;
}

export interface MeshFetch {
  /** Resolves when the file is whole and durable; rejects when it is stopped or the disk fails. */
  readonly done: Promise<void>;
  addHolder(address: Address): void;
  stop(): void;
}

type Progress = (done: number, total: number) => void;

export class MeshContent {
  readonly #options: MeshContentOptions;
  readonly #holder: MachineDriver<HoldInput, HoldEffect>;
  readonly #fetches = new Map<string, Fetch>();
  /** The piece read last: its 16 blocks are asked for one after the other. */
  #piece: { readonly cid: string; readonly at: number; readonly bytes: Promise<Uint8Array> } | undefined;

  constructor(options: MeshContentOptions) {
    this.#options = options;
    this.#holder = new MachineDriver<HoldInput, HoldEffect>(new ContentHolder(), options.clock, (effect) => this.#perform(effect));
  }

  /** True if it was about content. */
  message(from: Address, payload: Uint8Array): boolean {
    const message = decodeContentMessage(payload, 0, payload.length);
    if (typeof message === 'number') return false;
    if (message.kind === 'content-ask' || message.kind === 'content-want') this.#holder.feed({ type: 'message', from, payload });
    else this.#fetches.get(hex(message.digest))?.feed({ type: 'message', from, payload });
    return true;
  }

  /** Begins or goes on; only what is not verified on the disk yet is asked for. */
  fetch(cid: CID, holders: readonly Address[], keep: AddOptions, progress: Progress): MeshFetch {
    const name = hex(cid.multihash.digest);
    const known = this.#fetches.get(name);
    if (known) return known;
    const fetch = new Fetch(this.#options, cid, keep, progress);
    this.#fetches.set(name, fetch);
    fetch.done.catch(() => undefined).finally(() => this.#fetches.delete(name));
    for (const holder of holders) fetch.addHolder(holder);
    return fetch;
  }

  stop(): void {
    this.#holder.stop();
    for (const fetch of this.#fetches.values()) fetch.stop();
  }

  #perform(effect: HoldEffect): void {
    switch (effect.type) {
      case 'send': {
        const { token, to, payload } = effect;
        return void this.#options.send(to, payload).then(() => token !== 0 && this.#holder.feed({ type: 'outcome', token }));
      }
      case 'asked': {
        const { from: to, digest, codec } = effect;
        const entry = this.#options.store.entry(cidOf(digest, codec === 'raw' ? RAW : DAG_PB).toString());
        if (entry?.kind !== 'file') return this.#holder.feed({ type: 'no', to, digest, why: 'unknown' });
        return this.#holder.feed({ type: 'have', to, digest, octets: entry.octets, outboardOctets: outboardOctets(entry.octets) });
      }
      case 'read':
        return void this.#read(effect).then(
          (bytes) => this.#holder.feed({ type: 'block', token: effect.token, bytes }),
          (error: unknown) => {
            this.#options.log(`content: ${error instanceof Error ? error.message : String(error)}`);
            this.#holder.feed({ type: 'block', token: effect.token, bytes: new Uint8Array(0) });
          },
        );
    }
  }

  async #read({ digest, section, at, octets }: Extract<HoldEffect, { type: 'read' }>): Promise<Uint8Array> {
    const { store } = this.#options;
    const cid = [RAW, DAG_PB].map((codec) => cidOf(digest, codec).toString()).find((each) => store.entry(each)?.kind === 'file');
    if (cid === undefined) return new Uint8Array(0);
    if (section === 'outboard') return (await store.outboard(cid)).encode().subarray(at, at + octets);
    const from = at - (at % PIECE);
    if (this.#piece?.cid !== cid || this.#piece.at !== from) this.#piece = { cid, at: from, bytes: store.read(cid, from, PIECE) };
    store.touch(cid);
    return (await this.#piece.bytes).subarray(at - from, at - from + octets);
  }
}

/** One file on its way. */
class Fetch implements MeshFetch {
  readonly done: Promise<void>;
  readonly #options: MeshContentOptions;
  readonly #cid: CID;
  readonly #keep: AddOptions;
  readonly #progress: Progress;
  readonly #driver: MachineDriver<FetchInput, FetchEffect>;
  readonly #holders: Address[] = [];
  #outboard: Outboard | undefined;
  #described = Buffer.alloc(0);
  #partial: PartialFile | undefined;
  /** Pieces whose blocks are coming, until they are checked and durable. */
  readonly #pieces = new Map<number, Buffer>();
  #settle!: { resolve: () => void; reject: (error: unknown) => void };

  constructor(options: MeshContentOptions, cid: CID, keep: AddOptions, progress: Progress) {
    this.#options = options;
    this.#cid = cid;
    this.#keep = keep;
    this.#progress = progress;
    this.done = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    const machine = new ContentFetch({ digest: cid.multihash.digest, codec: cid.code === RAW ? 'raw' : 'dag-pb' });
    this.#driver = new MachineDriver<FetchInput, FetchEffect>(machine, options.clock, (effect) => this.#perform(effect));
  }

  feed(input: FetchInput): void {
    this.#driver.feed(input);
  }

  addHolder(address: Address): void {
    if (this.#holders.some((each) => sameAddress(each, address))) return;
    this.#holders.push(address);
    this.feed({ type: 'holder', address });
  }

  stop(): void {
    this.#driver.stop();
    void this.#partial?.close().catch(() => undefined);
    this.#settle.reject(new Problem('stopped', 'the download was stopped', 'Start it again: it goes on from here.'));
  }

  #perform(effect: FetchEffect): void {
    switch (effect.type) {
      case 'send':
        return void this.#options.send(effect.to, effect.payload);
      case 'store':
        this.#store(effect);
        return this.feed({ type: 'stored', section: effect.section, at: effect.at });
      case 'check':
        return void (effect.section === 'outboard' ? this.#describe() : this.#check(effect.unit)).then(
          (input) => this.feed(input),
          (error: unknown) => this.#fail(error),
        );
      case 'progress':
        return this.#progress(this.#partial?.received ?? 0, this.#outboard?.octets ?? 0);
      case 'done':
        return void this.#finish().catch((error: unknown) => this.#fail(error));
      case 'refused':
      case 'penalise':
        return this.#options.log(
          `content: ${hex(effect.holder.node)} ${effect.type === 'refused' ? effect.why : 'sent what does not fit'}`,
        );
    }
  }

  /** A few pieces and one outboard at a time are in memory; what is not checked is not worth a disk. */
  #store({ section, at, bytes }: Extract<FetchEffect, { type: 'store' }>): void {
    if (section === 'outboard') {
      if (this.#described.length < at + bytes.length)
        this.#described = Buffer.concat([this.#described, Buffer.alloc(at + bytes.length - this.#described.length)]);
      this.#described.set(bytes, at);
      return;
    }
    const unit = Math.floor(at / UNIT);
    const piece = this.#pieces.get(unit) ?? Buffer.alloc(Math.min(UNIT, this.#outboard!.octets - unit * UNIT));
    this.#pieces.set(unit, piece);
    piece.set(bytes, at - unit * UNIT);
  }

  async #describe(): Promise<FetchInput> {
    const text = this.#cid.toString();
    this.#outboard = Outboard.decode(this.#described, text);
    this.#described = Buffer.alloc(0);
    if (!this.#outboard) return { type: 'checked', section: 'outboard', unit: 0, fits: false };
    const { octets } = this.#outboard;
    this.#partial ??= await this.#options.store.partial(text, octets, PIECE, this.#keep.class ?? 'mine');
    return { type: 'checked', section: 'outboard', unit: 0, fits: true, octets, missing: this.#partial.missing };
  }

  async #check(unit: number): Promise<FetchInput> {
    const bytes = this.#pieces.get(unit)!;
    this.#pieces.delete(unit);
    const fits = this.#outboard!.fits(unit * UNIT, bytes);
    if (fits) await this.#partial!.store(unit, bytes);
    return { type: 'checked', section: 'data', unit, fits };
  }

  async #finish(): Promise<void> {
    const bad = await this.#options.store.finishCid(this.#cid.toString(), this.#partial!, this.#outboard!, this.#keep);
    if (bad.length > 0)
      throw new Problem(
        'bad-block',
        `${bad.length} MiB of ${this.#cid.toString()} do not fit it: a holder lied`,
        'Fetch it again from others: only these are missing.',
      );
    this.#driver.stop();
    this.#settle.resolve();
  }

  #fail(error: unknown): void {
    this.#driver.stop();
    void this.#partial?.close().catch(() => undefined);
    this.#settle.reject(error);
  }
}
