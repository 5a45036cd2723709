/** forge's tests of token, emission, claims, registry, weights and reward pool; and of a pool that gives the whole fee back, which they must refuse. */
import assert from 'node:assert/strict';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { forgeTest, noForge } from './forge.js';

const root = join(import.meta.dirname, '../..');
const suites = ['MeshTokenTest', 'RegistryTest', 'WeightsTest', 'PoolTest', 'PoolSolvencyTest'];

test('token, emission, claims, registry, weights and pool', { skip: noForge, timeout: 450_000 }, async () => {
  const outcomes = await forgeTest(`(${suites.join('|')})`, {});
  assert.equal(Object.keys(outcomes).length, 22);
  for (const [name, { passed, reason }] of Object.entries(outcomes)) assert.ok(passed, `${name}: ${reason}`);
});

test('a pool that gives the whole fee back is found', { skip: noForge, timeout: 450_000 }, async (t) => {
  const folder = '.build/forge-planted';
  t.after(() => rm(join(root, folder), { recursive: true }));
  await mkdir(join(root, folder), { recursive: true });
  await cp(join(root, 'hosts/contracts/sol'), join(root, folder, 'sol'), { recursive: true });
  const file = join(root, folder, 'sol/RewardPool.sol');
  const source = await readFile(file, 'utf8');
  const planted = source.replace('K_NUMERATOR = 3;', 'K_NUMERATOR = 4;');
  assert.notEqual(planted, source);
  await writeFile(file, planted);
  const config = await readFile(join(root, 'test/contracts/foundry.toml'), 'utf8');
  await writeFile(
    join(root, folder, 'foundry.toml'),
    config.replace('hosts/contracts/sol/', `${folder}/sol/`).replaceAll('.build/forge/', `${folder}/`),
  );
  const outcomes = await forgeTest('(PoolTest|PoolSolvencyTest)', { FOUNDRY_CONFIG: `${folder}/foundry.toml` });
  assert.equal(outcomes.testFuzz_washLosesBelowBreakEven?.passed, false);
  assert.equal(outcomes.invariant_aQuarterStays?.passed, false);
  assert.equal(outcomes.test_everyLeafCanBeShown?.passed, true);
});
