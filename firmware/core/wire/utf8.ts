/**
 * UTF-8 (RFC 3629), strict both ways, without TextEncoder and without a string's length or index: those differ between engines.
 */
import { CodedError, type ByteWriter } from '../base/index.js';

/** Code points turned into text at once: an argument each on the engine's stack, of which a board has 320 slots. */
const BATCH = 32;

/** Octets of the text; a lone surrogate is our own misuse and throws. */
export function utf8Octets(text: string): number {
  let octets = 0;
  for (const character of text) {
    const point = character.codePointAt(0)!;
    if (point >= 0xd800 && point <= 0xdfff) throw new CodedError('wire-text', 'a text with a lone surrogate has no UTF-8');
    octets += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return octets;
}

export function writeUtf8(w: ByteWriter, text: string): void {
  for (const character of text) {
    const point = character.codePointAt(0)!;
    if (point < 0x80) w.u8(point);
    else if (point < 0x800) w.u16(0xc080 | ((point >> 6) << 8) | (point & 0x3f));
    else {
      if (point < 0x10000) w.u8(0xe0 | (point >> 12));
      else w.u16(0xf080 | ((point >> 18) << 8) | ((point >> 12) & 0x3f));
      w.u16(0x8080 | (((point >> 6) & 0x3f) << 8) | (point & 0x3f));
    }
  }
}

/** The text in bytes[at..end), or undefined if it is not UTF-8 (overlong forms, surrogates and what is past U+10FFFF are not). */
export function readUtf8(bytes: Uint8Array, at: number, end: number): string | undefined {
  let text = '';
  while (at < end) {
    const batch: number[] = [];
    for (let i = 0; i < BATCH && at < end; i += 1) {
      const lead = bytes[at]!;
      const size = lead < 0x80 ? 1 : sizeOf(lead);
      const point = size === 1 ? lead : pointAt(bytes, at, end, size);
      if (point < 0) return undefined;
      batch[i] = point;
      at += size;
    }
    text += String.fromCodePoint(...batch);
  }
  return text;
}

/** Octets of the sequence that a lead octet starts; 0: none. */
function sizeOf(lead: number): number {
  return lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
}

/** The code point of a sequence of 2 to 4 octets, or -1. */
function pointAt(bytes: Uint8Array, at: number, end: number, size: number): number {
  if (size === 0 || at + size > end) return -1;
  let point = bytes[at]! & (0x7f >> size);
  for (let i = 1; i < size; i += 1) {
    const octet = bytes[at + i]!;
    if (octet >> 6 !== 2) return -1;
    point = (point << 6) | (octet & 0x3f);
  }
  if (size === 3 && (point < 0x800 || (point >= 0xd800 && point <= 0xdfff))) return -1;
  if (size === 4 && (point < 0x10000 || point > 0x10ffff)) return -1;
  return point;
}
