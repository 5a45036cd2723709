/**
 * Fetches one content from those who hold it, all at once and in any order. First its outboard, which proves itself by the digest, then its pieces, each checked
 * before it counts.
 *
 *   asking --have--> outboard --checked--> pieces --last one checked--> complete
 *   outboard --misfit--> asking           a holder that sent what does not fit is not asked again
 *
 * It never gives up: who does not answer is asked again with growing pauses. Only pieces that the host has not got are asked for, so a restart costs the
 * blocks in flight. A unit is one holder's until that one has been silent; then all of it
 * another's.
 */
import { ByteWriter, CodedError, millis, NEVER, Ring, sameOctets, type Machine, type Millis } from '../base/index.js';
import { sameAddress, type Address } from '../transport/index.js';
import {
  CONTENT_WANT_MAX,
  decodeContentMessage,
  encodeContentMessage,
  type ContentBlock,
  type ContentCodec,
  type ContentHave,
  type ContentMessage,
} from '../wire/index.js';
import type { FetchEffect, FetchInput } from './content-inputs.js';
import { BLOCK, BLOCKS, isSet, UNIT, Units, UNITS_MAX } from './units.js';

/** Silence after which the rest of a unit is asked for again: 16 blocks over eight radio hops of the simulated air take 12 s. */
const SILENCE = 15_000;
const SILENCE_MAX = 60_000;
/** First and last pause between two questions to a holder that does not answer. */
const ASK_AGAIN = 5_000;
const ASK_AGAIN_MAX = 60_000;
/** Units of one holder at a time: the second one is on its way while the first is checked. */
const UNITS_PER_HOLDER = 2;

export interface ContentFetchOptions {
  /** 32 octets. */
  readonly digest: Uint8Array;
  readonly codec: ContentCodec;
  /** Most holders; 8 if not given. */
  readonly holders?: number;
}

interface Holder {
  readonly address: Address;
  state: 'asked' | 'ready' | 'no';
  have: ContentHave | undefined;
  askAt: Millis;
  pause: number;
}

/** A unit that is on its way. */
interface Active {
  readonly unit: number;
  holder: Holder;
  /** Blocks that have not come, and blocks that are not written: a bit each. */
  wanted: number;
  unwritten: number;
  deadline: Millis;
  silence: number;
  checking: boolean;
}

export class ContentFetch implements Machine<FetchInput, FetchEffect> {
  state: 'asking' | 'outboard' | 'pieces' | 'complete' = 'asking';
  readonly #options: ContentFetchOptions;
  readonly #most: number;
  readonly #effects: Ring<FetchEffect>;
  #holders: readonly Holder[] = [];
  #active: readonly Active[] = [];
  #units = new Units(0);
  #now: Millis = millis(0);

  constructor(options: ContentFetchOptions) {
    this.#options = { ...options, digest: options.digest.slice() };
    this.#most = options.holders ?? 8;
    this.#effects = new Ring<FetchEffect>(this.#most * (UNITS_PER_HOLDER * BLOCKS + 4) + 8);
  }

  handle(now: Millis, input: FetchInput): void {
    this.#now = now;
    switch (input.type) {
      case 'holder':
        this.#add(input.address);
        break;
      case 'message':
        this.#message(input.from, input.payload);
        break;
      case 'stored':
        this.#stored(input.section === 'data', input.at);
        break;
      case 'checked':
        this.#checked(input);
        break;
      case 'tick':
        this.#tick();
        break;
    }
    this.#assign();
  }

  poll(): FetchEffect | undefined {
    return this.#effects.shift();
  }

  deadline(): Millis {
    if (this.state === 'complete') return NEVER;
    let next = NEVER;
    for (const { state, askAt } of this.#holders) if (state === 'asked' && askAt < next) next = askAt;
    for (const { checking, deadline } of this.#active) if (!checking && deadline < next) next = deadline;
    return next;
  }

  #emit(effect: FetchEffect): void {
    if (!this.#effects.push(effect)) throw new CodedError('effects-not-drained', 'poll a machine until it is drained after every input');
  }

  #send(to: Address, message: ContentMessage): void {
    const w = new ByteWriter(new Uint8Array(CONTENT_WANT_MAX));
    encodeContentMessage(w, message);
    this.#emit({ type: 'send', to, payload: w.written() });
  }

  #add(address: Address): void {
    if (this.#holders.length >= this.#most || this.#holders.some((each) => sameAddress(each.address, address))) return;
    const holder: Holder = { address, state: 'asked', have: undefined, askAt: this.#now, pause: ASK_AGAIN };
    this.#holders = [...this.#holders, holder];
    this.#ask(holder);
  }

  #ask(holder: Holder): void {
    this.#send(holder.address, { kind: 'content-ask', digest: this.#options.digest, codec: this.#options.codec });
    holder.askAt = millis(this.#now + holder.pause);
    holder.pause = Math.min(holder.pause * 2, ASK_AGAIN_MAX);
  }

  #message(from: Address, payload: Uint8Array): void {
    const message = decodeContentMessage(payload, 0, payload.length);
    if (typeof message === 'number' || !sameOctets(message.digest, 0, this.#options.digest, 0, 32)) return;
    const holder = this.#holders.find(({ address }) => sameAddress(address, from));
    if (holder === undefined || this.state === 'complete') return;
    if (message.kind === 'content-have') this.#have(holder, message);
    else if (message.kind === 'content-block') this.#block(holder, message);
    else if (message.kind === 'content-no') {
      this.#emit({ type: 'refused', holder: from, why: message.why });
      this.#drop(holder, message.why === 'busy' ? 'asked' : 'no');
    }
  }

  /** asking -> outboard, with the first holder. */
  #have(holder: Holder, have: ContentHave): void {
    if (holder.state === 'no' || have.octets > UNITS_MAX * UNIT || have.outboardOctets > UNITS_MAX * UNIT) return;
    holder.state = 'ready';
    holder.pause = ASK_AGAIN;
    // Its bits are a view into a frame.
    const { held, ...rest } = have;
    holder.have = held === undefined ? rest : { ...rest, held: held.slice() };
    if (this.state !== 'asking') return;
    this.state = 'outboard';
    this.#units = new Units(have.outboardOctets);
  }

  #block(holder: Holder, { section, at, bytes }: ContentBlock): void {
    if ((section === 'data') !== (this.state === 'pieces')) return;
    const unit = Math.floor(at / UNIT);
    const block = (at % UNIT) / BLOCK;
    const active = this.#active.find((each) => each.unit === unit && each.holder === holder);
    if (active === undefined || (active.wanted & (1 << block)) === 0 || bytes.length !== this.#units.blockOctets(unit, block)) return;
    active.wanted &= ~(1 << block);
    active.silence = SILENCE;
    active.deadline = millis(this.#now + SILENCE);
    this.#emit({ type: 'store', section, at, bytes });
  }

  #stored(data: boolean, at: number): void {
    const active = data === (this.state === 'pieces') ? this.#active.find(({ unit }) => unit === Math.floor(at / UNIT)) : undefined;
    if (active === undefined || active.checking) return;
    active.unwritten &= ~(1 << ((at % UNIT) / BLOCK));
    if (active.unwritten !== 0) return;
    active.checking = true;
    if (data) return this.#emit({ type: 'check', section: 'data', unit: active.unit });
    this.#units.clear(active.unit);
    this.#active = this.#active.filter((each) => each !== active);
    if (this.#units.missing === 0) this.#emit({ type: 'check', section: 'outboard', unit: 0 });
  }

  #checked(input: Extract<FetchInput, { type: 'checked' }>): void {
    if (input.section === 'outboard') return this.state === 'outboard' ? this.#checkedOutboard(input) : undefined;
    const active = this.#active.find(({ unit, checking }) => unit === input.unit && checking);
    if (this.state !== 'pieces' || active === undefined) return;
    this.#active = this.#active.filter((each) => each !== active);
    if (!input.fits) return this.#penalise(active.holder);
    this.#units.clear(active.unit);
    this.#emit({ type: 'progress', done: this.#units.count - this.#units.missing, total: this.#units.count });
    this.#finish();
  }

  /** outboard -> pieces; outboard -> asking when it does not fit the digest. */
  #checkedOutboard({ fits, octets = 0, missing }: Extract<FetchInput, { type: 'checked' }>): void {
    if (fits) {
      this.state = 'pieces';
      this.#units = new Units(octets, missing);
      return this.#finish();
    }
    // Whoever gave a part of it may have lied: all who were ready are doubted but asked again, one at a time, by who answers first.
    this.state = 'asking';
    const [first] = this.#holders.filter(({ state }) => state === 'ready');
    if (first !== undefined) this.#penalise(first);
    for (const holder of this.#holders) if (holder.state === 'ready') this.#drop(holder, 'asked');
  }

  /** pieces -> complete, when none is missing. */
  #finish(): void {
    if (this.#units.missing > 0) return;
    this.state = 'complete';
    this.#active = [];
    this.#emit({ type: 'done' });
  }

  #penalise(holder: Holder): void {
    this.#emit({ type: 'penalise', holder: holder.address });
    this.#drop(holder, 'no');
  }

  #drop(holder: Holder, state: 'asked' | 'no'): void {
    holder.state = state;
    holder.askAt = millis(this.#now + holder.pause);
    this.#active = this.#active.filter((each) => each.holder !== holder || each.checking);
  }

  #tick(): void {
    for (const holder of this.#holders) if (holder.state === 'asked' && holder.askAt <= this.#now) this.#ask(holder);
    for (const active of this.#active) {
      if (active.checking || active.deadline > this.#now || active.wanted === 0) continue;
      active.silence = Math.min(active.silence * 2, SILENCE_MAX);
      const other = this.#other(active);
      if (other !== undefined) {
        // Whole from the other one: what does not fit must be one holder's doing.
        active.holder = other;
        active.wanted = active.unwritten = this.#units.blocksOf(active.unit);
      }
      this.#want(active);
    }
  }

  /** A ready holder of the unit beside the silent one, the least busy. */
  #other({ unit, holder }: Active): Holder | undefined {
    return this.#holders.find((each) => each !== holder && this.#holds(each, unit) && this.#load(each) < UNITS_PER_HOLDER);
  }

  #holds({ state, have }: Holder, unit: number): boolean {
    if (state !== 'ready' || have === undefined) return false;
    return this.state === 'outboard' || have.held === undefined || isSet(have.held, unit);
  }

  #load(holder: Holder): number {
    let load = 0;
    for (const each of this.#active) if (each.holder === holder) load += 1;
    return load;
  }

  /** Gives every holder that has room the next missing unit that it holds. The outboard comes from one holder: mixed, a lie could not be pinned on one. */
  #assign(): void {
    if (this.state !== 'outboard' && this.state !== 'pieces') return;
    const first = this.#holders.find(({ state }) => state === 'ready');
    for (const holder of this.state === 'outboard' ? (first === undefined ? [] : [first]) : this.#holders) {
      for (let unit = 0; unit < this.#units.count && this.#load(holder) < UNITS_PER_HOLDER; unit += 1) {
        if (!this.#units.isMissing(unit) || !this.#holds(holder, unit) || this.#active.some((each) => each.unit === unit)) continue;
        const blocks = this.#units.blocksOf(unit);
        const active: Active = { unit, holder, wanted: blocks, unwritten: blocks, deadline: NEVER, silence: SILENCE, checking: false };
        this.#active = [...this.#active, active];
        this.#want(active);
      }
    }
  }

  /** Asks for what has not come of a unit, in runs. */
  #want(active: Active): void {
    active.deadline = millis(this.#now + active.silence);
    const section = this.state === 'pieces' ? 'data' : 'outboard';
    for (let block = 0; block < BLOCKS; block += 1) {
      if ((active.wanted & (1 << block)) === 0) continue;
      let count = 1;
      while (block + count < BLOCKS && (active.wanted & (1 << (block + count))) !== 0) count += 1;
      const at = active.unit * UNIT + block * BLOCK;
      this.#send(active.holder.address, { kind: 'content-want', digest: this.#options.digest, section, at, count });
      block += count;
    }
  }
}
