/** The life cycle that was run against the original contract, step by step, up to the fork between settling and punishing. Shared by the test and the gas bench. */
import { concatHex, type Hex } from 'viem';
import type { Receipt } from './chain.js';
import { digests, lockHash, pair, signed, zero } from './channel-proofs.js';
import { addresses, keys, locks, type World } from './channel-world.js';

export const additionalHash: Hex = `0x${'11'.repeat(32)}`;
export const lockHashes = locks.map((lock) => lockHash(lock.expiration, lock.amount, lock.secretHash));
export const locksroot = pair(pair(lockHashes[0]!, lockHashes[1]!), lockHashes[2]!);
const { A, B, C } = addresses;

export interface Step {
  readonly what: string;
  readonly receipt: Receipt;
  /** Name of the error that the original's outcome demands, or undefined if it went through. */
  readonly expected: string | undefined;
}

/** Block 100 to 160: open, withdraw, close, proofs, unlocks. */
export async function upToUnlock(world: World): Promise<Step[]> {
  const steps: Step[] = [];
  const { token } = world;
  const step = (what: string, receipt: Receipt, expected?: string): void => void steps.push({ what, receipt, expected });

  world.at(100);
  step('deposit_first_ever', await world.call('A', 'deposit', [token, A, B, 1000n, 60n]));
  step('deposit_more', await world.call('B', 'deposit', [token, B, A, 500n, 0n]));
  world.at(110);
  const withdrawal = digests.withdraw(A, 1000n, 100n, await world.life());
  step(
    'withdraw',
    await world.call('A', 'withDraw', [token, A, B, 1000n, 100n, await signed(keys.A, withdrawal), await signed(keys.B, withdrawal)]),
  );
  world.at(120);
  step('register_secret', await world.reveal(locks[0]!.secret));
  step('register it again', await world.reveal(locks[0]!.secret), 'KnownSecret');
  world.at(130);
  step('close_no_proof', await world.call('A', 'prepareSettle', [token, B, 0n, zero, 0n, zero, '0x']));

  const life = await world.life();
  const early = await signed(keys.A, digests.balanceProof(10n, zero, 1n, additionalHash, life));
  const proof = await signed(keys.A, digests.balanceProof(50n, locksroot, 3n, additionalHash, life));
  const mandate = await signed(keys.B, digests.delegation(50n, locksroot, 3n, life));
  const delegated = [token, A, B, 50n, locksroot, 3n, additionalHash, proof, mandate];
  world.at(135);
  step('delegate in the first half', await world.call('C', 'updateBalanceProofDelegate', delegated), 'WindowNotYetOpen');
  step('update', await world.call('B', 'updateBalanceProof', [token, A, 10n, zero, 1n, additionalHash, early]));
  world.at(160);
  step('update_delegate', await world.call('C', 'updateBalanceProofDelegate', delegated));
  step(
    'update with an old nonce',
    await world.call('B', 'updateBalanceProof', [token, A, 10n, zero, 1n, additionalHash, early]),
    'StaleNonce',
  );

  const [first, second] = [locks[0]!, locks[1]!];
  const unlockMandate = await signed(keys.B, digests.unlockDelegation(C, first.expiration, first.amount, first.secretHash, life));
  const path = concatHex([lockHashes[1]!, lockHashes[2]!]);
  const unlocking = (transferred: bigint): unknown[] => [
    ...[token, A, B, transferred, first.expiration, first.amount, first.secretHash, path, unlockMandate],
  ];
  step('unlock_delegate', await world.call('C', 'unlockDelegate', unlocking(50n)));
  step('unlock it again', await world.call('C', 'unlockDelegate', unlocking(80n)), 'AlreadyUnlocked');
  const unrevealed = [token, A, 80n, second.expiration, second.amount, second.secretHash, concatHex([lockHashes[0]!, lockHashes[2]!])];
  step('unlock without secret', await world.call('B', 'unlock', unrevealed), 'SecretNotRevealedInTime');
  return steps;
}

/** Block 190 to 448: settled by what was transferred. */
export async function settled(world: World): Promise<Step[]> {
  const settle = (): Promise<Receipt> => world.call('C', 'settle', [world.token, A, 80n, locksroot, B, 0n, zero]);
  const steps: Step[] = [];
  for (const height of [190, 447]) {
    world.at(height);
    steps.push({ what: `settle at ${height}`, receipt: await settle(), expected: 'WindowNotYetOpen' });
  }
  world.at(448);
  steps.push({ what: 'settle', receipt: await settle(), expected: undefined });
  return steps;
}

/** The other branch at 448: B had given lock 0 up. */
export async function punished(world: World): Promise<Step[]> {
  world.at(448);
  const proof = await signed(keys.B, digests.disposed(lockHashes[0]!, additionalHash, await world.life()));
  const punish = (): Promise<Receipt> =>
    world.call('C', 'punishObsoleteUnlock', [world.token, A, B, lockHashes[0]!, additionalHash, proof]);
  return [
    { what: 'punish', receipt: await punish(), expected: undefined },
    { what: 'punish again', receipt: await punish(), expected: 'NotUnlocked' },
    { what: 'settle punished', receipt: await world.call('A', 'settle', [world.token, A, 0n, zero, B, 0n, zero]), expected: undefined },
  ];
}

/** Block 500: opened again, and settled by agreement. */
export async function agreed(world: World): Promise<Step[]> {
  world.at(500);
  const open = await world.call('A', 'deposit', [world.token, A, B, 1000n, 60n]);
  const more = await world.call('B', 'deposit', [world.token, B, A, 500n, 0n]);
  world.at(501);
  const digest = digests.cooperativeSettle(A, 400n, B, 1100n, await world.life());
  const args = [world.token, A, 400n, B, 1100n, await signed(keys.A, digest), await signed(keys.B, digest)];
  return [
    { what: 'deposit_open', receipt: open, expected: undefined },
    { what: 'deposit more', receipt: more, expected: undefined },
    { what: 'cooperative_settle', receipt: await world.call('C', 'cooperativeSettle', args), expected: undefined },
  ];
}
