/** The built page: small, self-contained, cached; and the browser that the page tests need. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { transformSync } from 'esbuild';
import { buildWeb, firstLoadLimit } from '../../hosts/web/build.mjs';
import { findChromium } from './chromium.js';

const built = await buildWeb({ log: () => {} });
const read = (name: string): string => readFileSync(join(built.folder, name), 'utf8');

test('the first load stays below its limit', () => {
  assert.deepEqual(built.files.map(({ name }) => name).sort(), ['index.html', 'main.css', 'main.js']);
  assert.ok(built.gzip < firstLoadLimit, `${built.gzip} octets`);
});

test('a second build does nothing', async () => {
  const lines: string[] = [];
  assert.deepEqual(await buildWeb({ log: (line: string) => lines.push(line) }), built);
  assert.deepEqual(lines, []);
});

/** Addresses that a text would fetch or name, but for those of XML namespaces. */
const foreign = (text: string): string[] =>
  (text.match(/(https?:)?\/\/[a-z0-9.-]+\.[a-z]{2,}[^\s"'`)]*/gi) ?? []).filter((url) => !url.includes('www.w3.org/'));

test('nothing is fetched from elsewhere', () => {
  for (const { name } of built.files) assert.deepEqual(foreign(read(name)), []);
  assert.deepEqual(foreign('@import url(//fonts.example.org/a.css)'), ['//fonts.example.org/a.css'], 'the search finds a planted one');
});

test('the script is ES2018', () => {
  const lowered = (code: string): boolean =>
    transformSync(code, { target: 'es2018', minify: true, legalComments: 'none' }).code.length <= code.length + 1;
  assert.ok(lowered(read('main.js')), 'lowering it again changes nothing');
  assert.ok(!lowered('a?.b;'), 'newer syntax grows when it is lowered');
});

test('a missing Chromium is named with the command that installs it', () => {
  assert.throws(() => findChromium(['/nowhere/chromium']), /apt-get install -y --no-install-recommends chromium$/);
});
