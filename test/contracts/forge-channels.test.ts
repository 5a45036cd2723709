/** forge's fuzzing and invariants over the very code that hosts deploy, and over a planted fault that they must find. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildUnit } from '../../hosts/contracts/build.js';
import { buildContracts } from '../../hosts/contracts/index.js';
import { forgeTest, noForge } from './forge.js';

const sources = join(import.meta.dirname, '../../hosts/contracts/sol');

test('funds are conserved and no path pays more than the deposits', { skip: noForge, timeout: 450_000 }, async () => {
  const { TokensNetwork } = await buildContracts();
  const outcomes = await forgeTest('ChannelsTest', { TOKENS_NETWORK_CODE: TokensNetwork.bytecode });
  assert.deepEqual(Object.keys(outcomes).sort(), ['invariant_everyLifePaysItsDeposits', 'invariant_fundsConserved', 'testFuzz_settlement']);
  for (const [name, { passed, reason }] of Object.entries(outcomes)) assert.ok(passed, `${name}: ${reason}`);
});

test('a deposit that stays after it was paid out is found', { skip: noForge, timeout: 450_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'meshbox-planted-'));
  t.after(() => rm(folder, { recursive: true }));
  await cp(sources, folder, { recursive: true });
  const file = join(folder, 'TokensNetwork.sol');
  const source = await readFile(file, 'utf8');
  const planted = source.replace('if (amount > 0) one.deposit = 0;', 'if (amount > 0) one.deposit = 1;');
  assert.notEqual(planted, source);
  await writeFile(file, planted);
  const { TokensNetwork } = await buildUnit('planted', { folder, contracts: ['TokensNetwork'], evmVersion: 'byzantium' });
  const outcomes = await forgeTest('ChannelsTest', { TOKENS_NETWORK_CODE: TokensNetwork!.bytecode });
  assert.equal(outcomes.invariant_fundsConserved?.passed, false);
});
