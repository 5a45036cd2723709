/**
 * The frame of the serial line between a box and its board (serial.cddl):
 *   COBS( kind 1 | sequence 1 | acknowledgement 1 | body 0..1100 | CRC-32 4 ) 00
 * COBS (Cheshire and Baker, 1999) takes every zero out of the frame, so that a zero only ever ends one: after lost, doubled or corrupted octets a
 * reader is in step again at the next zero. Zeros in a row are no frames: a sender may put one in front to part itself from noise.
 *
 *   reading -> reading    octets of the frame; or a zero: a frame, or a Reason
 *   reading -> overlong   more octets than a frame may have
 *   overlong -> reading   a zero: TooLong
 *
 * Both ways work in place, from zero to zero: 42 units of XS's meter an octet, of which the checksum takes 28. A loop over the octets took 105 to
 * write and 85 to read.
 */
import { CodedError, Reason, u32At } from '../base/index.js';
import { crc32 } from './crc32.js';

/** See serial.cddl. */
export const SerialKind = { data: 0, acknowledgement: 1, hello: 2, part: 3 } as const;
export type SerialKind = (typeof SerialKind)[keyof typeof SerialKind];

export interface SerialFrame {
  readonly kind: SerialKind;
  readonly sequence: number;
  readonly acknowledgement: number;
  /** A view into the reader's buffer: good until the reader is next asked. */
  readonly body: Uint8Array;
}

/** Largest body: an envelope, a segment of 1,024 octets of payload and what stands around it (transport.cddl). */
export const SERIAL_BODY_MAX = 1_100;
const HEAD = 3;
const CRC = 4;
/** COBS: in front of each group stands a code, how far it is to the next one. The code of the longest group stands for no zero behind it. */
const LONGEST = 255;

/** Most octets of a frame on the line with a body of so many octets, its zero included. */
export function serialFrameSize(body: number): number {
  const plain = HEAD + body + CRC;
  return Math.ceil(plain / (LONGEST - 1)) + plain + 1;
}

/** The largest frame on the line. */
export const SERIAL_FRAME_MAX = serialFrameSize(SERIAL_BODY_MAX);

/** Writes a frame at `out[at]`, which has `serialFrameSize` octets of room, and answers where it ends. */
export function writeSerialFrame(
  out: Uint8Array,
  at: number,
  kind: SerialKind,
  sequence: number,
  acknowledgement: number,
  body: Uint8Array,
): number {
  if (body.length > SERIAL_BODY_MAX) throw new CodedError('serial-body', `${body.length} octets, at most ${SERIAL_BODY_MAX}`);
  const room = out.length - at;
  if (room < serialFrameSize(body.length)) throw new CodedError('serial-room', `${room} octets are too few for a body of ${body.length}`);
  const head = at + 1;
  const end = head + HEAD + body.length;
  out[head] = kind;
  out[head + 1] = sequence;
  out[head + 2] = acknowledgement;
  out.set(body, head + HEAD);
  const crc = crc32(out, head, end);
  for (let i = 0; i < CRC; i += 1) out[end + i] = crc >>> (24 - 8 * i);
  return stuff(out, at, end + CRC);
}

/** Puts COBS into out[at..end), whose first octet is free, and a zero behind it; where that ends. */
function stuff(out: Uint8Array, at: number, end: number): number {
  for (let code = at; code < end;) {
    let next = out.indexOf(0, code + 1);
    if (next < 0 || next > end) next = end;
    while (next - code > LONGEST || (next - code === LONGEST && next < end)) {
      out[code] = LONGEST;
      code += LONGEST;
      out.copyWithin(code + 1, code, end);
      next += 1;
      end += 1;
    }
    out[code] = next - code;
    code = next;
  }
  out[end] = 0;
  return end + 1;
}

/** Takes COBS out of frame[0..end), which holds no zero: the end of the plain octets from frame[1] on, or -1 if a group breaks off. */
function unstuff(frame: Uint8Array, end: number): number {
  let code = 0;
  let length = frame[0]!;
  while (code + length < end) {
    code += length;
    if (length === LONGEST) {
      length = frame[code]!;
      frame.copyWithin(code, code + 1, end);
      code -= 1;
      end -= 1;
    } else {
      length = frame[code]!;
      frame[code] = 0;
    }
  }
  return code + length === end ? end : -1;
}

/** Takes octets as they come and gives the frames in them: `feed` a piece, then ask `next` until it answers undefined. */
export class SerialFrameReader {
  readonly #frame: Uint8Array;
  #piece: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** Octets of the frame so far; more than it holds: overlong. */
  #length = 0;

  /** Longer bodies than `bodyMax` are `TooLong`: a line that sends pieces needs an octet of buffer for each of theirs. */
  constructor(bodyMax = SERIAL_BODY_MAX) {
    this.#frame = new Uint8Array(serialFrameSize(bodyMax) - 1);
  }

  /** The piece is read in place: leave it as it is until `next` answers undefined. */
  feed(piece: Uint8Array): void {
    if (this.#at < this.#piece.length) throw new CodedError('serial-feed', 'the last piece is not read to its end');
    this.#piece = piece;
    this.#at = 0;
  }

  /** The next frame, a Reason for octets that were none, or undefined: feed more. */
  next(): SerialFrame | Reason | undefined {
    while (this.#at < this.#piece.length) {
      const zero = this.#piece.indexOf(0, this.#at);
      const run = this.#piece.subarray(this.#at, zero < 0 ? this.#piece.length : zero);
      if (this.#length + run.length <= this.#frame.length) this.#frame.set(run, this.#length);
      this.#length += run.length;
      this.#at += run.length;
      if (zero < 0) return undefined;
      this.#at += 1;
      const length = this.#length;
      this.#length = 0;
      if (length > 0) return this.#end(length);
    }
    return undefined;
  }

  #end(length: number): SerialFrame | Reason {
    const frame = this.#frame;
    if (length > frame.length) return Reason.TooLong;
    const end = unstuff(frame, length) - CRC;
    const body = 1 + HEAD;
    if (end < body) return Reason.Truncated;
    if ((u32At(frame, end) | 0) !== crc32(frame, 1, end)) return Reason.BadChecksum;
    const kind = frame[1]!;
    if (kind > SerialKind.part) return Reason.OutOfBounds;
    return { kind: kind as SerialKind, sequence: frame[2]!, acknowledgement: frame[3]!, body: frame.subarray(body, end) };
  }
}
