/** The second reader takes every valid vector and refuses every invalid one, as the decoders do. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { codecOf, codecs, encode, fromJson, unhex, type Fields } from '../portable/wire-codecs.js';
import { CddlReader } from './cddl-reader.js';
import golden from './golden-frames.json' with { type: 'json' };
import invalid from './invalid.json' with { type: 'json' };
import { readerOf, wireFolder } from './norm.js';

test('valid vectors are taken, without an extension', () => {
  for (const { name, rule, hex } of golden.messages)
    assert.deepEqual(readerOf(codecOf(rule)).read(rule, unhex(hex)), { refusal: undefined, extensions: 0 }, name);
});

test('invalid vectors are refused by both', () => {
  for (const vector of invalid) {
    const octets = Buffer.concat([unhex(vector.hex), new Uint8Array('zeros' in vector ? vector.zeros : 0)]);
    const codec = codecOf(vector.rule);
    assert.notEqual(readerOf(codec).read(vector.rule, octets).refusal, undefined, `${vector.rule}: ${vector.what}`);
    assert.equal(typeof codec.decode(octets, 0, octets.length), 'number', `${vector.rule}: ${vector.what}`);
  }
});

test('a message cut at any octet is refused', () => {
  for (const { name, rule, hex } of golden.messages)
    for (let end = 0; end < hex.length / 2; end += 1)
      assert.notEqual(readerOf(codecOf(rule)).read(rule, unhex(hex).subarray(0, end)).refusal, undefined, `${name} at ${end}`);
});

test('it shares no code with the wire, and has at most 200 lines', () => {
  const text = readFileSync(new URL('./cddl-reader.ts', import.meta.url), 'utf8');
  assert.ok(text.split('\n').length <= 201);
  assert.deepEqual([...text.matchAll(/from '([^']+)'/g)].map(([, from]) => from).sort(), ['cddl', 'node:buffer']);
});

/** Each line of the norm that is changed makes the reader and the generated decoders disagree on some vector. */
const plants: readonly (readonly [string, string, string])[] = [
  ['link', '? @battery ^ => 0..100', '? @battery ^ => 0..99'],
  ['link', '@heard => [0*24 heard]', '@heard => [0*1 heard]'],
  ['link', '@step => 0..2', '@step => 1..2'],
  ['serial', '@answer => bool', '@answer => uint'],
  ['mesh', '@hops => 0..63', '@hops => 0..62'],
  ['mesh', '@hops = 2', '@hops = 4'],
  ['transport', '@number => uint .size 4', '@number => uint .size 1'],
  ['transport', 'segment-count .default 1', 'segment-count .default 600'],
  ['app', 'tstr .size (1..120)', 'tstr .size (1..9)'],
  ['app', '@kind => 4', '@kind => 6'],
  ['common', 'leaf = 2', 'leaf = 3'],
  ['common', 'bstr .size 33', 'bstr .size 32'],
];

for (const [file, line, planted] of plants) {
  test(`planted fault is caught: ${planted}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'norm-'));
    try {
      cpSync(wireFolder, folder, { recursive: true });
      const path = join(folder, `${file}.cddl`);
      const text = readFileSync(path, 'utf8');
      assert.ok(text.includes(line), `the norm no longer says ${line}`);
      writeFileSync(path, text.replace(line, planted));
      const refused = codecs.flatMap((codec) => {
        const reader = new CddlReader(join(folder, 'common.cddl'), join(folder, `${codec.file}.cddl`));
        const vectors = golden.messages.filter(({ rule }) => rule === codec.rule);
        return vectors.filter(({ fields }) => reader.read(codec.rule, encode(codec, fromJson(fields) as Fields)).refusal !== undefined);
      });
      assert.notEqual(refused.length, 0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
