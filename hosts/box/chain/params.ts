/** What makes a chain this chain: every box of it has the same file, and its hash is in everything that is signed. */
import { Problem } from '../../node/index.js';

/** Chain id of the embedded default. No network uses it: what is worth something here is worth nothing elsewhere. */
export const DEVELOPMENT_CHAIN_ID = 20_261_122;

export interface Weighted {
  /** Compressed public key of the box, 33 octets in hexadecimal. */
  readonly key: string;
  /** Contribution, already capped per owner: at least 1. */
  readonly weight: number;
  /** Where its block rewards go, an address. */
  readonly payee: string;
}

export interface Allocation {
  /** In wei, decimal. */
  readonly balance: string;
  readonly nonce?: number;
  /** Hexadecimal, 0x in front. */
  readonly code?: string;
  /** 32-octet keys and values in hexadecimal, 0x in front. */
  readonly storage?: Readonly<Record<string, string>>;
}

export interface ChainParams {
  readonly name: string;
  readonly chainId: number;
  /** Seconds since 1970: slot 0. */
  readonly genesisTime: number;
  /** Seconds between slots; stand-ins follow at steps of so many seconds within it. */
  readonly slot: number;
  readonly step: number;
  /** Blocks of an epoch, when finality keeps up. */
  readonly epoch: number;
  readonly gasLimit: number;
  /** Reward of a block in gwei, halved every so many blocks. */
  readonly reward: { readonly amount: number; readonly halving: number };
  /** Slots that may pass without a block while there is no transaction to include: a box alone spares its disk. 0: none. */
  readonly rest: number;
  readonly weights: readonly Weighted[];
  readonly alloc: Readonly<Record<string, Allocation>>;
}

/** The network's own numbers: slots, stand-ins and reward of the original chain (14 s, +4 s, 35 SMT halving every 4,505,000 blocks), 34 blocks an epoch. */
export const networkDefaults = {
  slot: 14,
  step: 4,
  epoch: 34,
  gasLimit: 30_000_000,
  reward: { amount: 35_000_000_000, halving: 4_505_000 },
  rest: 0,
} as const;

/** Accounts of the mnemonic "test test … junk", which every tool knows: good on a development chain, and nowhere else. */
const developers = [
  '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
  '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
  '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC',
] as const;

/** A development chain of one box: slots of 2 s, and at rest a block every 60 s, which keeps the newest final header younger than 180 s. */
export function developmentParams(box: Weighted, now: number): ChainParams {
  const rich: Allocation = { balance: `${10n ** 6n * 10n ** 18n}` };
  return {
    ...networkDefaults,
    name: 'development',
    chainId: DEVELOPMENT_CHAIN_ID,
    genesisTime: now,
    slot: 2,
    step: 1,
    rest: 30,
    weights: [box],
    alloc: Object.fromEntries([box.payee, ...developers].map((address) => [address.toLowerCase(), rich])),
  };
}

/** Checks what was read from a file; fails with a Problem `genesis-bad` that names the field. */
export function checkParams(value: unknown, file: string): ChainParams {
  const bad = (what: string): Problem =>
    new Problem(
      'genesis-bad',
      `the genesis ${file} is not usable: ${what}`,
      'Take the genesis file of the network again; every box has the same.',
    );
  const params = value as ChainParams;
  if (typeof params !== 'object' || params === null) throw bad('it is no object');
  const natural = (name: string, number: unknown, least: number): void => {
    if (!Number.isSafeInteger(number) || (number as number) < least) throw bad(`${name} is not a whole number from ${least}`);
  };
  for (const [name, least] of [
    ['chainId', 1],
    ['genesisTime', 0],
    ['slot', 1],
    ['step', 1],
    ['epoch', 2],
    ['gasLimit', 21_000],
    ['rest', 0],
  ] as const)
    natural(name, params[name], least);
  natural('reward.amount', params.reward?.amount, 0);
  natural('reward.halving', params.reward?.halving, 1);
  if (!Array.isArray(params.weights) || params.weights.length === 0) throw bad('weights is no list with at least one box');
  for (const { key, weight, payee } of params.weights as Weighted[]) {
    if (!/^0[23][0-9a-f]{64}$/.test(key)) throw bad(`"${key}" is not a public key`);
    natural(`the weight of ${key}`, weight, 1);
    if (weight > 0xffff_ffff) throw bad(`the weight of ${key} is over 4 octets`);
    if (!/^0x[0-9a-fA-F]{40}$/.test(payee)) throw bad(`"${payee}" is not an address`);
  }
  if (typeof params.alloc !== 'object') throw bad('alloc is no object');
  return params;
}
