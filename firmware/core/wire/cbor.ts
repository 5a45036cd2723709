/**
 * Deterministic CBOR (RFC 8949 section 4.2.1): the few primitives that generated code shares.
 *
 * Reading keeps no state: a reader answers a value, or a Reason (negative). The size of a deterministic head follows from its value, so the caller
 * goes on by `headSize(value)`. Nothing here allocates, throws on bytes from outside or recurses deeper than `SKIP_DEPTH`.
 * Writing checks bounds: a value that the norm does not allow is our own misuse and throws a CodedError.
 */
import { CodedError, Reason, u32At, type ByteWriter } from '../base/index.js';
import { utf8Octets, writeUtf8 } from './utf8.js';

/** Major types, as the initial octet of an item whose argument is 0; RFC 8949 section 3.1. */
export const UINT = 0x00;
const NINT = 0x20;
export const BYTES = 0x40;
export const TEXT = 0x60;
export const LIST = 0x80;
export const MAP = 0xa0;
const SIMPLE = 0xe0;
/** Initial octets of false and true, RFC 8949 section 3.3. */
const FALSE = 0xf4;
const TRUE = 0xf5;

/** How deep an unknown item may nest; common.cddl. */
const SKIP_DEPTH = 4;

/** Octets of the shortest head that carries `value`. */
export function headSize(value: number): number {
  return value < 24 ? 1 : value < 0x100 ? 2 : value < 0x10000 ? 3 : value < 0x100000000 ? 5 : 9;
}

/** The argument of a head of the given major type, at most 2^53 - 1, or a Reason. */
export function readHead(bytes: Uint8Array, at: number, end: number, major: number): number {
  if (at >= end) return Reason.Truncated;
  const info = bytes[at]! - major;
  if (info >= 0 && info < 24) return info;
  return info >= 0 && info < 32 ? readArgument(bytes, at + 1, end, info) : Reason.WrongType;
}

/** The argument behind an initial octet with additional information 24 to 31. */
function readArgument(bytes: Uint8Array, at: number, end: number, info: number): number {
  if (info > 27) return Reason.NotDeterministic; // reserved, or indefinite length
  if (at + (1 << (info - 24)) > end) return Reason.Truncated;
  const first = bytes[at]!;
  if (info === 24) return first < 24 ? Reason.NotDeterministic : first;
  if (info === 25) return first === 0 ? Reason.NotDeterministic : (first << 8) | bytes[at + 1]!;
  const value = u32At(bytes, at);
  if (info === 26) return value < 0x10000 ? Reason.NotDeterministic : value;
  if (value === 0) return Reason.NotDeterministic;
  return value > 0x1fffff ? Reason.OutOfBounds : value * 0x100000000 + u32At(bytes, at + 4);
}

/** Of a number that is not within its bounds: the Reason that it is, or OutOfBounds. */
export function refused(value: number): Reason {
  return value < 0 ? (value as Reason) : Reason.OutOfBounds;
}

/** Why there is no octet string of `length` octets at `at`. */
export function bytesFault(bytes: Uint8Array, at: number, end: number, length: number): Reason {
  const given = readHead(bytes, at, end, BYTES);
  return given === length ? Reason.Truncated : refused(given);
}

/** 1 for true, 0 for false, or a Reason; one octet long. */
export function readBool(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return Reason.Truncated;
  const initial = bytes[at]!;
  return initial === TRUE ? 1 : initial === FALSE ? 0 : Reason.WrongType;
}

/** The value under key 0 of a map: which message of a choice this is; or a Reason. */
export function readKind(bytes: Uint8Array, at: number, end: number): number {
  const pairs = readHead(bytes, at, end, MAP);
  if (pairs < 0) return pairs;
  const key = at + headSize(pairs);
  if (pairs === 0 || bytes[key] !== 0) return keyFault(bytes, at, key, end, pairs, 0);
  return readHead(bytes, key + 1, end, UINT);
}

/** Why the map that begins at `map`, with `left` pairs to go, does not have the key `wanted` (0..23) at `at`. */
export function keyFault(bytes: Uint8Array, map: number, at: number, end: number, left: number, wanted: number): Reason {
  if (left === 0) return Reason.MissingKey;
  const key = readHead(bytes, at, end, UINT);
  if (key < 0) return key as Reason;
  return key > wanted ? Reason.MissingKey : orderFault(bytes, map, at, key);
}

/** The key at `at` is not above the one in front of it: was it there before, or is it only late? */
function orderFault(bytes: Uint8Array, map: number, at: number, key: number): Reason {
  let next = map + headSize(readHead(bytes, map, at, MAP));
  while (next < at) {
    const before = readHead(bytes, next, at, UINT);
    if (before === key) return Reason.DuplicateKey;
    next = skip(bytes, next + headSize(before), at, SKIP_DEPTH);
  }
  return Reason.NotDeterministic;
}

/** Skips the last `left` pairs of a map, whose keys must ascend from above `last`. The position behind them, or a Reason. */
export function skipPairs(bytes: Uint8Array, map: number, at: number, end: number, left: number, last: number): number {
  for (; left > 0; left -= 1) {
    const key = readHead(bytes, at, end, UINT);
    if (key < 0) return key;
    if (key <= last) return orderFault(bytes, map, at, key);
    last = key;
    at = skip(bytes, at + headSize(key), end, SKIP_DEPTH);
    if (at < 0) return at;
  }
  return at;
}

/**
 * The position behind one item, or a Reason. It must be well-formed with shortest heads and definite lengths; what only a schema could judge
 * (order of keys, UTF-8, shortest floats) is not looked at.
 */
function skip(bytes: Uint8Array, at: number, end: number, depth: number): number {
  if (at >= end) return Reason.Truncated;
  const major = bytes[at]! & 0xe0;
  if (major === SIMPLE) return skipSimple(bytes, at, end);
  const value = readHead(bytes, at, end, major);
  // Past 2^53: an integer that we need not hold, or a length beyond any end.
  if (value === Reason.OutOfBounds) return major <= NINT ? at + 9 : Reason.Truncated;
  if (value < 0) return value;
  at += headSize(value);
  if (major <= NINT) return at;
  if (major <= TEXT) return at + value > end ? Reason.Truncated : at + value;
  if (depth === 0) return Reason.TooLong;
  for (let items = major === MAP ? value * 2 : major === LIST ? value : 1; items > 0; items -= 1) {
    at = skip(bytes, at, end, depth - 1);
    if (at < 0) return at;
  }
  return at;
}

/** Simple values and floats, RFC 8949 section 3.3. */
function skipSimple(bytes: Uint8Array, at: number, end: number): number {
  const info = bytes[at]! - SIMPLE;
  if (info > 27) return Reason.NotDeterministic;
  const next = at + 1 + (info < 24 ? 0 : 1 << (info - 24));
  if (next > end) return Reason.Truncated;
  return info === 24 && bytes[at + 1]! < 32 ? Reason.NotDeterministic : next;
}

export function writeUint(w: ByteWriter, value: number, min: number, max: number, field: string): void {
  if (value % 1 !== 0) throw new CodedError('wire-type', `${field} is ${value}, not an integer`);
  if (value < min || value > max) outside(value, min, max, field);
  if (value < 24) w.u8(value);
  else writeHead(w, UINT, value);
}

export function writeBool(w: ByteWriter, value: boolean): void {
  w.u8(value ? TRUE : FALSE);
}

export function writeBytes(w: ByteWriter, value: Uint8Array, min: number, max: number, field: string): void {
  const { length } = value;
  if (length < min || length > max) outside(length, min, max, field);
  writeHead(w, BYTES, length);
  w.bytes(value);
}

export function writeText(w: ByteWriter, value: string, min: number, max: number, field: string): void {
  const octets = utf8Octets(value);
  if (octets < min || octets > max) outside(octets, min, max, field);
  writeHead(w, TEXT, octets);
  writeUtf8(w, value);
}

/** The head of a list; its items follow. */
export function writeCount(w: ByteWriter, count: number, min: number, max: number, field: string): void {
  if (count < min || count > max) outside(count, min, max, field);
  writeHead(w, LIST, count);
}

function writeHead(w: ByteWriter, major: number, value: number): void {
  if (value < 24) w.u8(major | value);
  else if (value < 0x100) w.u16(((major | 24) << 8) | value);
  else if (value < 0x10000) {
    w.u8(major | 25);
    w.u16(value);
  } else if (value < 0x100000000) {
    w.u8(major | 26);
    w.u32(value);
  } else {
    w.u8(major | 27);
    w.u32(Math.floor(value / 0x100000000));
    w.u32(value % 0x100000000);
  }
}

function outside(value: number, min: number, max: number, field: string): never {
  throw new CodedError('wire-bounds', `${field} is ${value}, not within ${min}..${max}`);
}
