/**
 * What neighbours share after a handshake, and the seal that it puts on every frame: one preallocated byte table, 132 octets a neighbour.
 *
 *   unicast     sealed with a key of the pair and the direction
 *   broadcast   sealed with the sender's group key, which each neighbour got in its handshake; a beacon is only authenticated, for strangers read it
 *
 * A seal is 10 octets behind the body: the low half of a 32-bit frame counter, and the first 8 octets of the ChaCha20-Poly1305 tag. The counter is the
 * nonce (with the kind of link), and the envelope is authenticated with the body. A receiver keeps a window of 32 numbers for each key, so that what
 * arrives late is taken once and what comes again never. Every 65,536 frames a key is replaced by its successor (Noise revision 34, section 11.3).
 *
 * Not the envelope's own (flow, counter): the origin chooses those, and a frame that is sent again or over another hop would repeat them under one key.
 */
import { u16At } from '../base/index.js';
import type { Kernels } from '../ports/index.js';
import { ENVELOPE_OCTETS } from '../wire/index.js';
import { EVERYONE } from './outbox.js';

const COUNTER = 2;
/** A forgery passes once in 2^52 at worst (Poly1305's clamped bits, its tag cut in half), and costs a frame of at least 0.7 ms for each try. */
const TAG = 8;
export const SEAL_OCTETS = COUNTER + TAG;
const WHOLE_TAG = 16;

const KEY = 32;
const OCTETS = 132;
const SEND = 0;
const RECEIVE = 32;
const GROUP = 64;
const WORDS = OCTETS / 4;
/** Next number that we send; next one expected, those seen below it (bit 0: the newest) and the key's generation, for each key that we receive by. */
const SENT = 24;
const RECEIVED = 25;
const GROUP_RECEIVED = 28;
const WINDOW = 1;
const GENERATION = 2;
const BOOT = 31;
const SINCE = 32;

const GENERATION_FRAMES = 0x1_0000;
const WINDOW_BITS = 32;

export class Sessions {
  readonly #kernels: Kernels;
  readonly #table: Uint8Array;
  readonly #words: Uint32Array;
  /** Our own group key is the SEND key of a row behind the neighbours', and behind that is room for the key at work. */
  readonly #own: number;
  readonly #keyAt: number;
  readonly #key: Uint8Array;
  readonly #nonce = new Uint8Array(12);
  readonly #lastNonce = new Uint8Array([0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
  readonly #zeros = new Uint8Array(KEY);
  readonly #scratch: Uint8Array;
  readonly #nothing = new Uint8Array(0);

  constructor(kernels: Kernels, neighbours: number, frameOctets: number) {
    this.#kernels = kernels;
    this.#own = neighbours;
    this.#keyAt = (neighbours + 1) * OCTETS;
    this.#table = new Uint8Array(this.#keyAt + KEY);
    this.#words = new Uint32Array(this.#table.buffer);
    this.#key = this.#table.subarray(this.#keyAt);
    this.#scratch = new Uint8Array(Math.max(frameOctets, KEY) + WHOLE_TAG);
  }

  /** Our own group key, 32 octets: once, before anything is sent. */
  setGroup(key: Uint8Array): void {
    this.#table.set(key, this.#own * OCTETS + SEND);
  }

  /** The group key as it is now, for a newcomer, and the number that its next frame has. */
  group(): { readonly key: Uint8Array; readonly counter: number } {
    const at = this.#own * OCTETS + SEND;
    return { key: this.#table.slice(at, at + KEY), counter: this.#words[this.#own * WORDS + SENT]! };
  }

  /** A handshake ended: keys of 32 octets, what the neighbour said of its group key, and the number of its boot. */
  install(
    slot: number,
    keys: { readonly send: Uint8Array; readonly receive: Uint8Array },
    group: { readonly key: Uint8Array; readonly counter: number },
    boot: number,
    second: number,
  ): void {
    const at = slot * OCTETS;
    const word = slot * WORDS;
    this.#table.fill(0, at, at + OCTETS);
    this.#table.set(keys.send, at + SEND);
    this.#table.set(keys.receive, at + RECEIVE);
    this.#table.set(group.key, at + GROUP);
    this.#words[word + GROUP_RECEIVED] = group.counter;
    this.#words[word + GROUP_RECEIVED + GENERATION] = generationOf(group.counter);
    this.#words[word + BOOT] = boot;
    this.#words[word + SINCE] = second;
  }

  /** The boot that the neighbour named. */
  boot(slot: number): number {
    return this.#words[slot * WORDS + BOOT]!;
  }

  /** The second of the handshake. */
  since(slot: number): number {
    return this.#words[slot * WORDS + SINCE]!;
  }

  /** The frame sealed, in memory of its own. neighbour: a slot, or EVERYONE. `clear`: the body stays readable. */
  seal(neighbour: number, kind: number, frame: Uint8Array, clear: boolean): Uint8Array {
    const row = neighbour === EVERYONE ? this.#own : neighbour;
    const number = this.#words[row * WORDS + SENT]!;
    this.#words[row * WORDS + SENT] = number + 1;
    this.#use(row * OCTETS + SEND);
    const plain = clear ? frame.length : ENVELOPE_OCTETS;
    const sealed = this.#work(kind, number, frame, plain, frame.length);
    const out = new Uint8Array(frame.length + SEAL_OCTETS);
    out.set(clear ? frame : frame.subarray(0, ENVELOPE_OCTETS));
    const body = frame.length - plain;
    out.set(sealed.subarray(0, body), plain);
    out[frame.length] = number >>> 8;
    out[frame.length + 1] = number;
    out.set(sealed.subarray(body, body + TAG), frame.length + COUNTER);
    if ((number + 1) % GENERATION_FRAMES === 0) this.#advance(row * OCTETS + SEND);
    return out;
  }

  /** The frame without its seal, opened in memory of its own, or as a view if it is clear; undefined if the seal is not the neighbour's or its number was seen. */
  open(slot: number, kind: number, bytes: Uint8Array, broadcast: boolean, clear: boolean): Uint8Array | undefined {
    const end = bytes.length - SEAL_OCTETS;
    if (end < ENVELOPE_OCTETS) return undefined;
    const received = slot * WORDS + (broadcast ? GROUP_RECEIVED : RECEIVED);
    const number = nearest(this.#words[received]!, u16At(bytes, end));
    if (number < 0 || this.#isSeen(received, number)) return undefined;
    const generations = generationOf(number) - this.#words[received + GENERATION]!;
    if (generations !== 0 && generations !== 1) return undefined;
    const keyAt = slot * OCTETS + (broadcast ? GROUP : RECEIVE);
    this.#use(keyAt);
    if (generations === 1) this.#advance(this.#keyAt);
    const frame = clear ? bytes.subarray(0, end) : this.#opened(kind, number, bytes, end);
    if (!this.#isRight(kind, number, bytes, frame, clear ? end : ENVELOPE_OCTETS)) return undefined;
    if (generations === 1) this.#table.copyWithin(keyAt, this.#keyAt, this.#keyAt + KEY);
    this.#words[received + GENERATION] = generationOf(number);
    this.#see(received, number);
    return frame;
  }

  /** ChaCha20 is its own inverse: sealing what is sealed opens it. Whether the tag is right is another question. */
  #opened(kind: number, number: number, bytes: Uint8Array, end: number): Uint8Array {
    const frame = bytes.slice(0, end);
    const body = end - ENVELOPE_OCTETS;
    if (body > 0) frame.set(this.#work(kind, number, bytes, ENVELOPE_OCTETS, end).subarray(0, body), ENVELOPE_OCTETS);
    return frame;
  }

  /** plain: octets of the frame that are only authenticated. */
  #isRight(kind: number, number: number, bytes: Uint8Array, frame: Uint8Array, plain: number): boolean {
    const end = frame.length;
    const sealed = this.#work(kind, number, frame, plain, end);
    let differs = 0;
    for (let i = 0; i < TAG; i += 1) differs |= sealed[end - plain + i]! ^ bytes[end + COUNTER + i]!;
    return differs === 0;
  }

  #work(kind: number, number: number, frame: Uint8Array, plain: number, end: number): Uint8Array {
    const nonce = this.#nonce;
    nonce[0] = kind;
    nonce[8] = number >>> 24;
    nonce[9] = number >>> 16;
    nonce[10] = number >>> 8;
    nonce[11] = number;
    const out = this.#scratch.subarray(0, end - plain + WHOLE_TAG);
    this.#kernels.aeadSeal(out, this.#key, nonce, frame.subarray(0, plain), frame.subarray(plain, end));
    return out;
  }

  #use(keyAt: number): void {
    this.#table.copyWithin(this.#keyAt, keyAt, keyAt + KEY);
  }

  /** The key at an offset gives way to its successor. */
  #advance(keyAt: number): void {
    this.#use(keyAt);
    this.#kernels.aeadSeal(this.#scratch.subarray(0, KEY + WHOLE_TAG), this.#key, this.#lastNonce, this.#nothing, this.#zeros);
    this.#table.set(this.#scratch.subarray(0, KEY), keyAt);
  }

  #isSeen(received: number, number: number): boolean {
    const back = this.#words[received]! - 1 - number;
    if (back < 0) return false;
    return back >= WINDOW_BITS || ((this.#words[received + WINDOW]! >>> back) & 1) === 1;
  }

  #see(received: number, number: number): void {
    const ahead = number + 1 - this.#words[received]!;
    const window = this.#words[received + WINDOW]!;
    if (ahead > 0) {
      this.#words[received] = number + 1;
      this.#words[received + WINDOW] = ahead >= WINDOW_BITS ? 1 : (window << ahead) | 1;
    } else this.#words[received + WINDOW] = window | (1 << -ahead);
  }
}

function generationOf(number: number): number {
  return Math.floor(number / GENERATION_FRAMES);
}

/** The number with this low half that is nearest to the one expected; below 0 if there is none. */
function nearest(expected: number, low: number): number {
  const number = expected - (expected % GENERATION_FRAMES) + low;
  if (number - expected > GENERATION_FRAMES / 2) return number - GENERATION_FRAMES;
  return expected - number > GENERATION_FRAMES / 2 ? number + GENERATION_FRAMES : number;
}
