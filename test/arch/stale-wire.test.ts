/** The generated codecs are what the norm gives, and the guard that says so names the file that is not. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const wire = 'firmware/core/wire';

function generate(...options: string[]): { code: number | null; said: string } {
  const { status, stderr } = spawnSync(process.execPath, [`${wire}/generate.mjs`, ...options], { encoding: 'utf8' });
  return { code: status, said: stderr };
}

function replace(path: string, from: string, to: string): void {
  const text = readFileSync(path, 'utf8');
  assert.ok(text.includes(from), `${path} no longer says ${from}`);
  writeFileSync(path, text.replace(from, to));
}

/** Does something to a copy of the wire folder and then works on it. */
function planted(plant: (folder: string) => void, then: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'wire-'));
  try {
    cpSync(wire, folder, { recursive: true });
    plant(folder);
    then(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('no generated codec is stale', () => {
  assert.deepEqual(generate('--check'), { code: 0, said: '' });
});

/** What is planted, and which files the guard must name. */
const plants: readonly (readonly [what: string, files: readonly string[], plant: (folder: string) => void])[] = [
  ['a codec edited by hand', ['link.ts'], (folder) => appendFileSync(join(folder, 'gen/link.ts'), '// quick fix\n')],
  ['a codec that is missing', ['mesh.ts'], (folder) => rmSync(join(folder, 'gen/mesh.ts'))],
  ['a codec without a norm', ['credit.ts'], (folder) => writeFileSync(join(folder, 'gen/credit.ts'), '')],
  ['another bound in the norm', ['link.ts'], (folder) => replace(join(folder, 'link.cddl'), '0..100', '0..101')],
  ['another comment in the norm', ['link.ts'], (folder) => replace(join(folder, 'link.cddl'), '; percent', '; per mille')],
  ['another shared rule', ['serial.ts'], (folder) => replace(join(folder, 'common.cddl'), 'bstr .size 33', 'bstr .size 32')],
  ['another class', ['envelope.ts'], (folder) => replace(join(folder, 'envelope.layout.json'), '"free": 11', '"free": 12')],
];

for (const [what, files, plant] of plants) {
  test(`planted fault is caught: ${what}`, () => {
    planted(plant, (folder) => {
      const { code, said } = generate('--check', '--folder', folder);
      assert.equal(code, 1);
      assert.deepEqual(
        [...said.matchAll(/^stale: \S*\/gen\/(\S+)/gm)].map(([, name]) => name),
        files,
      );
    });
  });
}

test('generating makes a stale folder fresh', () => {
  planted(
    (folder) => {
      replace(join(folder, 'link.cddl'), '0..100', '0..101');
      writeFileSync(join(folder, 'gen/credit.ts'), '');
    },
    (folder) => {
      assert.equal(generate('--folder', folder).code, 0);
      assert.deepEqual(generate('--check', '--folder', folder), { code: 0, said: '' });
    },
  );
});

/** A norm that the generator cannot take, and what it says: the file, the rule and why. */
const refusals: readonly (readonly [file: string, from: string, to: string, said: RegExp])[] = [
  ['link.cddl', '@battery = 5', '@battery = 6', /link\.cddl: beacon\.@battery has key 6: keys ascend from 0 without a gap/],
  ['link.cddl', '@id = 0', '@id = 24', /link\.cddl: beacon\.@id is not a number below 24/],
  ['link.cddl', '@id = 0\n', '', /link\.cddl: beacon\.@id names @id, which is not defined/],
  ['link.cddl', '@id => node-id', 'id => node-id', /link\.cddl: beacon\.id is not a key label/],
  ['link.cddl', '? @queue ^ =>', '? @queue =>', /link\.cddl: beacon\.@queue is optional without a cut/],
  [
    'link.cddl',
    '@id => node-id',
    '@id ^ => node-id',
    /link\.cddl: beacon\.@id is optional without a cut, or has a cut without being optional/,
  ],
  ['link.cddl', '  * uint => any,\n', '', /link\.cddl: beacon does not end with the extension rule/],
  ['link.cddl', '[0*24 heard]', '[* heard]', /link\.cddl: beacon\.@heard is not a list \[n\*m item\]/],
  ['link.cddl', '[0*24 heard]', '[0*24 role]', /link\.cddl: beacon\.@heard is a list of something else than arrays/],
  ['link.cddl', '@id => node-id', '@id => greeting', /link\.cddl: beacon\.@id holds greeting, which is not a plain value/],
  ['link.cddl', '@step => 0..2', '@step => float', /link\.cddl: handshake\.@step has the type float, which is not supported/],
  ['link.cddl', '@step => 0..2', '@step => tstr', /link\.cddl: handshake\.@step has no \.size/],
  ['link.cddl', '@step => 0..2', '@step => uint / bool', /link\.cddl: handshake\.@step is a choice without a name/],
  ['link.cddl', '@step => 0..2', '@step => uint .lt 5', /link\.cddl: handshake\.@step has the operator \.lt/],
  ['link.cddl', '@step => 0..2', '@step => 5..4', /link\.cddl: handshake\.@step has a bound that is not/],
  ['link.cddl', '@step => 0..2', '@step => nothing', /link\.cddl: handshake\.@step names nothing, which is not defined/],
  ['link.cddl', 'greeting = {', 'beacon = {', /link\.cddl: beacon is defined twice/],
  ['transport.cddl', '? @index ^ => segment-index', '@index => segment-index', /transport\.cddl: segment\.@index has a default, but/],
  ['transport.cddl', 'packet = segment', 'packet = letter', /transport\.cddl: packet chooses letter, which is no message/],
  ['transport.cddl', '@kind => 3', '@kind => 2', /transport\.cddl: packet cannot be told apart by key 0/],
  ['transport.cddl', 'too-long = 3', 'too-long = 4', /transport\.cddl: refusal is not numbered in a row/],
  ['envelope.layout.json', '"bits": 5', '"bits": 6', /envelope\.layout\.json: class crosses an octet/],
  ['envelope.layout.json', '"octets": 16', '"octets": 17', /envelope\.layout\.json: the fields take 128 bits of 136/],
];

for (const [file, from, to, said] of refusals) {
  test(`the generator refuses ${to.trim() || `nothing for ${from.trim()}`} in ${file}`, () => {
    planted(
      (folder) => replace(join(folder, file), from, to),
      (folder) => {
        const answer = generate('--check', '--folder', folder);
        assert.equal(answer.code, 1);
        assert.match(answer.said, said);
      },
    );
  });
}
