/**
 * The sending side of files.
 *
 *   offering --answer: some missing--> sending --nothing left to send--> offering
 *   offering --answer: none missing--> (complete)       offering, sending --answer: unwanted--> (refused)
 *
 * An offer is repeated with growing pauses until it is answered, however long that takes: nobody is told "failed". What counts as arrived is what the
 * last answer says, not what the transport acknowledged: a receiver counts a block once it is stored, and the file once its sha256 fits.
 */
import { ByteWriter, CodedError, millis, NEVER, sameOctets, type Millis } from '../base/index.js';
import { encodeMessage, FILE_BLOCK_BYTES_MAX, MESSAGE_MAX, type FileAnswer, type Message } from '../wire/index.js';
import { sameAddress, type Address } from './address.js';
import { BlockMap, BLOCKS_MAX } from './block-map.js';
import type { EmitFileEffect, FileInput } from './file-inputs.js';

/** First pause before an offer is repeated, and the longest: a path heals within seconds, an absent peer within minutes. */
const FIRST_PAUSE = 3_000;
const LONGEST_PAUSE = 60_000;

export interface FileSenderOptions {
  /** First token of our sends; the host keeps its own below it. */
  readonly firstToken: number;
  /** Octets of a block; at most 4,096, the wire's bound. */
  readonly blockOctets: number;
  /** Blocks on their way at once: a second one keeps the path busy while the first one's receipt comes back. */
  readonly inFlight: number;
  /** Files sent at once. */
  readonly transfers: number;
}

export const fileSenderDefaults: Omit<FileSenderOptions, 'firstToken'> = { blockOctets: FILE_BLOCK_BYTES_MAX, inFlight: 2, transfers: 8 };

type Offer = Extract<FileInput, { type: 'offer' }>;

/** A block that is being read (`send` 0) or on its way under the token of its send. */
interface Moving {
  readonly block: number;
  send: number;
}

interface Outgoing {
  readonly offer: Offer;
  readonly map: BlockMap;
  state: 'offering' | 'sending';
  /** Token of the offer's send, 0 when none is on its way. */
  offerSend: number;
  pause: number;
  retryAt: Millis;
  moving: readonly Moving[];
}

export class FileSender {
  readonly #options: FileSenderOptions;
  readonly #emit: EmitFileEffect;
  readonly #writer = new ByteWriter(new Uint8Array(MESSAGE_MAX));
  #outgoing: readonly Outgoing[] = [];
  #nextSend: number;

  constructor(options: FileSenderOptions, emit: EmitFileEffect) {
    this.#options = options;
    this.#emit = emit;
    this.#nextSend = options.firstToken;
  }

  /** (none) -> offering. Throws `file-size`, `file-offers`. */
  offer(now: Millis, offer: Offer): void {
    const blocks = Math.ceil(offer.octets / this.#options.blockOctets);
    if (blocks < 1 || blocks > BLOCKS_MAX)
      throw new CodedError('file-size', `a file has 1 to ${BLOCKS_MAX * this.#options.blockOctets} octets, not ${offer.octets}`);
    if (this.#outgoing.length === this.#options.transfers)
      throw new CodedError('file-offers', `${this.#outgoing.length} files are being sent already`);
    const out: Outgoing = {
      offer,
      map: new BlockMap(blocks),
      state: 'offering',
      offerSend: 0,
      pause: FIRST_PAUSE,
      retryAt: now,
      moving: [],
    };
    this.#outgoing = [...this.#outgoing, out];
    this.#sendOffer(now, out);
  }

  /** any -> (none) */
  withdraw(token: number): void {
    this.#outgoing = this.#outgoing.filter((out) => out.offer.token !== token);
  }

  answer(now: Millis, from: Address, { sha256, wanted, missing }: FileAnswer): void {
    const out = this.#outgoing.find(({ offer }) => sameAddress(offer.to, from) && sameOctets(offer.sha256, 0, sha256, 0, 32));
    if (out === undefined) return;
    if (!wanted) return this.#end(out, 'refused');
    if (missing.length === 0) out.map.fill();
    else if (!out.map.load(missing)) return;
    if (out.map.missing === 0) return this.#end(out, 'complete');
    out.state = 'sending';
    out.pause = FIRST_PAUSE;
    for (const { block } of out.moving) out.map.clear(block);
    this.#advance(now, out);
  }

  block(now: Millis, token: number, block: number, bytes: Uint8Array): void {
    const out = this.#outgoing.find(({ offer }) => offer.token === token);
    const moving = out?.moving.find((each) => each.block === block && each.send === 0);
    if (out === undefined || moving === undefined) return;
    moving.send = this.#send(out.offer.to, { kind: 'file-block', sha256: out.offer.sha256, block, bytes });
    this.#advance(now, out);
  }

  outcome(now: Millis, send: number, delivered: boolean): void {
    for (const out of this.#outgoing) {
      if (out.offerSend === send) {
        // The answer is a message of its own; only its absence is mended by the pause.
        out.offerSend = 0;
        return;
      }
      const moving = out.moving.find((each) => each.send === send);
      if (moving === undefined) continue;
      out.moving = out.moving.filter((each) => each !== moving);
      if (delivered) this.#advance(now, out);
      else this.#pause(now, out);
      return;
    }
  }

  tick(now: Millis): void {
    for (const out of this.#outgoing) if (out.state === 'offering' && out.offerSend === 0 && now >= out.retryAt) this.#sendOffer(now, out);
  }

  deadline(): Millis {
    let earliest = NEVER;
    for (const { state, offerSend, retryAt } of this.#outgoing)
      if (state === 'offering' && offerSend === 0 && retryAt < earliest) earliest = retryAt;
    return earliest;
  }

  /** sending -> offering, at once when the last block has gone: the answer says whether anything is missing still. */
  #advance(now: Millis, out: Outgoing): void {
    if (out.state !== 'sending') return;
    while (out.moving.length < this.#options.inFlight) {
      const block = out.map.next(0);
      if (block < 0) break;
      out.map.clear(block);
      out.moving = [...out.moving, { block, send: 0 }];
      const at = block * this.#options.blockOctets;
      const octets = Math.min(this.#options.blockOctets, out.offer.octets - at);
      this.#emit({ type: 'want-block', token: out.offer.token, sha256: out.offer.sha256, block, at, octets });
    }
    const { map, moving, offer } = out;
    this.#emit({
      type: 'progress',
      direction: 'out',
      peer: offer.to,
      sha256: offer.sha256,
      done: map.blocks - map.missing - moving.length,
      total: map.blocks,
    });
    if (map.missing === 0 && moving.length === 0) {
      out.state = 'offering';
      this.#sendOffer(now, out);
    }
  }

  /** sending -> offering, after a pause: a block got no receipt in time. */
  #pause(now: Millis, out: Outgoing): void {
    if (out.state !== 'sending') return;
    out.state = 'offering';
    out.moving = [];
    out.retryAt = millis(now + out.pause);
    out.pause = Math.min(out.pause * 2, LONGEST_PAUSE);
  }

  #sendOffer(now: Millis, out: Outgoing): void {
    const { to, sha256, octets, name, mediaType } = out.offer;
    out.retryAt = millis(now + out.pause);
    out.pause = Math.min(out.pause * 2, LONGEST_PAUSE);
    out.offerSend = this.#send(to, { kind: 'file-offer', sha256, octets, blockOctets: this.#options.blockOctets, name, mediaType });
  }

  /** Sends on behalf of the receiving side, whose messages need no outcome. Answers the token. */
  post(to: Address, payload: Uint8Array): number {
    const token = this.#nextSend;
    this.#nextSend += 1;
    this.#emit({ type: 'send', token, to, payload });
    return token;
  }

  #send(to: Address, message: Message): number {
    this.#writer.at = 0;
    encodeMessage(this.#writer, message);
    return this.post(to, this.#writer.written().slice());
  }

  #end(out: Outgoing, outcome: 'complete' | 'refused'): void {
    const { token, to, sha256 } = out.offer;
    this.withdraw(token);
    this.#emit({ type: 'done', direction: 'out', peer: to, sha256, token, outcome });
  }
}
