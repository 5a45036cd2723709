/** The build of the XS host compiles nothing twice, and a bundle for it reaches no platform. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildXs, bundleForXs } from '../../hosts/xs/build.mjs';
import { scratchFolder } from './rig.js';

test('a second build compiles nothing and names the same executable', async () => {
  const first = await buildXs();
  const second = await buildXs();
  assert.equal(second.compiled, 0);
  assert.equal(second.executable, first.executable);
});

test('an entry that imports a Node module makes no bundle', async () => {
  const output = join(await scratchFolder(), 'out.js');
  await assert.rejects(bundleForXs({ source: `import fs from 'node:fs'; export const start = fs;`, output }), /node:fs/);
});

test('a bundle keeps text as it is and runs in strict mode', async () => {
  const output = join(await scratchFolder(), 'out.js');
  await bundleForXs({ source: `export const text = '☀';`, output });
  const code = await readFile(output, 'utf8');
  assert.match(code, /☀/);
  assert.match(code, /^\(\(\) => \{"use strict";/);
});
