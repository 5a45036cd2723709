/** cbor-x and the generated codecs read each other's octets and write the same ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Encoder } from 'cbor-x';
import fc from 'fast-check';
import { cborOptions, decodeCbor, encodeCbor } from '../../hosts/node/cbor.js';
import { codecOf, codecs, encode, type Fields } from '../portable/wire-codecs.js';
import { arbitrary } from './arbitraries.js';
import { readerOf, toCbor } from './norm.js';

const RUNS = 400;
const SEED = 20261122;

for (const codec of codecs) {
  test(`${codec.rule}: ${RUNS} random messages, both ways`, () => {
    fc.assert(
      fc.property(arbitrary(codec.rule), (message) => {
        const value = toCbor(codec, message);
        const ours = encode(codec, message);
        const theirs = encodeCbor(value);
        assert.equal(Buffer.from(ours).toString('hex'), Buffer.from(theirs).toString('hex'));
        assert.deepEqual(decodeCbor(ours), value);
        assert.deepEqual(codec.decode(theirs, 0, theirs.length), message);
        assert.equal(readerOf(codec).read(codec.rule, theirs).refusal, undefined);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });
}

/** Each option and the normaliser is there for a reason: without it the octets differ. */
const large: Fields = { kind: 'text-message', text: '', wall: 2 ** 32 };
const plants: readonly (readonly [what: string, rule: string, message: Fields, write: (value: unknown) => Uint8Array])[] = [
  [
    'octet strings with tag 64',
    'greeting',
    { group: new Uint8Array(32), role: 'box', number: 1, boot: 2 },
    (value) => new Encoder({ ...cborOptions, tagUint8Array: true }).encode(value),
  ],
  [
    'maps with tag 259',
    'message',
    { kind: 'report-request' },
    (value) => new Encoder({ ...cborOptions, useTag259ForMaps: true } as object).encode(value),
  ],
  ['integers past 2^32 as floats', 'message', large, (value) => new Encoder(cborOptions).encode(value)],
  [
    'keys in the order of insertion',
    'message',
    large,
    (value) => new Encoder(cborOptions).encode(new Map([...(value as Map<number, unknown>)].reverse())),
  ],
];

for (const [what, rule, message, write] of plants) {
  test(`planted fault is caught: ${what}`, () => {
    const codec = codecOf(rule);
    const octets = write(toCbor(codec, message));
    assert.notDeepEqual(new Uint8Array(octets), encode(codec, message));
    assert.equal(typeof codec.decode(octets, 0, octets.length), 'number', 'the decoder took it');
    assert.notEqual(readerOf(codec).read(rule, octets).refusal, undefined, 'the second reader took it');
  });
}

test('what cbor-x reads comes back normalised', () => {
  const read = decodeCbor(Uint8Array.from(Buffer.from('861b001fffffffffffff1b00200000000000003b001ffffffffffffe40a201020304f6', 'hex')));
  assert.deepEqual(read, [
    2 ** 53 - 1,
    2n ** 53n,
    -(2 ** 53 - 1),
    new Uint8Array(0),
    new Map([
      [1, 2],
      [3, 4],
    ]),
    null,
  ]);
  assert.equal((read as Uint8Array[])[3]!.constructor, Uint8Array);
  assert.throws(() => decodeCbor(Uint8Array.of(0x82, 0x00)), /end of CBOR/);
});

test('maps are written in bytewise order of their keys', () => {
  const value = new Map([
    [-1, 0],
    [256, 1],
    [24, 2],
    [2 ** 32, 3],
    [0, 4],
  ]);
  assert.equal(Buffer.from(encodeCbor(value)).toString('hex'), 'a5000418180219010001' + '1b00000001000000000' + '32000');
});
