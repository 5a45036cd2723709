/**
 * From a list of SMT holders to the tree that `SmtHolderClaim` checks: 300 million MESH by balance, to the last unit, and each holder's proof.
 * Leaf: keccak256(keccak256(abi.encode(holder, amount))); pairs sorted, so a proof needs no sides.
 */
import { concatHex, encodeAbiParameters, keccak256, type Address, type Hex } from 'viem';

export const SMT_HOLDERS_SHARE = 300_000_000n * 10n ** 18n;

export interface Holding {
  readonly holder: Address;
  readonly balance: bigint;
}
export interface Claim {
  readonly holder: Address;
  readonly amount: bigint;
  readonly proof: readonly Hex[];
}

/** Throws if a holder occurs twice, holds nothing, or nobody holds anything: such a list is not a snapshot. */
export function makeSnapshot(holdings: readonly Holding[]): { readonly root: Hex; readonly claims: readonly Claim[] } {
  const sorted = [...holdings].sort((a, b) => (a.holder.toLowerCase() < b.holder.toLowerCase() ? -1 : 1));
  sorted.forEach(({ holder, balance }, i) => {
    if (balance <= 0n) throw new Error(`Snapshot: ${holder} holds ${balance}. Leave out who holds nothing.`);
    if (holder.toLowerCase() === sorted[i + 1]?.holder.toLowerCase())
      throw new Error(`Snapshot: ${holder} stands in it twice. Add the balances up first.`);
  });
  if (sorted.length === 0) throw new Error('Snapshot: it is empty. A claim contract of it would keep its MESH for ever.');
  const amounts = apportion(
    SMT_HOLDERS_SHARE,
    sorted.map(({ balance }) => balance),
  );
  const paid = sorted.map(({ holder }, i) => ({ holder, amount: amounts[i]! })).filter(({ amount }) => amount > 0n);
  const levels = tree(paid.map(({ holder, amount }) => leafHash(holder, amount)));
  return { root: levels.at(-1)![0]!, claims: paid.map((each, i) => ({ ...each, proof: proofOf(levels, i) })) };
}

/** `total` in proportion to `parts`, exactly: what rounding leaves goes one unit each to the greatest remainders, ties in order. */
export function apportion(total: bigint, parts: readonly bigint[]): bigint[] {
  const whole = parts.reduce((sum, part) => sum + part, 0n);
  const shares = parts.map((part) => (total * part) / whole);
  const left = Number(total - shares.reduce((sum, share) => sum + share, 0n));
  const byRemainder = parts
    .map((part, i) => ({ i, remainder: (total * part) % whole }))
    .sort((a, b) => (a.remainder === b.remainder ? a.i - b.i : a.remainder > b.remainder ? -1 : 1));
  for (const { i } of byRemainder.slice(0, left)) shares[i]! += 1n;
  return shares;
}

const leafHash = (holder: Address, amount: bigint): Hex =>
  keccak256(keccak256(encodeAbiParameters([{ type: 'address' }, { type: 'uint256' }], [holder, amount])));

const pairHash = (a: Hex, b: Hex): Hex => keccak256(concatHex(a < b ? [a, b] : [b, a]));

/** Levels from the leaves to the root; an odd last node is promoted unchanged. */
function tree(leaves: readonly Hex[]): Hex[][] {
  const levels = [[...leaves]];
  for (let level = levels[0]!; level.length > 1; level = levels.at(-1)!) {
    const above: Hex[] = [];
    for (let i = 0; i < level.length; i += 2) above.push(i + 1 < level.length ? pairHash(level[i]!, level[i + 1]!) : level[i]!);
    levels.push(above);
  }
  return levels;
}

function proofOf(levels: readonly (readonly Hex[])[], index: number): Hex[] {
  const proof: Hex[] = [];
  levels.forEach((level, height) => {
    const sibling = level[(index >> height) ^ 1];
    if (sibling !== undefined) proof.push(sibling);
  });
  return proof;
}
