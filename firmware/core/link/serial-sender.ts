/**
 * The sending half of the serial line: frames in, pieces out, kept until they are acknowledged. Go-back-N with the adaptive timeout of RFC 6298
 * in whole milliseconds. Octets that the other side may not have read yet never exceed its receive buffer.
 *
 *   frame:  queued -> cut -> acknowledged
 *   piece:  waiting -> sent     next
 *           sent -> waiting     the timeout passed: all of them, from the oldest
 *           sent -> (gone)      acknowledged, cumulatively
 */
import { millis, NEVER, Ring, type Millis } from '../base/index.js';
import { SerialKind, serialFrameSize } from '../wire/index.js';

/** Octets of a piece on the line: the FIFO of a board's UART. A hello, at most 117, fits too. */
export const PIECE_MAX = 128;
/** What a piece takes on the line beside its body. */
const OVERHEAD = serialFrameSize(0);
export const PIECE_BODY_MAX = PIECE_MAX - OVERHEAD;
/** Pieces in flight: 512 octets, 45 ms of a line at 115,200 baud, cover the turns of both ends. A power of two. */
export const WINDOW = 4;
/** Frames waiting to be cut: the node keeps one in flight per link, a second one bridges its turn. */
const QUEUE = 2;
/** Frames that can be unacknowledged: one per piece, one being cut, and the queue. */
export const FRAMES_MAX = WINDOW + 1 + QUEUE;
/** Least body of a piece, for a side that claims to hold next to nothing. */
const LEAST_BODY = 8;

/** Before the first measurement: a hello takes 10 ms at 115,200 baud, and a board's turn at most 5 ms. */
const FIRST_TIMEOUT = 250;
/**
 * A piece and its acknowledgement take 12 ms at 115,200 baud, a USB bridge adds up to 16 ms, a loaded host's scheduler tens. Octets are rarely
 * lost, and sending again to a board that is only busy overflows its buffer: measured with a board that reads every 35 ms, 28 octets at 40 ms, none at 100 ms.
 */
const LEAST_TIMEOUT = 100;
const MOST_TIMEOUT = 1_000;

export class SerialSender {
  /** Since the start: frames acknowledged, and pieces sent again. */
  acknowledged = 0;
  retransmissions = 0;
  /** Timeouts in a row without progress. */
  timeouts = 0;
  readonly #queue = new Ring<Uint8Array>(QUEUE);
  /** The frame being cut, and how much of it has become pieces. */
  #frame: Uint8Array | undefined;
  #cut = 0;
  readonly #bytes = new Uint8Array(WINDOW * PIECE_BODY_MAX);
  readonly #lengths = new Uint8Array(WINDOW);
  readonly #kinds = new Uint8Array(WINDOW);
  /** Sequence number of the oldest piece; a piece's slot is its number modulo WINDOW. */
  #base = 0;
  /** Pieces held; how many of them, from the oldest, were sent since the last timeout; and how many ever. */
  #count = 0;
  #sent = 0;
  #reached = 0;
  /** Octets that may be unacknowledged, and of the body of a piece. */
  #octets = 0;
  #bodyMax = 0;
  /** RFC 6298 section 2, scaled by 8 and 4; 0 before the first measurement. */
  #smoothed = 0;
  #variation = 0;
  #timeout = FIRST_TIMEOUT;
  #timeoutAt: Millis = NEVER;
  /** The one piece whose round trip is measured; none: -1 (Karn: never one that was sent twice). */
  #timed = -1;
  #timedAt: Millis = millis(0);

  /** A session begins with a side that holds so many octets unread. */
  reset(holds: number): void {
    // Our acknowledgements of its pieces stand in the same buffer.
    this.#octets = holds - WINDOW * OVERHEAD;
    this.#bodyMax = Math.max(Math.min(this.#octets - OVERHEAD, PIECE_BODY_MAX), LEAST_BODY);
    while (this.#queue.shift());
    this.#frame = undefined;
    this.#cut = 0;
    this.#base = 0;
    this.#count = 0;
    this.#sent = 0;
    this.#reached = 0;
    this.#smoothed = 0;
    this.#variation = 0;
    this.#timeout = FIRST_TIMEOUT;
    this.#timeoutAt = NEVER;
    this.timeouts = 0;
    this.#timed = -1;
  }

  /** False if the queue is full. */
  offer(frame: Uint8Array): boolean {
    return this.#queue.push(frame);
  }

  /** Frames taken and not acknowledged, FRAMES_MAX at most. */
  get outstanding(): number {
    let frames = this.#queue.size + (this.#frame ? 1 : 0);
    for (let i = 0; i < this.#count; i += 1) if (this.#kinds[this.#slot(i)] === SerialKind.data) frames += 1;
    return frames;
  }

  /** The piece to send now, which then counts as sent; undefined if there is none or the other side could not hold it. The body is a view. */
  next(now: Millis): { readonly kind: SerialKind; readonly sequence: number; readonly body: Uint8Array } | undefined {
    this.#fill();
    if (this.#sent === this.#count) return undefined;
    let unread = 0;
    for (let i = 0; i <= this.#sent; i += 1) unread += this.#lengths[this.#slot(i)]! + OVERHEAD;
    if (this.#sent > 0 && unread > this.#octets) return undefined;
    const sequence = (this.#base + this.#sent) & 0xff;
    if (this.#sent < this.#reached) this.retransmissions += 1;
    else {
      this.#reached += 1;
      if (this.#timed < 0) {
        this.#timed = sequence;
        this.#timedAt = now;
      }
    }
    if (this.#sent === 0) this.#timeoutAt = millis(now + this.#timeout);
    const slot = this.#slot(this.#sent);
    this.#sent += 1;
    const at = slot * PIECE_BODY_MAX;
    return { kind: this.#kinds[slot] as SerialKind, sequence, body: this.#bytes.subarray(at, at + this.#lengths[slot]!) };
  }

  /** The other side wants `sequence` next. Answers how many whole frames that completes. */
  acknowledge(now: Millis, sequence: number): number {
    const taken = (sequence - this.#base) & 0xff;
    if (taken === 0 || taken > this.#reached) return 0;
    let frames = 0;
    for (let i = 0; i < taken; i += 1) if (this.#kinds[this.#slot(i)] === SerialKind.data) frames += 1;
    if (this.#timed >= 0 && ((this.#timed - this.#base) & 0xff) < taken) {
      this.#measure(now - this.#timedAt);
      this.#timed = -1;
    }
    this.acknowledged += frames;
    this.#base = sequence;
    this.#count -= taken;
    this.#reached -= taken;
    this.#sent = this.#sent > taken ? this.#sent - taken : 0;
    this.timeouts = 0;
    this.#timeoutAt = this.#sent > 0 ? millis(now + this.#timeout) : NEVER;
    return frames;
  }

  get timeoutAt(): Millis {
    return this.#timeoutAt;
  }

  /** The timeout passed: everything unacknowledged is to be sent again, more patiently (RFC 6298 section 5.5). */
  goBack(): void {
    this.timeouts += 1;
    this.#sent = 0;
    this.#timed = -1;
    this.#timeoutAt = NEVER;
    this.#timeout = Math.min(this.#timeout * 2, MOST_TIMEOUT);
  }

  #fill(): void {
    while (this.#count < WINDOW) {
      this.#frame ??= this.#queue.shift();
      const frame = this.#frame;
      if (!frame) return;
      const end = Math.min(this.#cut + this.#bodyMax, frame.length);
      const last = end === frame.length;
      const slot = this.#slot(this.#count);
      this.#bytes.set(frame.subarray(this.#cut, end), slot * PIECE_BODY_MAX);
      this.#lengths[slot] = end - this.#cut;
      this.#kinds[slot] = last ? SerialKind.data : SerialKind.part;
      this.#count += 1;
      this.#cut = last ? 0 : end;
      if (last) this.#frame = undefined;
    }
  }

  #measure(elapsed: number): void {
    if (this.#smoothed === 0) {
      this.#smoothed = elapsed * 8;
      this.#variation = elapsed * 2;
    } else {
      const error = elapsed - (this.#smoothed >> 3);
      this.#smoothed += error;
      this.#variation += (error < 0 ? -error : error) - (this.#variation >> 2);
    }
    const timeout = (this.#smoothed >> 3) + this.#variation;
    this.#timeout = timeout < LEAST_TIMEOUT ? LEAST_TIMEOUT : Math.min(timeout, MOST_TIMEOUT);
  }

  #slot(offset: number): number {
    return (this.#base + offset) & (WINDOW - 1);
  }
}
