/** The channel contract against the original's golden values: interface, signed layouts, life cycle; and against the original's flaws, which it must not have. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { encodeAbiParameters, toEventSelector, toFunctionSelector, type Abi, type AbiEvent, type AbiFunction, type Hex } from 'viem';
import { secretRegistryAbi, tokensNetworkAbi } from '../../hosts/contracts/index.js';
import { sharedVectors } from '../kernels/shared-vectors.js';
import { AnvilChain, noAnvil } from './anvil.js';
import { events, Hardfork } from './chain.js';
import { digests, lockHash, signed, word, zero } from './channel-proofs.js';
import { addresses, CHAIN_ID, createWorld, keys, locks, type Name, type World } from './channel-world.js';
import { additionalHash, agreed, lockHashes, locksroot, punished, settled, upToUnlock, type Step } from './life-cycle.js';

interface Golden {
  readonly token: Hex;
  readonly contract: Hex;
  readonly channel_id: Hex;
  readonly locks: readonly { readonly lockhash: Hex }[];
  readonly locksroot_of_the_three: Hex;
  readonly signed: readonly { readonly kind: string; readonly signer: Name; readonly digest: Hex; readonly signature: Hex }[];
  readonly functions: Record<string, Hex>;
  readonly events: Record<string, Hex>;
  readonly secret_registry_functions: Record<string, Hex>;
  readonly secret_registry_events: Record<string, Hex>;
  readonly gas: Record<string, number>;
}
const golden = sharedVectors<Golden>('photon-contract.json');
const leftOut = golden === undefined ? 'photon-contract.json is not beside the project: golden values left out' : false;
const { A, B } = addresses;

const selectors = (abi: Abi): Record<string, Hex> =>
  Object.fromEntries(
    abi
      .filter((entry): entry is AbiFunction => entry.type === 'function')
      .map((entry) => [`${entry.name}(${entry.inputs.map(({ type }) => type).join(',')})`, toFunctionSelector(entry)]),
  );
const topics = (abi: Abi): Record<string, Hex> =>
  Object.fromEntries(
    abi
      .filter((entry): entry is AbiEvent => entry.type === 'event')
      .map((entry) => [`${entry.name}(${entry.inputs.map(({ type }) => type).join(',')})`, toEventSelector(entry)]),
  );

test("the original's functions, events and selectors, and no others", { skip: leftOut }, () => {
  assert.deepEqual(selectors(tokensNetworkAbi), { ...golden!.functions });
  assert.deepEqual(topics(tokensNetworkAbi), { ...golden!.events });
  assert.deepEqual(selectors(secretRegistryAbi), { ...golden!.secret_registry_functions });
  assert.deepEqual(topics(secretRegistryAbi), { ...golden!.secret_registry_events });
});

test('golden digests and signatures', { skip: leftOut }, async () => {
  const { channel_id: channel, locksroot_of_the_three: root } = golden!;
  const life = (openBlock: bigint): { channel: Hex; openBlock: bigint; chainId: bigint } => ({ channel, openBlock, chainId: CHAIN_ID });
  const lock = locks[0]!;
  const ours: Record<string, Hex> = {
    withdraw: digests.withdraw(A, 1000n, 100n, life(100n)),
    balance_proof: digests.balanceProof(50n, root, 3n, additionalHash, life(110n)),
    balance_proof_delegation: digests.delegation(50n, root, 3n, life(110n)),
    unlock_delegation: digests.unlockDelegation(addresses.C, lock.expiration, lock.amount, lock.secretHash, life(110n)),
    disposed_proof: digests.disposed(lockHashes[0]!, additionalHash, life(110n)),
    cooperative_settle: digests.cooperativeSettle(A, 400n, B, 1100n, life(500n)),
  };
  assert.equal(locksroot, root);
  assert.deepEqual(
    lockHashes,
    golden!.locks.map(({ lockhash }) => lockhash),
  );
  for (const { kind, signer, digest, signature } of golden!.signed) {
    assert.equal(ours[kind], digest, kind);
    assert.equal(await signed(keys[signer], digest), signature, kind);
  }
});

let world: World;
before(async () => {
  world = await createWorld(Hardfork.Byzantium);
});

const holds = (steps: readonly Step[]): void => {
  for (const { what, receipt, expected } of steps) assert.equal(receipt.error, expected, what);
};

test('the life cycle ends as the original ended it', async () => {
  if (golden !== undefined) {
    assert.deepEqual([world.token, world.contract, world.channel], [golden.token, golden.contract, golden.channel_id]);
  }
  const start = await world.balances();
  const steps = await upToUnlock(world);
  holds(steps);
  const info = await world.read('getChannelInfo', [world.token, A, B]);
  assert.deepEqual(info, [world.channel, 190n, 110n, 2, 60n]);
  assert.deepEqual(await world.read('getChannelInfoByChannelIdentifier', [world.channel]), [190n, 110n, 2, 60n]);
  assert.deepEqual(await world.read('channels', [world.channel]), [60n, 190n, 110n, 2]);
  assert.deepEqual(((await world.read('getChannelParticipantInfo', [world.token, A, B])) as unknown[])[2], 3n);
  assert.equal(await world.read('queryUnlockedLocks', [world.token, A, B, lockHashes[0]]), true);
  assert.equal(await world.read('queryUnlockedLocks', [world.token, A, B, lockHashes[1]]), false);

  holds(await settled(world));
  const end = await world.balances();
  // 1000 and 500 were paid in; 100 came back by withDraw.
  assert.equal(end.A - start.A, 820n + 100n - 1000n);
  assert.equal(end.B - start.B, 580n - 500n);
  assert.deepEqual(await world.read('getChannelInfo', [world.token, A, B]), [world.channel, 0n, 0n, 0, 0n]);

  const steps2 = await agreed(world);
  holds(steps2);
  const last = await world.balances();
  assert.equal(last.A - end.A, 400n - 1000n);
  assert.equal(last.B - end.B, 1100n - 500n);

  const named = [...steps, ...steps2].flatMap(({ receipt }) =>
    events(receipt, world.contract, tokensNetworkAbi).map(({ eventName }) => eventName),
  );
  assert.deepEqual(named, [
    ...['TokenNetworkCreated', 'ChannelOpenedAndDeposit', 'ChannelNewDeposit', 'ChannelWithdraw', 'ChannelClosed', 'BalanceProofUpdated'],
    ...['BalanceProofUpdated', 'ChannelUnlocked', 'ChannelOpenedAndDeposit', 'ChannelNewDeposit', 'ChannelCooperativeSettled'],
  ]);
});

test('the same on a second EVM, step by step', { skip: noAnvil, timeout: 60_000 }, async (t) => {
  const anvil = await AnvilChain.start('byzantium', Number(CHAIN_ID));
  t.after(() => anvil.stop());
  const [here, there] = [await createWorld(Hardfork.Byzantium), await createWorld(anvil)];
  assert.deepEqual([there.contract, there.channel, there.creationGas], [here.contract, here.channel, here.creationGas]);
  for (const part of [upToUnlock, settled, agreed]) {
    const [ours, theirs] = [await part(here), await part(there)];
    holds(theirs);
    const told = (steps: readonly Step[]): unknown[] =>
      steps.map(({ what, receipt }) => [
        what,
        receipt.error,
        events(receipt, here.contract, tokensNetworkAbi).map(({ eventName }) => eventName),
      ]);
    assert.deepEqual(told(theirs), told(ours));
  }
  assert.deepEqual(await there.balances(), await here.balances());
});

test('punished: both deposits go to the one who was cheated', async () => {
  const other = await createWorld(Hardfork.Byzantium);
  await upToUnlock(other);
  const before = await other.balances();
  holds(await punished(other));
  const after = await other.balances();
  assert.deepEqual([after.A - before.A, after.B - before.B], [1400n, 0n]);
});

/** A channel of 1000 and 500 on a world of its own, opened at block 100. */
async function opened(): Promise<World> {
  const fresh = await createWorld(Hardfork.Byzantium);
  fresh.at(100);
  await fresh.call('A', 'deposit', [fresh.token, A, B, 1000n, 60n]);
  await fresh.call('B', 'deposit', [fresh.token, B, A, 500n, 60n]);
  return fresh;
}

async function agree(w: World, balance1: bigint, balance2: bigint): Promise<string | undefined> {
  const digest = digests.cooperativeSettle(A, balance1, B, balance2, await w.life());
  const args = [w.token, A, balance1, B, balance2, await signed(keys.A, digest), await signed(keys.B, digest)];
  return (await w.call('A', 'cooperativeSettle', args)).error;
}

test('no two lives of a channel share their open block', async () => {
  const w = await opened();
  assert.equal(await agree(w, 1000n, 500n), 'RenewedInThisBlock');
  const digest = digests.withdraw(A, 1000n, 100n, await w.life());
  const args = [w.token, A, B, 1000n, 100n, await signed(keys.A, digest), await signed(keys.B, digest)];
  assert.equal((await w.call('A', 'withDraw', args)).error, 'RenewedInThisBlock');
  w.at(101);
  assert.equal((await w.call('A', 'withDraw', args)).error, undefined);
  assert.equal((await w.call('A', 'withDraw', args)).error, 'RenewedInThisBlock', 'the same signatures twice in one block');
  assert.equal(await agree(w, 900n, 500n), 'RenewedInThisBlock');
  w.at(102);
  assert.equal(await agree(w, 900n, 500n), undefined);
});

test('a lock that was unlocked once can be unlocked in the next life of the channel', async () => {
  const w = await opened();
  const lock = { expiration: 5000n, amount: 30n, secret: word(7), secretHash: locks[0]!.secretHash };
  await w.reveal(locks[0]!.secret);
  const root = lockHash(lock.expiration, lock.amount, lock.secretHash);
  for (const [from, expected] of [
    [100, undefined],
    [1000, undefined],
  ] as const) {
    w.at(from + 1);
    if (from > 100) {
      await w.call('A', 'deposit', [w.token, A, B, 1000n, 60n]);
      await w.call('B', 'deposit', [w.token, B, A, 500n, 60n]);
      w.at(from + 2);
    }
    const life = await w.life();
    const proof = await signed(keys.A, digests.balanceProof(0n, root, 1n, additionalHash, life));
    assert.equal((await w.call('B', 'prepareSettle', [w.token, A, 0n, root, 1n, additionalHash, proof])).error, undefined);
    const unlock = [w.token, A, 0n, lock.expiration, lock.amount, lock.secretHash, '0x'];
    assert.equal((await w.call('B', 'unlock', unlock)).error, expected, `life from ${from}`);
    w.at(from + 400);
    assert.equal((await w.call('C', 'settle', [w.token, A, 30n, root, B, 0n, zero])).error, undefined);
  }
});

test('three ways to deposit, of which the last two only by the token', async () => {
  const w = await createWorld(Hardfork.Byzantium);
  const data = encodeAbiParameters([{ type: 'address' }, { type: 'address' }, { type: 'uint64' }], [A, B, 60n]);
  const paid = await w.callToken('A', 'transferAndCall', [w.contract, 40n, data]);
  assert.equal(events(paid, w.contract, tokensNetworkAbi).at(-1)?.eventName, 'ChannelOpenedAndDeposit');
  const approved = await w.callToken('C', 'approveAndCall', [w.contract, 50n, data]);
  assert.deepEqual(events(approved, w.contract, tokensNetworkAbi), [
    { eventName: 'ChannelNewDeposit', args: { channel_identifier: w.channel, participant: A, total_deposit: 90n } },
  ]);
  assert.equal((await w.call('C', 'receiveApproval', [B, 50n, w.token, data])).error, 'CallerIsNotTheToken');
  assert.equal((await w.call('C', 'tokenFallback', [B, 50n, data])).error, 'NotAToken');
});

test('bad input is refused by name and changes nothing', async () => {
  const w = await opened();
  const { token } = w;
  w.at(101);
  const life = await w.life();
  const proof = (key: Hex, transferred: bigint, nonce: bigint, of = life): Promise<Hex> =>
    signed(key, digests.balanceProof(transferred, zero, nonce, additionalHash, of));
  const good = await proof(keys.B, 10n, 1n);
  const close = (...args: [bigint, bigint, Hex]): unknown[] => [token, B, args[0], zero, args[1], additionalHash, args[2]];
  const withdrawal = async (balance: bigint, amount: bigint): Promise<unknown[]> => {
    const digest = digests.withdraw(A, balance, amount, life);
    return [token, A, B, balance, amount, await signed(keys.A, digest), await signed(keys.B, digest)];
  };
  const before = [await w.read('getChannelInfo', [token, A, B]), await w.read('getChannelParticipantInfo', [token, B, A])];
  const refused: [Name, string, readonly unknown[], string][] = [
    ['A', 'deposit', [token, A, B, 0n, 60n], 'ZeroAmount'],
    ['A', 'deposit', [token, A, A, 1n, 60n], 'BadParticipants'],
    ['A', 'deposit', [token, A, addresses.C, 1n, 5n], 'BadSettleTimeout'],
    ['A', 'deposit', [token, A, addresses.C, 1n, 2_700_001n], 'BadSettleTimeout'],
    ['A', 'deposit', [addresses.C, A, addresses.C, 1n, 60n], 'NotAToken'],
    ['A', 'prepareSettle', close(11n, 1n, good), 'BadSignature'],
    ['A', 'prepareSettle', close(10n, 1n, good.slice(0, -2) as Hex), 'BadSignature'],
    ['A', 'prepareSettle', close(10n, 1n, await proof(keys.C, 10n, 1n)), 'BadSignature'],
    ['A', 'prepareSettle', close(10n, 1n, await proof(keys.B, 10n, 1n, { ...life, chainId: 1n })), 'BadSignature'],
    ['A', 'prepareSettle', close(10n, 1n, await proof(keys.B, 10n, 1n, { ...life, openBlock: 99n })), 'BadSignature'],
    ['C', 'prepareSettle', close(10n, 1n, good), 'NotOpen'],
    ['A', 'updateBalanceProof', close(10n, 1n, good), 'WindowClosed'],
    ['A', 'withDraw', await withdrawal(1501n, 1n), 'BadAmounts'],
    ['A', 'withDraw', await withdrawal(10n, 11n), 'BadAmounts'],
    ['A', 'withDraw', await withdrawal(10n, 0n), 'BadAmounts'],
    ['A', 'settle', [token, A, 0n, zero, B, 0n, zero], 'NotClosed'],
    ['A', 'punishObsoleteUnlock', [token, A, B, lockHashes[0], additionalHash, good], 'NotClosed'],
  ];
  for (const [who, functionName, args, error] of refused) assert.equal((await w.call(who, functionName, args)).error, error, functionName);
  assert.equal(await agree(w, 1000n, 501n), 'BadAmounts');
  assert.deepEqual([await w.read('getChannelInfo', [token, A, B]), await w.read('getChannelParticipantInfo', [token, B, A])], before);

  assert.equal((await w.call('A', 'prepareSettle', close(10n, 1n, good))).error, undefined);
  assert.equal((await w.call('A', 'deposit', [token, A, B, 1n, 60n])).error, 'NotOpen');
  assert.equal((await w.call('A', 'prepareSettle', close(10n, 1n, good))).error, 'NotOpen');
  assert.equal((await w.call('A', 'unlock', [token, B, 10n, 400n, 30n, locks[0]!.secretHash, '0x'])).error, 'SecretNotRevealedInTime');
  await w.reveal(locks[0]!.secret);
  assert.equal((await w.call('A', 'unlock', [token, B, 10n, 400n, 30n, locks[0]!.secretHash, '0x00'])).error, 'BadMerkleProof');
  assert.equal((await w.call('A', 'unlock', [token, B, 10n, 400n, 30n, locks[0]!.secretHash, '0x'])).error, 'BadBalanceProof');
  assert.equal((await w.call('A', 'unlock', [token, B, 10n, 100n, 30n, locks[0]!.secretHash, '0x'])).error, 'SecretNotRevealedInTime');
  w.at(161);
  assert.equal((await w.call('A', 'updateBalanceProof', close(10n, 1n, good))).error, 'StaleNonce');
  w.at(162);
  assert.equal((await w.call('A', 'updateBalanceProof', close(10n, 2n, good))).error, 'WindowClosed');
  w.at(1000);
  assert.equal((await w.call('B', 'settle', [token, A, 0n, zero, B, 9n, zero])).error, 'BadBalanceProof');
});

test('an absurd transferred amount pays what is there and no more, and blocks nobody', async () => {
  const huge = (1n << 256n) - 1n;
  const w = await opened();
  const before = await w.balances();
  const proof = await signed(keys.B, digests.balanceProof(huge, zero, 1n, additionalHash, await w.life()));
  w.at(101);
  assert.equal((await w.call('A', 'prepareSettle', [w.token, B, huge, zero, 1n, additionalHash, proof])).error, undefined);
  w.at(1000);
  assert.equal((await w.call('C', 'settle', [w.token, A, 0n, zero, B, huge, zero])).error, undefined);
  const after = await w.balances();
  assert.deepEqual([after.A - before.A, after.B - before.B], [1500n, 0n]);
});

test('gas is at most what the original took, each function, under the same EVM rules', { skip: leftOut }, async () => {
  const w = await createWorld(Hardfork.Byzantium);
  const other = await createWorld(Hardfork.Byzantium);
  await upToUnlock(other);
  const steps = [...(await upToUnlock(w)), ...(await settled(w)), ...(await agreed(w)), ...(await punished(other))];
  const measured = Object.fromEntries([['create', w.creationGas], ...steps.map(({ what, receipt }) => [what, receipt.gas] as const)]);
  for (const [what, limit] of Object.entries(golden!.gas)) assert.ok(measured[what]! <= limit, `${what}: ${measured[what]} over ${limit}`);
});
