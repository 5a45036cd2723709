import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { buildKernels } from '../../assembly/build.mjs';
import { matrix, scenarios, type Case } from './crash-matrix.js';

before(() => buildKernels());

const words = ({ scenario, kill, failure }: Case): string =>
  `${scenario}: ${kill.party} killed ${kill.when} ${kill.kind} ${kill.step}: ${failure}`;

let all = 0;
for (const name of Object.keys(scenarios))
  test(`${name}: any party may be killed at any step`, () => {
    const cases = [...matrix(name)];
    all += cases.length;
    console.log(`crash matrix: ${name}, ${cases.length} cases, ${all} so far`);
    assert.deepEqual(cases.filter(({ failure }) => failure !== undefined).map(words), []);
    assert.ok(cases.length >= 8, 'hardly anything was killed');
  });

test('a message that leaves before its state is stored is caught', () => {
  const caught = Object.keys(scenarios).map((name) =>
    [...matrix(name, { sendBeforeStore: true })].filter(({ failure }) => failure !== undefined),
  );
  console.log(`crash matrix: planted send before store, ${caught.flat().length} cases fail, for example ${words(caught.flat()[0]!)}`);
  for (const name of ['mediated', 'off-grid']) assert.ok(caught[Object.keys(scenarios).indexOf(name)]!.length > 0, name);
});
