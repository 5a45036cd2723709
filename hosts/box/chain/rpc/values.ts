/** Values of Ethereum's JSON-RPC (execution-apis): quantities, octets and objects as tools read them. */
import type { Block } from '@ethereumjs/block';
import type { TypedTransaction } from '@ethereumjs/tx';
import type { Receipt } from '../execution/engine.js';

export type Hex = `0x${string}`;

/** An error that a tool can read: the codes of JSON-RPC 2.0 and EIP-1474, 3 for a revert with its data. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export const invalid = (message: string): RpcError => new RpcError(-32602, message);

export function octets(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}

export function quantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`;
}

export function readOctets(value: unknown, name: string, length?: number): Uint8Array {
  if (typeof value !== 'string' || !/^0x([0-9a-fA-F]{2})*$/.test(value))
    throw invalid(`${name} is no string of octets in hexadecimal with 0x in front`);
  const bytes = new Uint8Array(Buffer.from(value.slice(2), 'hex'));
  if (length !== undefined && bytes.length !== length) throw invalid(`${name} has ${bytes.length} octets, not ${length}`);
  return bytes;
}

export function readQuantity(value: unknown, name: string): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{1,64}$/.test(value))
    throw invalid(`${name} is no quantity in hexadecimal with 0x in front`);
  return BigInt(value);
}

/** A transaction, in a block or waiting. */
export function transactionOf(
  transaction: TypedTransaction,
  place?: { readonly block: Block; readonly index: number },
): Record<string, unknown> {
  const { gasLimit, data, to, ...fields } = transaction.toJSON() as Record<string, unknown>;
  const isDynamic = 'maxFeePerGas' in transaction;
  const baseFee = place?.block.header.baseFeePerGas;
  const price = isDynamic ? effectivePrice(transaction, baseFee) : transaction.gasPrice;
  return {
    ...fields,
    type: quantity(transaction.type),
    hash: octets(transaction.hash()),
    from: transaction.getSenderAddress().toString(),
    to: to ?? null,
    gas: gasLimit,
    gasPrice: quantity(price),
    input: data,
    ...(transaction.type > 0 && { yParity: fields['yParity'] ?? fields['v'] }),
    blockHash: place ? octets(place.block.hash()) : null,
    blockNumber: place ? quantity(place.block.header.number) : null,
    transactionIndex: place ? quantity(place.index) : null,
  };
}

/** What a transaction pays per gas with this base fee. */
export function effectivePrice(transaction: TypedTransaction, baseFee: bigint | undefined): bigint {
  if (!('maxFeePerGas' in transaction)) return transaction.gasPrice;
  if (baseFee === undefined) return transaction.maxFeePerGas;
  const dear = baseFee + transaction.maxPriorityFeePerGas;
  return dear < transaction.maxFeePerGas ? dear : transaction.maxFeePerGas;
}

export function headerOf(block: Block): Record<string, unknown> {
  const { header } = block;
  return {
    hash: octets(block.hash()),
    parentHash: octets(header.parentHash),
    sha3Uncles: octets(header.uncleHash),
    miner: header.coinbase.toString(),
    stateRoot: octets(header.stateRoot),
    transactionsRoot: octets(header.transactionsTrie),
    receiptsRoot: octets(header.receiptTrie),
    logsBloom: octets(header.logsBloom),
    difficulty: '0x0',
    number: quantity(header.number),
    gasLimit: quantity(header.gasLimit),
    gasUsed: quantity(header.gasUsed),
    timestamp: quantity(header.timestamp),
    extraData: octets(header.extraData),
    mixHash: octets(header.mixHash),
    nonce: octets(header.nonce),
    baseFeePerGas: quantity(header.baseFeePerGas ?? 0n),
    withdrawalsRoot: octets(header.withdrawalsRoot!),
    blobGasUsed: quantity(header.blobGasUsed ?? 0n),
    excessBlobGas: quantity(header.excessBlobGas ?? 0n),
    parentBeaconBlockRoot: octets(header.parentBeaconBlockRoot!),
  };
}

export function blockOf(block: Block, full: boolean): Record<string, unknown> {
  return {
    ...headerOf(block),
    totalDifficulty: '0x0',
    size: quantity(block.serialize().length),
    uncles: [],
    transactions: block.transactions.map((each, index) => (full ? transactionOf(each, { block, index }) : octets(each.hash()))),
    withdrawals: (block.withdrawals ?? []).map((each) => each.toJSON()),
  };
}

export interface Log {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly blockNumber: Hex;
  readonly blockHash: Hex;
  readonly transactionHash: Hex;
  readonly transactionIndex: Hex;
  readonly logIndex: Hex;
  readonly removed: boolean;
}

/** All logs of a block, by transaction. */
export function logsOf(block: Block, receipts: readonly Receipt[], removed = false): Log[][] {
  let logIndex = 0;
  return receipts.map(({ logs }, index) =>
    logs.map(([address, topics, data]) => ({
      address: octets(address),
      topics: topics.map(octets),
      data: octets(data),
      blockNumber: quantity(block.header.number),
      blockHash: octets(block.hash()),
      transactionHash: octets(block.transactions[index]!.hash()),
      transactionIndex: quantity(index),
      logIndex: quantity(logIndex++),
      removed,
    })),
  );
}

export function receiptOf(block: Block, receipts: readonly Receipt[], index: number): Record<string, unknown> {
  const transaction = block.transactions[index]!;
  const receipt = receipts[index]!;
  return {
    type: quantity(transaction.type),
    transactionHash: octets(transaction.hash()),
    transactionIndex: quantity(index),
    blockHash: octets(block.hash()),
    blockNumber: quantity(block.header.number),
    from: transaction.getSenderAddress().toString(),
    to: transaction.to?.toString() ?? null,
    cumulativeGasUsed: quantity(receipt.cumulativeGasUsed),
    gasUsed: quantity(receipt.gasUsed),
    effectiveGasPrice: quantity(effectivePrice(transaction, block.header.baseFeePerGas)),
    contractAddress: receipt.created ? octets(receipt.created) : null,
    logs: logsOf(block, receipts)[index],
    logsBloom: octets(receipt.bloom),
    status: quantity(receipt.status),
  };
}
