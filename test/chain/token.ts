/** The ERC-20 of OpenZeppelin that benches and differential tests run, compiled by solc, and signed transactions for it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Common } from '@ethereumjs/common';
import { createTx, type TypedTransaction } from '@ethereumjs/tx';
import { encodeDeployData, encodeFunctionData, parseAbi, type Hex } from 'viem';

const SOURCE = `
pragma solidity ^0.8.20;
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
contract Token is ERC20 {
  constructor(uint256 supply) ERC20("Token", "TOK") { _mint(msg.sender, supply); }
}`;

export const tokenAbi = parseAbi([
  'constructor(uint256 supply)',
  'function transfer(address to, uint256 value) returns (bool)',
  'function balanceOf(address) view returns (uint256)',
]);

/** The first of the accounts that every tool knows. */
export const DEVELOPER = new Uint8Array(Buffer.from('ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80', 'hex'));

export function tokenCode(supply: bigint): Hex {
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string, callbacks: object): string };
  const input = {
    language: 'Solidity',
    sources: { 'token.sol': { content: SOURCE } },
    settings: { evmVersion: 'cancun', optimizer: { enabled: true }, outputSelection: { '*': { '*': ['evm.bytecode.object'] } } },
  };
  const found = (path: string): object => ({ contents: readFileSync(`node_modules/${path}`, 'utf8') });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: found })) as {
    contracts: { 'token.sol': { Token: { evm: { bytecode: { object: string } } } } };
  };
  return encodeDeployData({ abi: tokenAbi, bytecode: `0x${output.contracts['token.sol'].Token.evm.bytecode.object}`, args: [supply] });
}

export interface Fields {
  readonly nonce: number;
  readonly to?: Hex;
  readonly data?: Hex;
  readonly value?: bigint;
  readonly gasLimit: number;
  readonly fee?: bigint;
  readonly tip?: bigint;
}

export function signed(
  common: Common,
  { nonce, to, data, value = 0n, gasLimit, fee = 3_000_000_000n, tip = 1n }: Fields,
  secret = DEVELOPER,
): TypedTransaction {
  const fields = {
    type: 2,
    chainId: common.chainId(),
    nonce,
    gasLimit,
    maxFeePerGas: fee,
    maxPriorityFeePerGas: tip,
    value,
    ...(to && { to }),
    ...(data && { data }),
  };
  return createTx(fields, { common, freeze: false }).sign(secret);
}

export function transferData(to: Hex, value: bigint): Hex {
  return encodeFunctionData({ abi: tokenAbi, functionName: 'transfer', args: [to, value] });
}
