/** Integers and texts at every size of their encoding, seen through the one message that holds both. */
import { hex } from '../../firmware/core/base/index.js';
import { equal, suite } from './harness.js';
import { codecOf, encode, sameMessage, unhex } from './wire-codecs.js';

const codec = codecOf('message');

function roundTrip(text: string, wall: number, expected: string): void {
  const fields = { kind: 'text-message', text, wall };
  const octets = encode(codec, fields);
  equal(hex(octets), expected);
  sameMessage(codec.decode(octets, 0, octets.length), fields, expected);
}

/** 0, 1, boundaries of each size of head, and the largest exact integer: RFC 8949 appendix A where it has them. */
const integers: readonly (readonly [number, string])[] = [
  [0, '00'],
  [23, '17'],
  [24, '1818'],
  [255, '18ff'],
  [256, '190100'],
  [65_535, '19ffff'],
  [65_536, '1a00010000'],
  [4_294_967_295, '1affffffff'],
  [4_294_967_296, '1b0000000100000000'],
  [1_000_000_000_000, '1b000000e8d4a51000'],
  [9_007_199_254_740_991, '1b001fffffffffffff'],
];

/** The first and last code point of each length, around the surrogates, and a byte order mark, which is text like any other. */
const points: readonly (readonly [number, string])[] = [
  [0x00, '00'],
  [0x7f, '7f'],
  [0x80, 'c280'],
  [0x7ff, 'dfbf'],
  [0x800, 'e0a080'],
  [0xd7ff, 'ed9fbf'],
  [0xe000, 'ee8080'],
  [0xfeff, 'efbbbf'],
  [0xffff, 'efbfbf'],
  [0x10000, 'f0908080'],
  [0x10ffff, 'f48fbfbf'],
];

suite('wire primitives', (t) => {
  t.test('integers have the shortest head', () => {
    for (const [value, text] of integers) roundTrip('', value, `a30000016002${text}`);
  });

  t.test('texts are UTF-8', () => {
    for (const [point, text] of points)
      roundTrip(String.fromCodePoint(point), 0, `a3000001${hex(Uint8Array.of(0x60 + text.length / 2))}${text}0200`);
  });

  t.test('texts of many characters are put together whole', () => {
    for (const characters of [1, 31, 32, 33, 64, 65, 500]) {
      const text = '🌍'.repeat(characters);
      const octets = unhex('f09f8c8d'.repeat(characters));
      const head =
        octets.length < 24
          ? Uint8Array.of(0x60 + octets.length)
          : octets.length < 256
            ? Uint8Array.of(0x78, octets.length)
            : Uint8Array.of(0x79, octets.length >> 8, octets.length & 255);
      roundTrip(text, 0, `a3000001${hex(head)}${hex(octets)}0200`);
    }
  });
});
