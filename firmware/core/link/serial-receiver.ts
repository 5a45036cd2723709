/**
 * The receiving half of the serial line: pieces in, in any state of repair; whole frames out, once and in order.
 *
 *   assembling -> assembling   the expected piece, the last of its frame or not
 *   assembling -> skipping     the frame outgrows its buffer
 *   skipping   -> assembling   its last piece
 */
import { SERIAL_BODY_MAX, SerialKind, type SerialFrame } from '../wire/index.js';

/** The largest frame that is put together: what one serial frame could carry whole (serial-frame.ts). */
export const FRAME_MAX = SERIAL_BODY_MAX;

export class SerialReceiver {
  /** Sequence number of the piece wanted next: what an acknowledgement says. */
  expected = 0;
  /** Since the start: whole frames, pieces received again, pieces after one that is missing, frames that outgrew their buffer. */
  frames = 0;
  duplicates = 0;
  gaps = 0;
  overlong = 0;
  readonly #window: number;
  readonly #assembly = new Uint8Array(FRAME_MAX);
  /** Octets of the frame so far; -1: skipping. */
  #length = 0;

  constructor(window: number) {
    this.#window = window;
  }

  /** A session begins. */
  reset(): void {
    this.expected = 0;
    this.#length = 0;
  }

  /** The frame that this piece completes, if it does. */
  take({ kind, sequence, body }: SerialFrame): Uint8Array | undefined {
    if (sequence !== this.expected) {
      if (((this.expected - sequence) & 0xff) <= this.#window) this.duplicates += 1;
      else this.gaps += 1;
      return undefined;
    }
    this.expected = (this.expected + 1) & 0xff;
    if (this.#length < 0 || this.#length + body.length > FRAME_MAX) this.#length = -1;
    else {
      this.#assembly.set(body, this.#length);
      this.#length += body.length;
    }
    if (kind === SerialKind.part) return undefined;
    const length = this.#length;
    this.#length = 0;
    if (length < 0) this.overlong += 1;
    else this.frames += 1;
    return length < 0 ? undefined : this.#assembly.slice(0, length);
  }
}
