/**
 * The reliable serial line between a box and its board (serial.cddl), one machine for both ends: whole frames arrive once and in order within
 * a session, over a line that loses, doubles and corrupts octets; and each end learns when the other restarts, vanishes or speaks another version.
 *
 *   greeting -> paired     a hello that names our session
 *   greeting -> refused    a hello of another major version
 *   refused  -> paired     a hello of our version that names our session
 *   paired   -> greeting   closed, silence, unacknowledged, or a hello with a new session; we take a new session number too
 *
 * Frames are cut into pieces of at most PIECE_MAX octets on the line, and no more is unacknowledged than the other side's receive buffer holds:
 * a board's UART keeps 128 octets and has no flow control, and at 115,200 baud it overflows after 11 ms in which nobody reads it.
 */
import { ByteWriter, CodedError, millis, NEVER, Ring, sameOctets, type Machine, type Millis } from '../base/index.js';
import {
  decodeHello,
  encodeHello,
  HELLO_MAX,
  SerialFrameReader,
  SerialKind,
  writeSerialFrame,
  type Hello,
  type Role,
  type SerialFrame,
} from '../wire/index.js';
import { FRAME_MAX, SerialReceiver } from './serial-receiver.js';
import { FRAMES_MAX, PIECE_BODY_MAX, PIECE_MAX, SerialSender, WINDOW } from './serial-sender.js';

/** Major version of the serial protocol, serial.cddl. */
export const SERIAL_VERSION = 1;
/** A box that starts finds its board within half a second. */
const HELLO_EVERY = 500;
/** 9 octets each: 0.04 % of 115,200 baud. */
const KEEP_ALIVE = 2_000;
/** Three keep-alives lost, and half of one to spare. */
const SILENCE = 7_000;
/** Timeouts in a row before the line counts as lost: with the doubling up to 1 s after 4 to 7 s. */
const TIMEOUTS_MAX = 7;

export interface SerialLineOptions {
  /** Firmware name and version, 1 to 40 octets. */
  readonly name: string;
  readonly role: Role;
  /** Compressed public key, 33 octets. */
  readonly key: Uint8Array;
  /** First session number: 32 random bits. */
  readonly session: number;
  /** Octets of input that this side holds unread: 128 on a board. */
  readonly holds: number;
}

export type SerialLineInput =
  | { readonly type: 'octets'; readonly bytes: Uint8Array }
  /** The driver takes so many octets now without loss. 0 until the first one. */
  | { readonly type: 'room'; readonly octets: number }
  /** The device is gone; the next `room` says that there is one again. */
  | { readonly type: 'closed' }
  /** Each is answered by one `sent`. */
  | { readonly type: 'send'; readonly frame: Uint8Array }
  | { readonly type: 'tick' };

export type LossReason = 'closed' | 'silence' | 'unacknowledged' | 'restarted';

export type SerialLineEffect =
  /** A view: write it, at once or from a copy. Never more than the room. */
  | { readonly type: 'write'; readonly bytes: Uint8Array }
  | { readonly type: 'frame'; readonly bytes: Uint8Array }
  /** ok: the other side has it. Not ok: not paired, too long, queue full, or lost with the session. */
  | { readonly type: 'sent'; readonly ok: boolean }
  | { readonly type: 'paired'; readonly hello: Hello }
  | { readonly type: 'lost'; readonly reason: LossReason }
  | { readonly type: 'refused'; readonly reason: string; readonly remedy: string };

/** Since the start. */
export interface SerialLineCounters {
  /** Acknowledged by the other side. */
  readonly framesSent: number;
  readonly framesReceived: number;
  readonly retransmissions: number;
  /** Octets that were no frame: bad checksum, cut short, too long, or nonsense inside. */
  readonly badFrames: number;
  /** Pieces received again, and pieces after one that was missing. */
  readonly duplicates: number;
  readonly gaps: number;
  readonly pairings: number;
}

export class SerialLine implements Machine<SerialLineInput, SerialLineEffect> {
  readonly #options: SerialLineOptions;
  readonly #reader = new SerialFrameReader(PIECE_BODY_MAX);
  readonly #sender = new SerialSender();
  readonly #receiver = new SerialReceiver(WINDOW);
  /** What one input or frame brings forth at most: a loss with an answer to each frame, and what follows it. */
  readonly #effects = new Ring<SerialLineEffect>(FRAMES_MAX + 2);
  readonly #out = new Uint8Array(PIECE_MAX);
  #state: 'greeting' | 'refused' | 'paired' = 'greeting';
  #session: number;
  /** Session of the other side; 0: none heard. */
  #heard = 0;
  #peerFrameMax = 0;
  /** Octets put together and not written: out[outAt..outEnd). */
  #outAt = 0;
  #outEnd = 0;
  #room = 0;
  #now: Millis = millis(0);
  #helloAt: Millis = millis(0);
  #owes: 'nothing' | 'acknowledgement' | 'hello' | 'answer' = 'nothing';
  #badFrames = 0;
  #pairings = 0;
  #wroteAt: Millis = millis(0);
  #heardAt: Millis = millis(0);

  constructor(options: SerialLineOptions) {
    if (options.holds < PIECE_MAX)
      throw new CodedError('serial-holds', `a side must hold at least ${PIECE_MAX} octets unread, not ${options.holds}`);
    this.#options = options;
    this.#session = options.session === 0 ? 1 : options.session;
  }

  handle(now: Millis, input: SerialLineInput): void {
    this.#now = now;
    if (input.type === 'octets') this.#reader.feed(input.bytes);
    else if (input.type === 'room') this.#room = input.octets;
    else if (input.type === 'send') this.#accept(input.frame);
    else if (input.type === 'closed') this.#close();
    this.#checkTimes();
  }

  poll(): SerialLineEffect | undefined {
    for (;;) {
      const effect = this.#effects.shift();
      if (effect) return effect;
      const frame = this.#reader.next();
      if (frame === undefined) return this.#write();
      if (typeof frame === 'number') this.#badFrames += 1;
      else this.#take(frame);
    }
  }

  deadline(): Millis {
    if (this.#state !== 'paired') return this.#owes === 'hello' ? NEVER : this.#helloAt;
    return millis(Math.min(this.#sender.timeoutAt, this.#keepAliveAt(), this.#heardAt + SILENCE));
  }

  counters(): SerialLineCounters {
    const [sender, receiver] = [this.#sender, this.#receiver];
    return {
      framesSent: sender.acknowledged,
      framesReceived: receiver.frames,
      retransmissions: sender.retransmissions,
      badFrames: this.#badFrames + receiver.overlong,
      duplicates: receiver.duplicates,
      gaps: receiver.gaps,
      pairings: this.#pairings,
    };
  }

  #checkTimes(): void {
    const now = this.#now;
    if (this.#state !== 'paired') {
      if (now >= this.#helloAt) this.#owes = 'hello';
    } else if (now >= this.#heardAt + SILENCE) this.#lose('silence');
    else if (now >= this.#sender.timeoutAt) {
      if (this.#sender.timeouts === TIMEOUTS_MAX) this.#lose('unacknowledged');
      else this.#sender.goBack();
    } else if (now >= this.#keepAliveAt()) this.#owes = 'acknowledgement';
  }

  #keepAliveAt(): Millis {
    return this.#owes === 'nothing' ? millis(this.#wroteAt + KEEP_ALIVE) : NEVER;
  }

  #close(): void {
    this.#room = 0;
    this.#outAt = this.#outEnd;
    if (this.#state === 'paired') this.#lose('closed');
    this.#state = 'greeting';
  }

  /** paired -> greeting */
  #lose(reason: LossReason): void {
    this.#state = 'greeting';
    this.#session = this.#session === 0xffff_ffff ? 1 : this.#session + 1;
    this.#heard = 0;
    this.#owes = 'hello';
    this.#effects.push({ type: 'lost', reason });
    for (let frames = this.#sender.outstanding; frames > 0; frames -= 1) this.#effects.push({ type: 'sent', ok: false });
  }

  /** greeting, refused -> paired */
  #pair(hello: Hello): void {
    this.#state = 'paired';
    this.#owes = 'nothing';
    this.#heardAt = this.#now;
    this.#wroteAt = this.#now;
    this.#peerFrameMax = hello.frameMax;
    this.#sender.reset(hello.holds);
    this.#receiver.reset();
    this.#pairings += 1;
    this.#effects.push({ type: 'paired', hello: { ...hello, key: hello.key.slice() } });
  }

  #accept(frame: Uint8Array): void {
    if (this.#state === 'paired' && frame.length <= this.#peerFrameMax && this.#sender.offer(frame)) return;
    this.#effects.push({ type: 'sent', ok: false });
  }

  #take(frame: SerialFrame): void {
    if (frame.kind === SerialKind.hello) return this.#takeHello(frame.body);
    if (this.#state !== 'paired') return; // Of a session that one of us has forgotten.
    this.#heardAt = this.#now;
    for (let done = this.#sender.acknowledge(this.#now, frame.acknowledgement); done > 0; done -= 1)
      this.#effects.push({ type: 'sent', ok: true });
    if (frame.kind === SerialKind.acknowledgement) return;
    this.#owe('acknowledgement');
    const whole = this.#receiver.take(frame);
    if (whole) this.#effects.push({ type: 'frame', bytes: whole });
  }

  #takeHello(body: Uint8Array): void {
    // The first entry stays the major version for ever: {0: major, ...}, and majors below 24 are one octet.
    const major = body.length > 2 && body[0]! >> 5 === 5 && body[1] === 0 && body[2]! < 24 ? body[2]! : -1;
    if (major >= 0 && major !== SERIAL_VERSION) return this.#refuse(major);
    const hello = decodeHello(body, 0, body.length);
    if (typeof hello === 'number' || hello.session === 0) {
      this.#badFrames += 1;
      return;
    }
    if (hello.session === this.#session && sameOctets(hello.key, 0, this.#options.key, 0, 33)) return; // Our own, from a looped line.
    if (this.#state === 'paired' && hello.session !== this.#heard) this.#lose('restarted');
    this.#heard = hello.session;
    if (this.#state !== 'paired') {
      if (hello.heard === this.#session) this.#pair(hello);
      else this.#owe('hello');
    } else this.#heardAt = this.#now;
    if (hello.answer && this.#state === 'paired') this.#owe('answer');
  }

  /** greeting -> refused */
  #refuse(major: number): void {
    if (this.#state === 'paired') this.#lose('restarted');
    if (this.#state === 'refused') return;
    this.#state = 'refused';
    const other = this.#options.role === 'box' ? 'board' : 'box';
    const outdated = major > SERIAL_VERSION ? this.#options.role : other;
    this.#effects.push({
      type: 'refused',
      reason: `the ${other} speaks version ${major} of the serial protocol, this ${this.#options.role} version ${SERIAL_VERSION}`,
      remedy: `Update the ${outdated} to the release that the other one runs.`,
    });
  }

  /** A hello carries more than an acknowledgement; pairing needs it first. */
  #owe(what: 'acknowledgement' | 'hello' | 'answer'): void {
    if (what !== 'acknowledgement' || this.#owes === 'nothing') this.#owes = what;
  }

  #write(): SerialLineEffect | undefined {
    if (this.#room <= 0) return undefined;
    if (this.#outAt === this.#outEnd && !this.#compose()) return undefined;
    const length = Math.min(this.#outEnd - this.#outAt, this.#room);
    const bytes = this.#out.subarray(this.#outAt, this.#outAt + length);
    this.#outAt += length;
    this.#room -= length;
    this.#wroteAt = this.#now;
    return { type: 'write', bytes };
  }

  /** Put the next frame together: a hello, a piece, or a bare acknowledgement; false if there is nothing to say. */
  #compose(): boolean {
    if (this.#owes === 'hello' || this.#owes === 'answer') {
      this.#put(SerialKind.hello, 0, this.#hello(this.#owes === 'hello'));
      this.#helloAt = millis(this.#now + HELLO_EVERY);
      return true;
    }
    if (this.#state !== 'paired') return false;
    const piece = this.#sender.next(this.#now);
    if (piece) this.#put(piece.kind, piece.sequence, piece.body);
    else if (this.#owes === 'acknowledgement') this.#put(SerialKind.acknowledgement, 0, NOTHING);
    else return false;
    return true;
  }

  #put(kind: SerialKind, sequence: number, body: Uint8Array): void {
    this.#owes = 'nothing';
    this.#outAt = 0;
    // A zero in front of a hello parts it from a board's boot messages and other noise.
    const at = kind === SerialKind.hello ? 1 : 0;
    this.#out[0] = 0;
    this.#outEnd = writeSerialFrame(this.#out, at, kind, sequence, this.#receiver.expected, body);
  }

  #hello(answer: boolean): Uint8Array {
    const w = new ByteWriter(new Uint8Array(HELLO_MAX));
    encodeHello(w, { ...this.#options, major: SERIAL_VERSION, session: this.#session, frameMax: FRAME_MAX, heard: this.#heard, answer });
    return w.written();
  }
}

const NOTHING = new Uint8Array(0);
