/** One suite over every implementation of Kernels. */
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { implementations } from './implementations.js';
import { kernelsSuite } from './kernels-suite.js';
import { tablesSuite } from './tables-suite.js';

const { oracle, all, close } = await implementations();
after(close);

test('three implementations run', () => assert.deepEqual(all.map(({ name }) => name).sort(), ['c', 'typescript', 'wasm']));

for (const kernels of all) {
  suite(`kernels: ${kernels.name}`, () => kernelsSuite(kernels));
  suite(`tables: ${kernels.name}`, () => tablesSuite(kernels, oracle));
}
