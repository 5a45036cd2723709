/**
 * Hands out content to those who ask, a block a message, never more at a time than the mesh takes: the next block is read when an earlier one has ended.
 *
 *   asked -> answered by the host        wanted -> reading -> sending -> the next block, until its count or the end
 */
import { ByteWriter, CodedError, NEVER, Ring, sameOctets, type Machine, type Millis } from '../base/index.js';
import { sameAddress, type Address } from '../transport/index.js';
import {
  CONTENT_BLOCK_MAX,
  decodeContentMessage,
  encodeContentMessage,
  type ContentMessage,
  type ContentSection,
  type ContentWant,
} from '../wire/index.js';
import type { HoldEffect, HoldInput } from './content-inputs.js';
import { BLOCK, BLOCKS } from './units.js';

/** Blocks under way at a time over all readers: one is up to 30 segments already, more only fill the queues of the radios between. */
const IN_FLIGHT = 1;

export interface ContentHolderOptions {
  /** Requests that wait; more are dropped, and asked for again by their reader. 64 if not given. */
  readonly requests?: number;
}

interface Request {
  readonly to: Address;
  readonly digest: Uint8Array;
  readonly section: ContentSection;
  at: number;
  left: number;
  /** Of the read or send that is under way; 0: none. */
  token: number;
}

export class ContentHolder implements Machine<HoldInput, HoldEffect> {
  readonly #most: number;
  readonly #effects: Ring<HoldEffect>;
  readonly #writer = new ByteWriter(new Uint8Array(CONTENT_BLOCK_MAX));
  /** In the order of coming; one that has sent a block goes behind the others. */
  #requests: readonly Request[] = [];
  #nextToken = 1;

  constructor({ requests = 64 }: ContentHolderOptions = {}) {
    this.#most = requests;
    this.#effects = new Ring<HoldEffect>(IN_FLIGHT + 4);
  }

  handle(_now: Millis, input: HoldInput): void {
    switch (input.type) {
      case 'message':
        this.#message(input.from, input.payload);
        break;
      case 'have': {
        const { to, digest, octets, outboardOctets, held } = input;
        this.#send(0, to, { kind: 'content-have', digest, octets, outboardOctets, ...(held !== undefined && { held }) });
        break;
      }
      case 'no':
        this.#send(0, input.to, { kind: 'content-no', digest: input.digest, why: input.why });
        break;
      case 'block':
        this.#block(input.token, input.bytes);
        break;
      case 'outcome':
        this.#ended(input.token);
        break;
      case 'tick':
        break;
    }
    this.#read();
  }

  poll(): HoldEffect | undefined {
    return this.#effects.shift();
  }

  deadline(): Millis {
    return NEVER;
  }

  #emit(effect: HoldEffect): void {
    if (!this.#effects.push(effect)) throw new CodedError('effects-not-drained', 'poll a machine until it is drained after every input');
  }

  #send(token: number, to: Address, message: ContentMessage): void {
    this.#writer.at = 0;
    encodeContentMessage(this.#writer, message);
    this.#emit({ type: 'send', token, to, payload: this.#writer.written().slice() });
  }

  #message(from: Address, payload: Uint8Array): void {
    const message = decodeContentMessage(payload, 0, payload.length);
    if (typeof message === 'number') return;
    if (message.kind === 'content-ask') this.#emit({ type: 'asked', from, digest: message.digest.slice(), codec: message.codec });
    else if (message.kind === 'content-want') this.#wanted(from, message);
  }

  #wanted(to: Address, { digest, section, at, count }: ContentWant): void {
    if (at % BLOCK !== 0 || count < 1 || count > BLOCKS || this.#requests.length >= this.#most) return;
    const last = at + count * BLOCK;
    // Asked again while it still waits here: it comes once.
    const known = this.#requests.some(
      (each) =>
        each.section === section &&
        each.at <= at &&
        each.at + each.left * BLOCK >= last &&
        sameAddress(each.to, to) &&
        sameOctets(each.digest, 0, digest, 0, 32),
    );
    if (!known) this.#requests = [...this.#requests, { to, digest: digest.slice(), section, at, left: count, token: 0 }];
  }

  #read(): void {
    for (const request of this.#requests) {
      if (this.#requests.filter(({ token }) => token !== 0).length >= IN_FLIGHT) return;
      if (request.token !== 0) continue;
      request.token = this.#nextToken++;
      const { token, to, digest, section, at } = request;
      this.#emit({ type: 'read', token, to, digest, section, at, octets: BLOCK });
    }
  }

  #block(token: number, bytes: Uint8Array): void {
    const request = this.#requests.find((each) => each.token === token);
    if (request === undefined) return;
    if (bytes.length === 0) {
      this.#requests = this.#requests.filter((each) => each !== request);
      return;
    }
    this.#send(token, request.to, { kind: 'content-block', digest: request.digest, section: request.section, at: request.at, bytes });
  }

  #ended(token: number): void {
    const request = this.#requests.find((each) => each.token === token);
    if (request === undefined) return;
    request.token = 0;
    request.at += BLOCK;
    request.left -= 1;
    const others = this.#requests.filter((each) => each !== request);
    this.#requests = request.left > 0 ? [...others, request] : others;
  }
}
