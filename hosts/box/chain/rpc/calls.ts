/** Calls and estimates: the engine on a state whose changes are forgotten. */
import { createBlock } from '@ethereumjs/block';
import { createTx, type TypedTransaction } from '@ethereumjs/tx';
import { Address } from '@ethereumjs/util';
import { runTx, type RunTxResult } from '@ethereumjs/vm';
import { messageOf } from '../../../node/index.js';
import type { Chain } from '../chain.js';
import type { Found } from './blocks.js';
import { invalid, octets, readOctets, readQuantity, RpcError } from './values.js';

/** An estimate is at most so much above what is needed: 1.5 %, as in go-ethereum. */
const CLOSE = 65n;

export interface Call {
  readonly from: Address;
  readonly to: Address | undefined;
  readonly data: Uint8Array;
  readonly value: bigint;
  readonly gas: bigint;
}

export function readCall(chain: Chain, value: unknown): Call {
  if (typeof value !== 'object' || value === null) throw invalid('a call is an object');
  const { from, to, gas, value: amount, data, input } = value as Record<string, unknown>;
  const most = BigInt(chain.params.gasLimit);
  const wanted = gas === undefined || gas === null ? most : readQuantity(gas, 'gas');
  return {
    from: from === undefined || from === null ? new Address(new Uint8Array(20)) : new Address(readOctets(from, 'from', 20)),
    to: to === undefined || to === null ? undefined : new Address(readOctets(to, 'to', 20)),
    data: input !== undefined ? readOctets(input, 'input') : data !== undefined ? readOctets(data, 'data') : new Uint8Array(0),
    value: amount === undefined ? 0n : readQuantity(amount, 'value'),
    gas: wanted < most ? wanted : most,
  };
}

/** As in a block that follows the found one, which has no fee and no limits of the sender's balance. */
async function run(chain: Chain, { hash, block }: Found, call: Call, gas: bigint): Promise<RunTxResult> {
  const node = chain.consensus.tree.get(hash);
  const ancestor = (number: number): Uint8Array | undefined =>
    node ? chain.ancestorOf(node)(number) : chain.stored(chain.canonical(number) ?? new Uint8Array(0))?.block.header.payload;
  const vm = await chain.engine.view(block.header.stateRoot, ancestor);
  const { common } = chain.engine;
  const context = createBlock(
    { header: { ...block.header, baseFeePerGas: 0n, parentBeaconBlockRoot: block.header.parentBeaconBlockRoot! } },
    { common, freeze: false },
  );
  const fields = {
    type: 2,
    chainId: common.chainId(),
    gasLimit: gas,
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
    data: call.data,
    value: call.value,
  };
  const tx: TypedTransaction = createTx({ ...fields, ...(call.to && { to: call.to }) }, { common, freeze: false });
  // Nobody signs a question: the sender is who is named.
  Object.assign(tx, { getSenderAddress: () => call.from, isSigned: () => true });
  return runTx(vm, {
    tx,
    block: context,
    skipNonce: true,
    skipBalance: true,
    skipHardForkValidation: true,
    skipBlockGasLimitValidation: true,
  });
}

export async function call(chain: Chain, found: Found, given: Call): Promise<string> {
  return octets((await attempt(chain, found, given, given.gas)).execResult.returnValue);
}

/** The least gas with which it goes through, within CLOSE. */
export async function estimate(chain: Chain, found: Found, given: Call): Promise<bigint> {
  const first = await attempt(chain, found, given, given.gas);
  if (await goesThrough(chain, found, given, first.totalGasSpent)) return first.totalGasSpent;
  let low = first.totalGasSpent;
  let high = given.gas;
  // What is handed on to a call inside is at most 63 of 64 parts, and a refund comes only at the end.
  const likely = ((first.totalGasSpent + (first.gasRefund ?? 0n) + 2_300n) * 64n) / 63n;
  for (let gas = likely < high ? likely : (low + high) / 2n; high - low > high / CLOSE && high - low > 1n; gas = (low + high) / 2n) {
    if (await goesThrough(chain, found, given, gas)) high = gas;
    else low = gas;
  }
  return high;
}

async function goesThrough(chain: Chain, found: Found, given: Call, gas: bigint): Promise<boolean> {
  try {
    return (await run(chain, found, given, gas)).execResult.exceptionError === undefined;
  } catch {
    return false; // Too little even to begin.
  }
}

async function attempt(chain: Chain, found: Found, given: Call, gas: bigint): Promise<RunTxResult> {
  let result: RunTxResult;
  try {
    result = await run(chain, found, given, gas);
  } catch (error) {
    throw new RpcError(-32000, messageOf(error));
  }
  const { exceptionError, returnValue } = result.execResult;
  if (exceptionError?.error === 'revert') throw new RpcError(3, `execution reverted${reasonIn(returnValue)}`, octets(returnValue));
  if (exceptionError) throw new RpcError(-32000, exceptionError.error);
  return result;
}

/** The text of Solidity's Error(string), 0x08c379a0. */
function reasonIn(data: Uint8Array): string {
  if (octets(data.subarray(0, 4)) !== '0x08c379a0' || data.length < 68) return '';
  const length = Number(BigInt(octets(data.subarray(36, 68))));
  return length <= data.length - 68 ? `: ${Buffer.from(data.subarray(68, 68 + length)).toString()}` : '';
}
