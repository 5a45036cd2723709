/**
 * `npm run bench:gas [-- --json]`: gas of every function of the channel contract beside the original's, under the rules of the original's EVM (Byzantium).
 * The original's figures: its life cycle as run for the golden values, and its authors' own table. Their token is not ours, so the deposits and payouts
 * compare contract and token together; ours is as plain as a token can be.
 */
import { encodeAbiParameters, type Hex } from 'viem';
import { Hardfork } from '../contracts/chain.js';
import { digests, lockHash, signed, zero } from '../contracts/channel-proofs.js';
import { addresses, createWorld, keys, locks } from '../contracts/channel-world.js';
import { additionalHash, agreed, punished, settled, upToUnlock } from '../contracts/life-cycle.js';

const { A, B } = addresses;

/** [function, the original's gas], from the golden values' life cycle. */
const replayed = {
  create: 3_969_987,
  deposit_first_ever: 133_468,
  deposit_open: 108_908,
  deposit_more: 72_040,
  withdraw: 85_379,
  register_secret: 44_538,
  close_no_proof: 34_352,
  update: 64_258,
  update_delegate: 65_198,
  unlock_delegate: 83_823,
  settle: 45_544,
  punish: 37_583,
  cooperative_settle: 55_535,
} as const;

/** Functions of which only the authors' own table has a figure. */
const published = {
  close_with_proof: 67_929,
  unlock: 68_585,
  token_fallback_open: 88_062,
  token_fallback_more: 51_495,
  approve_and_call_open: 102_572,
  approve_and_call_more: 66_008,
} as const;

async function replay(): Promise<Record<string, number>> {
  const world = await createWorld(Hardfork.Byzantium);
  const other = await createWorld(Hardfork.Byzantium);
  await upToUnlock(other);
  const steps = [...(await upToUnlock(world)), ...(await settled(world)), ...(await agreed(world)), ...(await punished(other))];
  return Object.fromEntries([['create', world.creationGas], ...steps.map(({ what, receipt }) => [what, receipt.gas] as const)]);
}

async function rest(): Promise<Record<string, number>> {
  const w = await createWorld(Hardfork.Byzantium);
  const gas: Record<string, number> = {};
  const data = (one: Hex, other: Hex): Hex =>
    encodeAbiParameters([{ type: 'address' }, { type: 'address' }, { type: 'uint64' }], [one, other, 60n]);
  w.at(100);
  // The authors measured with a token that was registered and with balances that were there.
  await w.call('A', 'deposit', [w.token, A, addresses.C, 1n, 60n]);
  gas.token_fallback_open = (await w.callToken('A', 'transferAndCall', [w.contract, 1000n, data(A, B)])).gas;
  gas.token_fallback_more = (await w.callToken('A', 'transferAndCall', [w.contract, 5n, data(A, B)])).gas;
  gas.approve_and_call_open = (await w.callToken('B', 'approveAndCall', [w.contract, 5n, data(B, addresses.C)])).gas;
  gas.approve_and_call_more = (await w.callToken('B', 'approveAndCall', [w.contract, 5n, data(B, addresses.C)])).gas;

  const lock = locks[0]!;
  await w.reveal(lock.secret);
  const root = lockHash(lock.expiration, lock.amount, lock.secretHash);
  const proof = await signed(keys.A, digests.balanceProof(10n, root, 1n, additionalHash, await w.life()));
  gas.close_with_proof = (await w.call('B', 'prepareSettle', [w.token, A, 10n, root, 1n, additionalHash, proof])).gas;
  gas.unlock = (await w.call('B', 'unlock', [w.token, A, 10n, lock.expiration, lock.amount, lock.secretHash, '0x'])).gas;
  const settle = await (w.at(1000), w.call('B', 'settle', [w.token, A, 40n, root, B, 0n, zero]));
  if (settle.error !== undefined) throw new Error(`the measured channel doesn't settle: ${settle.error}`);
  return gas;
}

const measured = { ...(await replay()), ...(await rest()) };
const rows = Object.entries({ ...replayed, ...published }).map(([what, original]) => ({ what, ours: measured[what]!, original }));

console.log(`${'function'.padEnd(24)}${'ours'.padStart(10)}${'original'.padStart(10)}${'ratio'.padStart(8)}`);
for (const { what, ours, original } of rows) {
  console.log(`${what.padEnd(24)}${String(ours).padStart(10)}${String(original).padStart(10)}${(ours / original).toFixed(3).padStart(8)}`);
}
const worst = Math.max(...rows.map(({ ours, original }) => ours / original));
console.log(`worst ratio ${worst.toFixed(3)}`);
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ gas: Object.fromEntries(rows.map(({ what, ours }) => [what, ours])), worst: Number(worst.toFixed(4)) }));
}
if (worst > 1) process.exitCode = 1;
