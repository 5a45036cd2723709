/** Reads the chain's weights out of `ContributionWeights` in the form that consensus takes them, through whatever can run a call on a block's state. */
import { decodeFunctionResult, encodeFunctionData, hexToBytes, type Hex } from 'viem';
import { contributionWeightsAbi } from './abi.js';

export interface ContractWeight {
  /** Compressed public key, 33 octets. */
  readonly key: Uint8Array;
  /** 1 to 2^32 - 1. */
  readonly weight: number;
  /** Address, 20 octets. */
  readonly payee: Uint8Array;
}

/** In the contract's order, which is the same on every node that asks on the same state. An empty list: nobody has contributed yet. */
export async function readWeights(call: (data: Hex) => Promise<Hex>, epoch: bigint): Promise<ContractWeight[]> {
  const data = await call(encodeFunctionData({ abi: contributionWeightsAbi, functionName: 'proposers', args: [epoch] }));
  const [keys, values, payees] = decodeFunctionResult({ abi: contributionWeightsAbi, functionName: 'proposers', data });
  return keys.map((key, i) => ({ key: hexToBytes(key), weight: values[i]!, payee: hexToBytes(payees[i]!) }));
}
