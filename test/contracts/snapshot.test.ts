/** The snapshot's tree against the contract that checks it, on an EVM with Cancun's rules; and that nothing is lost to rounding. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFunctionData, type Abi, type Address, type Hex } from 'viem';
import { buildContracts, makeSnapshot, meshTokenAbi, smtHolderClaimAbi } from '../../hosts/contracts/index.js';
import { apportion, SMT_HOLDERS_SHARE } from '../../hosts/contracts/snapshot.js';
import { Hardfork, TestChain } from './chain.js';
import { word } from './channel-proofs.js';

const address = (i: number): Address => `0x${(0xa0000 + i).toString(16).padStart(40, '0')}`;

test('every holder claims, once, and nothing is left', async () => {
  const holdings = Array.from({ length: 7 }, (_, i) => ({ holder: address(i), balance: BigInt(3 ** i) * 10n ** 18n + 1n }));
  const { root, claims } = makeSnapshot(holdings);
  const { MeshToken } = await buildContracts();
  const chain = await TestChain.create(Hardfork.Cancun);
  const key = word(9);
  const [presale, foundation, team, marketing, advisors, standards] = [11, 12, 13, 14, 15, 16].map(address);
  const holders = { presale, foundation, team, marketing, advisors, standards };
  const { created: mesh } = await chain.deploy(key, MeshToken, [holders, address(17), root]);
  const claim = (await chain.read(mesh, meshTokenAbi, 'smtHolderClaim', [])) as Hex;
  const call = async (holder: Address, amount: bigint, proof: readonly Hex[]): Promise<string | undefined> =>
    (
      await chain.transact(
        key,
        claim,
        encodeFunctionData({ abi: smtHolderClaimAbi, functionName: 'claim', args: [holder, amount, proof] }),
        smtHolderClaimAbi as Abi,
      )
    ).error;
  assert.equal(await call(claims[0]!.holder, claims[0]!.amount + 1n, claims[0]!.proof), 'NotInTheSnapshot');
  assert.equal(await call(claims[1]!.holder, claims[0]!.amount, claims[0]!.proof), 'NotInTheSnapshot');
  for (const { holder, amount, proof } of claims) assert.equal(await call(holder, amount, proof), undefined);
  assert.equal(await call(claims[0]!.holder, claims[0]!.amount, claims[0]!.proof), 'AlreadyClaimed');
  assert.equal(await chain.read(mesh, meshTokenAbi, 'balanceOf', [claim]), 0n);
  assert.equal(await chain.read(mesh, meshTokenAbi, 'totalSupply', []), 10n ** 28n);
});

test('amounts add up to the share, whatever the balances', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt(1n, 10n ** 27n), { minLength: 1, maxLength: 50 }), (balances) => {
      const amounts = apportion(SMT_HOLDERS_SHARE, balances);
      assert.equal(
        amounts.reduce((sum, amount) => sum + amount, 0n),
        SMT_HOLDERS_SHARE,
      );
    }),
    { numRuns: 200, seed: 1 },
  );
});

test('a list that is no snapshot is refused', () => {
  const one = { holder: address(1), balance: 5n };
  assert.throws(() => makeSnapshot([one, one]), /twice/);
  assert.throws(() => makeSnapshot([{ ...one, balance: 0n }]), /holds 0/);
  assert.throws(() => makeSnapshot([]), /empty/);
});
