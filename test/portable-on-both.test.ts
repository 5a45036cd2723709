/** The portable suites pass on Node and on XS, with equal counts; and a suite that passes on Node alone is caught. */
import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bundleSuites, describe, runSuites } from './xs/run-portable.js';

test('every portable suite passes on Node and on XS alike', async () => {
  const bundle = await bundleSuites();
  const node = await runSuites('node', bundle);
  const xs = await runSuites('xs', bundle);
  console.log(`${describe(node)}\n${describe(xs)}`);
  assert.deepEqual(node.failures, []);
  assert.deepEqual(xs.failures, []);
  assert.ok(node.passed > 0, 'no portable test ran');
  assert.equal(xs.passed, node.passed);
});

test('suites that pass only on Node are caught on XS', async () => {
  const folder = new URL('./xs/faults', import.meta.url).pathname;
  const bundle = await bundleSuites(folder, join(await mkdtemp(join(tmpdir(), 'faults-')), 'faults.js'));
  const node = await runSuites('node', bundle);
  const xs = await runSuites('xs', bundle);
  assert.deepEqual(node.failures, [], 'the planted faults must pass on Node');
  assert.equal(node.passed, 4);
  assert.deepEqual(
    xs.failures.map((failure) => failure.test),
    ['counts UTF-16 units', 'asks the wall clock', 'takes entropy from the language', 'uses a global of Node'],
  );
});
