/**
 * The light client: follows final headers by epoch from a checkpoint of 32 octets, and answers questions to the state from proofs. It believes whoever
 * brings the data as little as anybody else: a header counts by the signatures of the committee that an earlier header named, a node by its hash.
 *
 *   anchoring -> following     the header of the checkpoint's hash, with its committees
 *   following -> checking      a newer header of a known committee with enough seats; its signatures go out as jobs, one at a time
 *   checking -> following      all that a quorum needs have held: it is believed, and its next committee; or one has not: refused
 *
 * The link that was attested is (header) -> (its child), which makes the header final (Casper FFG); octets in firmware/core/wire/chain.cddl. A committee
 * is 17 seats, drawn by weight; more than two thirds is 12. It believes a rival header only if more than a third of a committee's seats signed both.
 */
import { CodedError, NEVER, type Machine, type Millis } from '../base/index.js';
import type { Kernels } from '../ports/index.js';
import {
  decodeEpochHeader,
  decodeOuterHeader,
  EPOCH_HEADER_MAX,
  OUTER_HEADER_HASHED,
  type EpochHeader,
  type OuterHeader,
} from '../wire/index.js';
import { copyOf, Hash } from './hash.js';
import type { HeaderFault, LightEffect, LightInput, LightOptions } from './light-inputs.js';
import { Question } from './question.js';
import { holdings, isQuorum, keyOf, seatFault } from './seats.js';
import { Trust } from './trust.js';

/** A header younger than this says that the chain is reachable ("effective"): 180 s as on the original, twelve of its blocks. */
export const EFFECTIVE_SECONDS = 180;
/** Clocks of boxes may differ by a second before a block counts as early; a minute spares a board with a poor one. */
const EARLY_SECONDS = 60;
/** "MeshBox attestation 1\n" in ASCII. */
const ATTESTATION = Uint8Array.of(77, 101, 115, 104, 66, 111, 120, 32, 97, 116, 116, 101, 115, 116, 97, 116, 105, 111, 110, 32, 49, 10);
const LINK = ATTESTATION.length + 32;

interface Checking {
  readonly message: EpochHeader;
  readonly header: OuterHeader;
  /** Whether the committee in force at that header is the one that was the next. */
  readonly succeeds: boolean;
  /** For each seat how many its holder has. */
  readonly held: readonly number[];
  /** Signature whose check is out, and seats that have held before it. */
  readonly index: number;
  readonly seats: number;
}

export class LightClient implements Machine<LightInput, LightEffect> {
  readonly #kernels: Kernels;
  readonly #genesis: Uint8Array;
  readonly #checkpoint: Uint8Array;
  readonly #trust: Trust;
  readonly #question: Question;
  readonly #effects: LightEffect[] = [];
  readonly #hash = new Hash();
  readonly #nextRoot = new Hash();
  readonly #digest = new Uint8Array(32);
  /** Three committees' hashes and the rest's, as the weights root is made of. */
  readonly #roots = new Uint8Array(128);
  readonly #root = new Hash();
  #checking: Checking | undefined;
  #job = 0;

  constructor({ kernels, genesis, checkpoint, kept }: LightOptions) {
    if (genesis.length !== 32 || checkpoint.length !== 32)
      throw new CodedError('light-lengths', 'genesis and checkpoint are hashes of 32 octets');
    this.#kernels = kernels;
    this.#genesis = genesis;
    this.#checkpoint = checkpoint;
    this.#trust = new Trust(kernels);
    this.#question = new Question(kernels, (effect) => this.#effects.push(effect));
    if (kept !== undefined) this.#trust.restore(kept);
  }

  /** Number of the newest header that is believed, or -1. */
  get number(): number {
    return this.#trust.number;
  }

  /** Its time in seconds since 1970, or 0: a floor of the wall clock. */
  get time(): number {
    return this.#trust.time;
  }

  /** Whether the chain is reachable at this wall clock, in seconds: a final header is younger than 180 s. */
  isEffective(wall: number): boolean {
    return this.#isAnchored && wall - this.#trust.time < EFFECTIVE_SECONDS;
  }

  get #isAnchored(): boolean {
    return this.#trust.number >= 0;
  }

  handle(_now: Millis, input: LightInput): void {
    switch (input.type) {
      case 'epoch-header':
        return this.#receive(input.bytes, input.latest);
      case 'crypto-done':
        return this.#checked(input.job, input.ok);
      case 'ask':
        if (!this.#isAnchored) throw new CodedError('light-unanchored', 'nothing is believed yet: feed the header of the checkpoint first');
        return this.#question.ask(this.#trust.number, this.#trust.state, input.address, input.slot);
      case 'proof-node':
        return this.#question.feed(input.bytes);
    }
  }

  poll(): LightEffect | undefined {
    return this.#effects.shift();
  }

  /** Nothing happens here by time alone. */
  deadline(): Millis {
    return NEVER;
  }

  #receive(bytes: Uint8Array, latest: number | undefined): void {
    const fault = this.#begin(bytes, latest);
    if (fault !== undefined) this.#effects.push({ type: 'refused', what: 'epoch-header', reason: fault });
  }

  #begin(bytes: Uint8Array, latest: number | undefined): HeaderFault | undefined {
    if (this.#checking !== undefined) return 'busy';
    // An extension of a later version may make it longer; this one has no memory for it.
    if (bytes.length > EPOCH_HEADER_MAX) return 'undecodable';
    // A copy, because jobs look into it after this turn.
    const message = decodeEpochHeader(copyOf(bytes), 0, bytes.length);
    if (typeof message === 'number') return 'undecodable';
    const header = decodeOuterHeader(message.header, 0, message.header.length);
    if (typeof header === 'number') return 'undecodable';
    if (latest !== undefined && header.time > latest + EARLY_SECONDS) return 'too-early';
    this.#kernels.keccak256(this.#hash.octets, message.header.subarray(0, OUTER_HEADER_HASHED));
    this.#kernels.keccak256(this.#nextRoot.octets, message.next);
    return this.#isAnchored ? this.#follow(message, header) : this.#anchor(message, header);
  }

  /** anchoring -> following */
  #anchor(message: EpochHeader, header: OuterHeader): HeaderFault | undefined {
    const { current } = message;
    if (current === undefined || !this.#hash.is(this.#checkpoint)) return 'not-the-checkpoint';
    const trust = this.#trust;
    trust.setCurrent(copyOf(current));
    if (!this.#commits(message, header, trust.currentRoot)) return 'forged';
    this.#believe(message, header);
    return undefined;
  }

  /** following -> checking */
  #follow(message: EpochHeader, header: OuterHeader): HeaderFault | undefined {
    const trust = this.#trust;
    if (header.number <= trust.number || header.time <= trust.time) return 'replayed';
    const succeeds = trust.currentRoot.is(message.previous) && this.#commits(message, header, trust.nextRoot);
    if (!succeeds) {
      if (!this.#commits(message, header, trust.currentRoot))
        return this.#commits(message, header, trust.nextRoot) ? 'forked' : 'unknown-committee';
      // The same epoch has the same next committee, whatever this header's signers say.
      if (!this.#nextRoot.equals(trust.nextRoot)) return 'forked';
    }
    const held = holdings(succeeds ? trust.next : trust.current);
    const fault = seatFault(held, message.signatures);
    if (fault !== undefined) return fault;
    this.#digestLink(message.header, message.child);
    this.#checking = { message, header, succeeds, held, index: 0, seats: 0 };
    this.#verify(this.#checking);
    return undefined;
  }

  /** Whether the header's weights root is made of this committee in force and of what the message says of the others. */
  #commits({ previous, rest }: EpochHeader, { weights }: OuterHeader, current: Hash): boolean {
    const roots = this.#roots;
    roots.set(previous, 0);
    roots.set(current.octets, 32);
    roots.set(this.#nextRoot.octets, 64);
    roots.set(rest, 96);
    this.#kernels.keccak256(this.#root.octets, roots);
    return this.#root.is(weights);
  }

  /** What attesters of (header) -> (child) sign. */
  #digestLink(header: Uint8Array, child: Uint8Array): void {
    const signed = new Uint8Array(LINK + 72);
    signed.set(ATTESTATION, 0);
    signed.set(this.#genesis, ATTESTATION.length);
    const number = header.subarray(32, 36);
    signed.set(number, LINK);
    signed.set(this.#hash.octets, LINK + 4);
    signed.set(number, LINK + 36);
    // One more, with its carry: heights are below 2^32 for 1,900 years of 14 s.
    for (let i = LINK + 39; i >= LINK + 36; i -= 1) {
      signed[i] = (signed[i]! + 1) & 255;
      if (signed[i] !== 0) break;
    }
    signed.set(child, LINK + 40);
    this.#kernels.keccak256(this.#digest, signed);
  }

  #verify({ message, succeeds, index }: Checking): void {
    const { seat, signature } = message.signatures[index]!;
    const key = keyOf(succeeds ? this.#trust.next : this.#trust.current, seat);
    this.#job += 1;
    this.#effects.push({ type: 'crypto-job', job: this.#job, kind: 'verify', signature, digest: this.#digest, key });
  }

  /** checking -> checking, checking -> following */
  #checked(job: number, ok: boolean): void {
    const checking = this.#checking;
    if (checking === undefined || job !== this.#job) throw new CodedError('light-job', `no crypto job ${job} is out`);
    if (!ok) {
      this.#checking = undefined;
      this.#effects.push({ type: 'refused', what: 'epoch-header', reason: 'forged' });
      return;
    }
    const { message, header, succeeds, held, index } = checking;
    const seats = checking.seats + held[message.signatures[index]!.seat]!;
    if (isQuorum(seats)) {
      this.#checking = undefined;
      if (succeeds) this.#trust.succeed();
      this.#believe(message, header);
    } else {
      this.#checking = { ...checking, index: index + 1, seats };
      this.#verify(this.#checking);
    }
  }

  #believe(message: EpochHeader, header: OuterHeader): void {
    const { number, time, state } = header;
    this.#trust.believe(number, time, copyOf(this.#hash.octets), copyOf(state), copyOf(message.next));
    this.#effects.push({ type: 'keep', bytes: this.#trust.kept() });
    this.#effects.push({ type: 'advanced', number, time });
  }
}
