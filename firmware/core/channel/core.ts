/** What every part of the channel machine shares: channels, time, effects with their answers, and the encoding of messages. */
import { ByteWriter, CodedError, millis, NEVER, Ring, sameOctets, type Millis } from '../base/index.js';
import { encodePayment, PAYMENT_MAX, type Payment } from '../wire/index.js';
import type { ChannelsEffect, ChannelsOptions, Fact, Outcome, PayCommand, StoreRecord, SwapCommand } from './inputs.js';
import { Layouts } from './layouts.js';
import { encodeChannel, decodeChannel } from './record.js';
import type { View } from './rules.js';
import { byAge, findByHash, type Channel, type Link, type Lock } from './state.js';

/** Effects that wait to be polled: one input at most touches every channel a few times. */
const EFFECTS = 4_096;
/** Commands that wait for a channel to take them. */
const WAITING = 256;
/** ms: an unanswered message is sent again after so long, and after twice as long each time (Photon: every 6 s). */
const RESEND = 6_000;
const RESEND_MOST = 600_000;
const VIEW = 'view';
const SIGNATURE = 64;
const ZEROS = new Uint8Array(SIGNATURE);
/** Channels' records are named by the first octets of their ids: a store's key takes 15 characters. */
const nameOf = ({ key }: Channel): string => `c${key.slice(0, 14)}`;

/** What a proof does beside folding in what is due. */
export interface Change {
  readonly amount?: bigint;
  readonly data?: Uint8Array;
  readonly lock?: Omit<Lock, 'nonce' | 'state' | 'waived' | 'registered' | 'paid' | 'earned'>;
  /** It can't be done (any more): the channel is not open, the balance is gone. */
  readonly refused: (reason: string) => void;
  /** The proof with this nonce is made; what it changes elsewhere goes into the same store. */
  readonly made?: (nonce: number) => { readonly channels?: readonly Channel[]; readonly facts?: readonly Fact[] };
}

/** What is kept of a channel in memory only. */
export interface Line {
  readonly waiting: Ring<Change>;
  /** A proof of ours is being signed, one of theirs verified. */
  signing: boolean;
  verifying: boolean;
  readonly inbox: Ring<Uint8Array>;
  resendAt: Millis;
  pause: number;
  /** Newest proof of theirs that is in the store: only what is stored is acknowledged. */
  stored: number;
  /** What the next store of the channel says besides. */
  readonly facts: Fact[];
  /** Counts were compared with the peer since the start. */
  compared: boolean;
  /** When due unlockings go out on their own; when a stored proof is acknowledged on its own. */
  foldAt: Millis;
  ackAt: Millis;
  /** Duties on the chain by what they do, with the height at which they were last submitted. */
  readonly submitted: Map<string, number>;
}

/** A payment of ours over locks, while this process lives: what only it needs. */
export interface Attempt {
  readonly command: PayCommand;
  readonly origin: Uint8Array;
  readonly secret: Uint8Array;
  readonly hash: Uint8Array;
  route: number;
  allowed: boolean;
  cancelled: boolean;
}

export class Core {
  readonly options: ChannelsOptions;
  readonly layouts: Layouts;
  readonly channels = new Map<string, Channel>();
  readonly lines = new Map<string, Line>();
  /** By hash, hexadecimal. */
  readonly attempts = new Map<string, Attempt>();
  readonly swaps = new Map<string, SwapCommand>();
  /** Commands that wait for the end of a payment, by its id. */
  readonly tokens = new Map<string, number>();
  view: View = { wall: undefined, height: 0, time: 0 };
  now: Millis = millis(0);
  #wallAt: Millis = millis(0);
  #wall: number | undefined;
  readonly #jobs = new Map<number, (answer: never) => void>();
  #job = 1;
  readonly #out = new Ring<ChannelsEffect>(EFFECTS);
  readonly #zero: Uint8Array;
  readonly #scratch = new ByteWriter(new Uint8Array(PAYMENT_MAX));

  constructor(options: ChannelsOptions) {
    this.options = options;
    this.layouts = new Layouts(options.kernels, options.network);
    this.#zero = this.layouts.secretHash(new Uint8Array(32));
    for (const { key, value } of options.records) {
      if (value === undefined) continue;
      if (key === VIEW) this.view = decodeView(value);
      else this.add(decodeChannel(value));
    }
  }

  /** The contract takes no secret of zeros. */
  isZeroSecret(hash: Uint8Array): boolean {
    return sameOctets(hash, 0, this.#zero, 0, 32);
  }

  add(channel: Channel): Line {
    this.channels.set(channel.key, channel);
    const line: Line = {
      waiting: new Ring(WAITING),
      signing: false,
      verifying: false,
      inbox: new Ring(8),
      stored: channel.theirs.nonce,
      facts: [],
      compared: false,
      resendAt: NEVER,
      pause: RESEND,
      foldAt: NEVER,
      ackAt: NEVER,
      submitted: new Map(),
    };
    this.lines.set(channel.key, line);
    return line;
  }

  line(channel: Channel): Line {
    return this.lines.get(channel.key)!;
  }

  /** Time has moved on: wall time with it. */
  at(now: Millis): void {
    this.now = now;
    const { height, time } = this.view;
    const wall = this.#wall === undefined ? undefined : this.#wall + Math.floor((now - this.#wallAt) / 1_000);
    this.view = { wall, height, time };
  }

  setWall(wall: number): void {
    this.#wall = wall;
    this.#wallAt = this.now;
    this.at(this.now);
  }

  /** A finalised header never goes back. */
  setHeader(height: number, time: number): void {
    if (height <= this.view.height) return;
    this.view = { wall: this.view.wall, height, time };
  }

  poll(): ChannelsEffect | undefined {
    return this.#out.shift();
  }

  emit(effect: ChannelsEffect): void {
    if (!this.#out.push(effect)) throw new CodedError('channel-effects', `more than ${EFFECTS} effects wait to be polled`);
  }

  refuse(from: Uint8Array, reason: string): void {
    this.emit({ type: 'refused', from, reason });
  }

  sign(digest: Uint8Array, then: (signature: Uint8Array) => void): void {
    this.emit({ type: 'sign', job: this.#expect(then), digest });
  }

  verify(digest: Uint8Array, signature: Uint8Array, key: Uint8Array, then: (valid: boolean) => void): void {
    this.emit({ type: 'verify', job: this.#expect(then), digest, signature, key });
  }

  ecdh(peer: Uint8Array, then: (secret: Uint8Array | undefined) => void): void {
    this.emit({ type: 'ecdh', job: this.#expect(then), peer });
  }

  /** One atomic write of whole channels; `then` when it survives a kill. */
  store(channels: readonly Channel[], facts: readonly Fact[], then: () => void): void {
    this.#store(channels, facts, [], then);
  }

  storeView(channels: readonly Channel[], then: () => void): void {
    this.#store(channels, [], [{ key: VIEW, value: encodeView(this.view) }], then);
  }

  #store(channels: readonly Channel[], facts: readonly Fact[], more: readonly StoreRecord[], then: () => void): void {
    const records = [...more];
    const all = [...facts];
    const taken: (() => void)[] = [];
    for (const channel of channels) {
      records.push({ key: nameOf(channel), value: channel.phase === 'gone' ? undefined : encodeChannel(channel) });
      const line = this.lines.get(channel.key);
      if (line === undefined) continue;
      all.push(...line.facts.splice(0));
      const { openBlock, theirs } = channel;
      const { nonce } = theirs;
      // A withdrawal in between starts the nonces again.
      taken.push(() => {
        if (channel.openBlock === openBlock) line.stored = Math.max(line.stored, nonce);
      });
    }
    const stored = (): void => {
      for (const take of taken) take();
      then();
    };
    this.emit({ type: 'store', job: this.#expect(stored), records, facts: all });
  }

  /** The end of a payment, or a step to it, for who asked for it. */
  outcome(id: string, outcome: Outcome, reason?: string): void {
    const token = this.tokens.get(id);
    if (token === undefined) return;
    if (outcome !== 'pending') this.tokens.delete(id);
    this.emit({ type: 'outcome', token, outcome, id, ...(reason === undefined ? {} : { reason }) });
  }

  answer(job: number, value: unknown): void {
    const then = this.#jobs.get(job) as ((answer: unknown) => void) | undefined;
    if (then === undefined) throw new CodedError('channel-job', `nobody waits for job ${job}`);
    this.#jobs.delete(job);
    then(value);
  }

  #expect<T>(then: (answer: T) => void): number {
    const job = this.#job++;
    this.#jobs.set(job, then as (answer: never) => void);
    return job;
  }

  /** A copy of the message's octets. */
  encode(message: Payment): Uint8Array {
    const w = this.#scratch;
    w.at = 0;
    w.overflow = false;
    encodePayment(w, message);
    return w.buffer.slice(0, w.at);
  }

  send(to: Uint8Array, message: Payment): void {
    this.emit({ type: 'send', to, payload: this.encode(message) });
  }

  /** additional_hash: the message with the signature that ends it zeroed. */
  additional(payload: Uint8Array, signatureAt: number): Uint8Array {
    const { kernels } = this.options;
    const out = new Uint8Array(32);
    kernels.hashStart('keccak256');
    kernels.hashUpdate(payload.subarray(0, signatureAt));
    kernels.hashUpdate(ZEROS);
    kernels.hashUpdate(payload.subarray(signatureAt + SIGNATURE));
    kernels.hashFinish(out);
    return out;
  }

  /** Channels with a node, the oldest first. */
  with(node: Uint8Array): Channel[] {
    const found: Channel[] = [];
    for (const channel of this.channels.values()) if (sameOctets(channel.peer.node, 0, node, 0, 8)) found.push(channel);
    return found.length > 1 ? found.sort(byAge) : found;
  }

  /** How messages name a channel: not at all if it is the oldest with its peer. */
  nameOf(channel: Channel): Uint8Array | undefined {
    return this.with(channel.peer.node)[0] === channel ? undefined : channel.id.subarray(0, 4);
  }

  named(node: Uint8Array, name: Uint8Array | undefined): Channel | undefined {
    const all = this.with(node);
    return name === undefined ? all[0] : all.find((channel) => sameOctets(channel.id, 0, name, 0, 4));
  }

  linked(link: Link | undefined): { readonly channel: Channel; readonly lock: Lock } | undefined {
    const channel = link && this.channels.get(link.channel);
    const lock = channel?.theirs.locks.find(({ nonce }) => nonce === link!.nonce);
    return lock && { channel: channel!, lock };
  }

  /** A lock that we have given, by its hash. */
  given(hash: Uint8Array): { readonly channel: Channel; readonly lock: Lock } | undefined {
    for (const channel of this.channels.values()) {
      const lock = findByHash(channel.mine, hash);
      if (lock) return { channel, lock };
    }
    return undefined;
  }

  /** A lock that we have given and that may still be paid. */
  givenAlive(hash: Uint8Array): Lock | undefined {
    for (const { mine } of this.channels.values())
      for (const lock of mine.locks) if (lock.state !== 'waived' && sameOctets(lock.hash, 0, hash, 0, 32)) return lock;
    return undefined;
  }

  /** An unlocking is due: with the next proof, or on its own after a while. */
  foldLater(channel: Channel): void {
    const line = this.line(channel);
    if (line.foldAt === NEVER) line.foldAt = millis(this.now + this.options.rules.unlockDelay * 1_000);
  }

  /** Something went out that wants an answer. */
  expectAnswer(channel: Channel): void {
    const line = this.line(channel);
    line.pause = RESEND;
    line.resendAt = millis(this.now + RESEND);
  }

  resentLater(line: Line): void {
    line.pause = Math.min(line.pause * 2, RESEND_MOST);
    line.resendAt = millis(this.now + line.pause);
  }
}

function encodeView({ height, time }: View): Uint8Array {
  const w = new ByteWriter(new Uint8Array(8));
  w.u32(height);
  w.u32(time);
  return w.written();
}

function decodeView(octets: Uint8Array): View {
  const view = new DataView(octets.buffer, octets.byteOffset, 8);
  return { wall: undefined, height: view.getUint32(0), time: view.getUint32(4) };
}
