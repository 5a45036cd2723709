import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { violations } from './rules.js';

const sources = new Map(
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', '*.ts', '*.tsx', '*.mjs'], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((file) => [file, readFileSync(file, 'utf8')] as const),
);

test('the house holds no arrow that must never exist', () => {
  assert.ok(sources.size > 50, `only ${sources.size} source files were read`);
  assert.deepEqual(violations(sources), []);
});

/** One planted fault per rule: the guard must bark, and by that name. */
const plants: readonly (readonly [rule: string, file: string, text: string])[] = [
  ['core-imports-package', 'firmware/core/mesh/plant.ts', "import { readFileSync } from 'node:fs'; readFileSync('x');"],
  ['core-imports-package', 'firmware/core/link/plant.ts', "import { sha256 } from '@noble/hashes/sha2.js'; sha256(new Uint8Array());"],
  ['core-imports-outside', 'firmware/core/link/plant.ts', "import '../../../hosts/sim/world.js';"],
  ['lower-imports-higher', 'firmware/core/link/plant.ts', "import { createNode } from '../node/index.js'; createNode;"],
  ['lower-imports-higher', 'firmware/core/mesh/plant.ts', "import { createKernels } from '../crypto/index.js'; createKernels;"],
  ['sideways', 'firmware/core/channel/plant.ts', "import { x } from '../meter/index.js'; x;"],
  ['past-the-index', 'firmware/core/mesh/plant.ts', "import { x } from '../link/neighbours.js'; x;"],
  ['past-the-index', 'hosts/box/plant.ts', "import { x } from '../../firmware/core/link/neighbours.js'; x;"],
  ['device-hosts', 'firmware/device/plant.ts', "import '../../hosts/node/index.js';"],
  ['device-hosts', 'hosts/xs/plant.ts', "import '../../firmware/device/radio/index.js';"],
  ['production-imports-test', 'hosts/sim/plant.ts', "import '../../test/portable/harness.js';"],
  ['kernel-imports', 'assembly/kernels/plant.ts', "import { x } from '../../firmware/core/base/index'; x;"],
  ['port-holds-a-value', 'firmware/core/ports/plant.ts', 'export const answer = 42;'],
  ['ambient-name', 'firmware/core/mesh/plant.ts', 'export const now = () => Date.now();'],
  ['ambient-name', 'firmware/core/mesh/plant.ts', 'export const chance = () => Math.random();'],
  ['ambient-name', 'firmware/core/mesh/plant.ts', 'setTimeout(() => undefined, 5);'],
  ['ambient-name', 'firmware/core/mesh/plant.ts', "export const order = (a: string) => a.localeCompare('b');"],
  ['fraction', 'firmware/core/mesh/plant.ts', 'export const half = 0.5;'],
  ['secret-in-protocol', 'firmware/core/link/plant.ts', 'export function open(secretKey: Uint8Array): number { return secretKey.length; }'],
];

for (const [rule, file, text] of plants) {
  test(`planted fault is caught: ${rule} in ${file}: ${text.slice(0, 60)}`, () => {
    const caught = violations(new Map([...sources, [file, text]])).filter((violation) => violation.file === file);
    assert.ok(
      caught.some((violation) => violation.rule === rule),
      `expected ${rule}, got ${JSON.stringify(caught)}`,
    );
  });
}
