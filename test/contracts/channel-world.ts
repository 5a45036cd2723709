/** A token, the channel contract and three parties on a test chain, with addresses and keys as in the golden values. */
import { keccak256, encodePacked, sha256, type Abi, type Hex, encodeFunctionData } from 'viem';
import { privateKeyToAddress } from 'viem/accounts';
import { buildContracts, secretRegistryAbi, tokensNetworkAbi } from '../../hosts/contracts/index.js';
import { buildUnit } from '../../hosts/contracts/build.js';
import { TestChain, type Chain, type Hardfork, type Receipt } from './chain.js';
import { word, zero, type Life } from './channel-proofs.js';

export const keys = { A: word(1), B: word(2), C: word(3) };
export type Name = keyof typeof keys;
export const addresses = {
  A: privateKeyToAddress(keys.A),
  B: privateKeyToAddress(keys.B),
  C: privateKeyToAddress(keys.C),
};
export const CHAIN_ID = 20180430n;

type Words = readonly unknown[];

export interface World {
  readonly chain: Chain;
  readonly token: Hex;
  readonly tokenAbi: Abi;
  readonly contract: Hex;
  readonly registry: Hex;
  readonly channel: Hex;
  readonly creationGas: number;
  life(): Promise<Life>;
  at(height: number): void;
  /** Call of the channel contract. */
  call(who: Name, functionName: string, args: Words): Promise<Receipt>;
  callToken(who: Name, functionName: string, args: Words): Promise<Receipt>;
  reveal(secret: Hex): Promise<Receipt>;
  read(functionName: string, args: Words): Promise<unknown>;
  balances(): Promise<Record<Name, bigint>>;
}

/** On an EVM of this process with the fork's rules, or on the chain given. */
export async function createWorld(on: Hardfork | Chain): Promise<World> {
  const { TokensNetwork } = await buildContracts();
  const { TestToken } = await buildUnit('test-token', {
    folder: import.meta.dirname + '/sol',
    contracts: ['TestToken'],
    evmVersion: 'byzantium',
  });
  const chain = typeof on === 'object' ? on : await TestChain.create(on);
  const tokenAbi = TestToken!.abi as Abi;
  const { created: token } = await chain.deploy(keys.A, TestToken!, [10n ** 9n]);
  const { created: contract, gas: creationGas } = await chain.deploy(keys.A, TokensNetwork, [CHAIN_ID]);
  const registry = (await chain.read(contract, tokensNetworkAbi, 'secret_registry', [])) as Hex;
  const [low, high] = [addresses.B, addresses.A];
  const channel = keccak256(encodePacked(['address', 'address', 'address', 'address'], [low, high, token, contract]));
  const transact = (who: Name, to: Hex, abi: Abi, functionName: string, args: Words): Promise<Receipt> =>
    chain.transact(keys[who], to, encodeFunctionData({ abi, functionName, args }), tokensNetworkAbi);
  const world: World = {
    chain,
    token,
    tokenAbi,
    contract,
    registry,
    channel,
    creationGas,
    async life() {
      const [, , openBlock] = (await world.read('getChannelInfo', [token, addresses.A, addresses.B])) as [Hex, bigint, bigint];
      return { channel, openBlock, chainId: CHAIN_ID };
    },
    at: (height) => void (chain.height = BigInt(height)),
    call: (who, functionName, args) => transact(who, contract, tokensNetworkAbi, functionName, args),
    callToken: (who, functionName, args) => transact(who, token, tokenAbi, functionName, args),
    reveal: (secret) =>
      chain.transact(
        keys.C,
        registry,
        encodeFunctionData({ abi: secretRegistryAbi, functionName: 'registerSecret', args: [secret] }),
        secretRegistryAbi,
      ),
    read: (functionName, args) => chain.read(contract, tokensNetworkAbi, functionName, args),
    async balances() {
      const one = (name: Name): Promise<unknown> => chain.read(token, tokenAbi, 'balanceOf', [addresses[name]]);
      return { A: (await one('A')) as bigint, B: (await one('B')) as bigint, C: (await one('C')) as bigint };
    },
  };
  for (const name of ['B', 'C'] as const) await world.callToken('A', 'transfer', [addresses[name], 100_000n]);
  for (const name of ['A', 'B', 'C'] as const) await world.callToken(name, 'approve', [contract, 1_000_000n]);
  return world;
}

/** The three locks of the golden values. */
export const locks = [
  [400n, 30n, 0xabc],
  [400n, 20n, 0xdef],
  [401n, 7n, 0x123],
].map(([expiration, amount, secret]) => ({
  expiration: expiration as bigint,
  amount: amount as bigint,
  secret: word(secret as number),
  secretHash: sha256(word(secret as number)),
}));

export { zero };
