/** From boxes that bind and publish their keys, over recorded contribution, to the weights as consensus takes them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeFunctionData, type Abi, type Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { createCurveKernels } from '../../firmware/core/crypto/index.js';
import { boxRegistryAbi, buildContracts, contributionWeightsAbi, readWeights } from '../../hosts/contracts/index.js';
import { Hardfork, TestChain } from './chain.js';
import { word } from './channel-proofs.js';

const key = word(0xd0);

test('keys, weights and payees of the boxes that have published their keys', async () => {
  const { BoxRegistry, ContributionWeights } = await buildContracts();
  const chain = await TestChain.create(Hardfork.Cancun);
  const { created: registry } = await chain.deploy(key, BoxRegistry, []);
  const source = privateKeyToAccount(key).address;
  const { created: weights } = await chain.deploy(key, ContributionWeights, [registry, source]);
  const send = async (to: Hex, abi: Abi, functionName: string, args: readonly unknown[]): Promise<string | undefined> =>
    (await chain.transact(key, to, encodeFunctionData({ abi, functionName, args }), abi)).error;
  const boxes = [1, 2, 3].map((i) => privateKeyToAccount(word(0xb0 + i)));
  for (const [i, box] of boxes.entries()) {
    const wallet = `0x${String(i + 1).repeat(40)}` as const;
    const signature = await box.signTypedData({
      domain: { name: 'MeshBox boxes', version: '1', chainId: 1, verifyingContract: registry },
      types: {
        Bind: [
          { name: 'box', type: 'address' },
          { name: 'wallet', type: 'address' },
          { name: 'nonce', type: 'uint256' },
        ],
      },
      primaryType: 'Bind',
      message: { box: box.address, wallet, nonce: 0n },
    });
    assert.equal(await send(registry, boxRegistryAbi, 'bind', [box.address, wallet, signature]), undefined);
    assert.equal(await send(registry, boxRegistryAbi, 'bind', [box.address, wallet, signature]), 'NotTheBox', 'once');
    assert.equal(await send(weights, contributionWeightsAbi, 'record', [1n, box.address, 1000n * BigInt(i + 1), 0n, 0n]), undefined);
  }
  assert.equal(await send(registry, boxRegistryAbi, 'publishKey', ['0x1234']), 'NotAKey');
  for (const box of boxes.slice(0, 2)) {
    assert.equal(await send(registry, boxRegistryAbi, 'publishKey', [`0x${box.publicKey.slice(4)}`]), undefined);
  }

  const call = (data: Hex): Promise<Hex> => chain.call(weights, data);
  const read = await readWeights(call, 1n);
  assert.equal(read.length, 2, 'the third has published no key');
  for (const [i, { key: found, weight, payee }] of read.entries()) {
    const expected = new Uint8Array(33);
    createCurveKernels().publicKey(expected, Buffer.from(word(0xb1 + i).slice(2), 'hex'));
    assert.deepEqual(found, expected);
    assert.equal(Buffer.from(payee).toString('hex'), String(i + 1).repeat(40));
    assert.ok(Math.abs(weight - ((2 ** 32 - 1) * (i + 1)) / 6) < 2, `${weight}`);
  }
  assert.deepEqual(await readWeights(call, 10_000n), [], 'forgotten');
});
