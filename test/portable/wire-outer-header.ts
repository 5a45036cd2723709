/** The outer header's layout, octet by octet, and its refusals. */
import { ByteWriter, Reason } from '../../firmware/core/base/index.js';
import {
  decodeOuterHeader,
  encodeOuterHeader,
  OUTER_HEADER_HASHED,
  OUTER_HEADER_SIZE,
  type OuterHeader,
} from '../../firmware/core/wire/index.js';
import { check, equal, same, suite, throws } from './harness.js';

const octets = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
const header: OuterHeader = {
  parent: octets(32, 1),
  number: 0x0a0b0c0d,
  time: 0xf1f2f3f4,
  payload: octets(32, 2),
  state: octets(32, 3),
  receipts: octets(32, 4),
  weights: octets(32, 5),
  proposer: octets(20, 6),
  proof: octets(81, 7),
  seal: octets(65, 8),
};
/** Written by hand from the layout. */
const runs: readonly (readonly [number, number])[] = [
  [32, 1],
  [1, 0x0a],
  [1, 0x0b],
  [1, 0x0c],
  [1, 0x0d],
  [1, 0xf1],
  [1, 0xf2],
  [1, 0xf3],
  [1, 0xf4],
  [32, 2],
  [32, 3],
  [32, 4],
  [32, 5],
  [20, 6],
  [81, 7],
  [65, 8],
];

suite('wire-outer-header', (t) => {
  t.test('is written and read as the layout says', () => {
    const w = new ByteWriter(new Uint8Array(OUTER_HEADER_SIZE + 2));
    w.u8(0xee);
    encodeOuterHeader(w, header);
    let at = 1;
    for (const [length, value] of runs) for (let i = 0; i < length; i += 1) equal(w.buffer[at++], value, `octet ${at - 1}`);
    equal(at - 1, OUTER_HEADER_SIZE);
    equal(OUTER_HEADER_HASHED, OUTER_HEADER_SIZE - header.seal.length);
    check(OUTER_HEADER_SIZE <= 340, 'an outer header is too long for what carries it');
    const read = decodeOuterHeader(w.buffer, 1, at);
    if (typeof read === 'number') throw new Error('refused');
    for (const [name, value] of Object.entries(header)) {
      const got = read[name as keyof OuterHeader];
      if (typeof value === 'number') equal(got as number, value, name);
      else same(got as Uint8Array, value, name);
    }
  });

  t.test('another length is refused', () => {
    const bytes = new Uint8Array(OUTER_HEADER_SIZE + 1);
    equal(decodeOuterHeader(bytes, 0, OUTER_HEADER_SIZE - 1) as Reason, Reason.Truncated);
    equal(decodeOuterHeader(bytes, 0, OUTER_HEADER_SIZE + 1) as Reason, Reason.TrailingBytes);
  });

  t.test('a field of another length is our own misuse', () => {
    const w = new ByteWriter(new Uint8Array(400));
    throws(() => encodeOuterHeader(w, { ...header, proof: octets(80, 7) }), 'wire-bounds');
  });
});
