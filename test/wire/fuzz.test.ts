/** Decoders against damaged messages: they never throw, they agree with the second reader, and what they take they write again as it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reason, reasonName } from '../../firmware/core/base/index.js';
import { codecOf, codecs, type Codec, type Fields } from '../portable/wire-codecs.js';
import { fuzz } from './fuzz.js';

/** Of each of the seven: 245,000 in all. */
const INPUTS = 35_000;
const SEED = 20261122;
const given = new Set<Reason>();

for (const codec of codecs) {
  test(`${codec.rule}: ${INPUTS} damaged messages`, (t) => {
    const { finding, accepted, extended, reasons } = fuzz(codec, INPUTS, SEED);
    assert.equal(finding, undefined);
    const counts = [...reasons].map(([reason, count]) => `${reasonName(reason)} ${count}`).join(', ');
    t.diagnostic(`accepted ${accepted} (${extended} with unknown keys), refused: ${counts}`);
    assert.ok(accepted > INPUTS / 100, `only ${accepted} accepted: the fuzz does not get past the door`);
    assert.ok(extended > 0, 'no unknown key was ever accepted');
    for (const reason of reasons.keys()) given.add(reason);
  });
}

test('the fuzz met every reason that a decoder gives', () => {
  const never = new Set<Reason>([Reason.OtherVersion, Reason.BadChecksum]);
  for (const reason of Object.values(Reason)) assert.ok(given.has(reason) || never.has(reason), reasonName(reason));
});

/** Wraps a decoder so that it does wrong. */
function faulty(rule: string, fault: (read: Fields | Reason, bytes: Uint8Array) => Fields | Reason): Codec {
  const codec = codecOf(rule);
  return { ...codec, decode: (bytes, at, end) => fault(codec.decode(bytes, at, end), bytes) };
}
const ping = { kind: 'ping', node: new Uint8Array(8), number: 0 };

const plants: readonly (readonly [string, RegExp, Codec])[] = [
  ['a decoder that throws', /threw/, faulty('packet', (read, bytes) => (bytes[0] === 0xff ? Reason[bytes as never]!['x' as never] : read))],
  ['a number that is no reason', /no reason/, faulty('packet', (read) => (read === Reason.Truncated ? (-99 as Reason) : read))],
  ...Object.entries(Reason)
    .filter(([name]) => !['OtherVersion', 'BadChecksum', 'BadUtf8'].includes(name))
    .map(
      ([name, reason]) =>
        [`${name} let through`, /only the second reader/, faulty('packet', (read) => (read === reason ? ping : read))] as const,
    ),
  [
    'BadUtf8 let through',
    /only the second reader/,
    faulty('message', (read) => (read === Reason.BadUtf8 ? { kind: 'report-request' } : read)),
  ],
  [
    'a valid message refused',
    /only the decoder/,
    faulty('packet', (read) => (typeof read !== 'number' && read.kind === 'pong' ? Reason.OutOfBounds : read)),
  ],
  ['a field lost', /written differently/, faulty('beacon', (read) => (typeof read !== 'number' ? { ...read, queue: undefined } : read))],
  [
    'a field changed',
    /written differently/,
    faulty('packet', (read) => (typeof read !== 'number' && read.number === 24 ? { ...read, number: 25 } : read)),
  ],
];

for (const [what, finding, codec] of plants) {
  test(`planted fault is caught: ${what}`, () => {
    assert.match(fuzz(codec, INPUTS, SEED).finding ?? 'nothing', finding);
  });
}
