/** The methods of the chain's JSON-RPC: eth_*, net_*, web3_* as in ethereum/execution-apis, and meshbox_* for what only this chain has. */
import { getMerkleStateProof } from '@ethereumjs/statemanager';
import { ByteWriter } from '../../../../firmware/core/base/index.js';
import { encodeEpochHeader, EPOCH_HEADER_MAX } from '../../../../firmware/core/wire/index.js';
import { Problem } from '../../../node/index.js';
import { addressFrom, type Chain } from '../chain.js';
import { headerOctets } from '../consensus/index.js';
import { keccak256 } from '../crypto.js';
import { findBlock, findByHash, stateBlock, type Found } from './blocks.js';
import { call, estimate, readCall } from './calls.js';
import type { Feeds } from './feeds.js';
import type { Connection } from './server.js';
import { findLogs, readLogQuestion } from './logs.js';
import {
  blockOf,
  effectivePrice,
  invalid,
  octets,
  quantity,
  readOctets,
  readQuantity,
  receiptOf,
  RpcError,
  transactionOf,
} from './values.js';

export type Params = readonly unknown[];
/** connection: one that can be pushed to, if it is. */
export type Method = (params: Params, connection?: Connection) => unknown;

/** Storage keys in one proof. */
const PROOF_KEYS = 1_024;
/** Blocks of one fee history, as in go-ethereum. */
const HISTORY_BLOCKS = 1_024;
/** Tip that is proposed when nobody waits: 1 gwei. */
const TIP = 1_000_000_000n;

export interface RpcOptions {
  readonly chain: Chain;
  readonly feeds: Feeds;
  readonly version: string;
  readonly peers: () => number;
}

export function methodsOf({ chain, feeds, version, peers }: RpcOptions): ReadonlyMap<string, Method> {
  const address = (value: unknown): string => octets(readOctets(value, 'address', 20));
  const inBlock = (found: Found | undefined, index: unknown): unknown => {
    const at = Number(readQuantity(index, 'the index'));
    const transaction = found?.block.transactions[at];
    return transaction ? transactionOf(transaction, { block: found!.block, index: at }) : null;
  };
  const storageKey = (value: unknown): Uint8Array => {
    const key =
      typeof value === 'string' && value.length < 66
        ? readQuantity(value, 'a storage key')
        : BigInt(octets(readOctets(value, 'a storage key', 32)));
    return new Uint8Array(Buffer.from(key.toString(16).padStart(64, '0'), 'hex'));
  };
  const included = (hash: unknown): { readonly found: Found; readonly index: number } | undefined => {
    const place = chain.included(readOctets(hash, 'the transaction hash', 32));
    const block = place && chain.payloadOf(place.header);
    return block && { found: { hash: place.header, block }, index: place.index };
  };
  const receipts = (found: Found | undefined): unknown => {
    if (!found) return null;
    const all = chain.receipts(found.hash);
    return all.map((_, index) => receiptOf(found.block, all, index));
  };

  const methods: Record<string, Method> = {
    web3_clientVersion: () => `MeshBox/${version}`,
    web3_sha3: ([data]) => octets(keccak256(readOctets(data, 'data'))),
    net_version: () => String(chain.params.chainId),
    net_listening: () => true,
    net_peerCount: () => quantity(peers()),

    eth_chainId: () => quantity(chain.params.chainId),
    eth_syncing: () => false,
    eth_accounts: () => [],
    eth_blockNumber: () => quantity(chain.head.header.number),
    eth_gasPrice: () => quantity(chain.payload(chain.head).header.calcNextBaseFee() + TIP),
    eth_maxPriorityFeePerGas: () => quantity(TIP),
    eth_blobBaseFee: () => '0x1',
    eth_feeHistory: ([count, newest, percentiles]) => feeHistory(chain, count, newest, percentiles),

    eth_getBalance: async ([who, tag]) =>
      quantity((await chain.account(address(who), stateBlock(chain, tag).block.header.stateRoot)).balance),
    async eth_getTransactionCount([who, tag]) {
      const { nonce } = await chain.account(address(who), stateBlock(chain, tag).block.header.stateRoot);
      return quantity(tag === 'pending' ? chain.mempool.nextNonce(address(who), nonce) : nonce);
    },
    eth_getCode: async ([who, tag]) =>
      octets(await chain.engine.state(stateBlock(chain, tag).block.header.stateRoot).getCode(addressFrom(address(who)))),
    async eth_getStorageAt([who, key, tag]) {
      const value = await chain.engine
        .state(stateBlock(chain, tag).block.header.stateRoot)
        .getStorage(addressFrom(address(who)), storageKey(key));
      return octets(Buffer.concat([new Uint8Array(32 - value.length), value]));
    },
    async eth_getProof([who, storageKeys, tag]) {
      if (!Array.isArray(storageKeys) || storageKeys.length > PROOF_KEYS)
        throw invalid(`the storage keys are a list of at most ${PROOF_KEYS}`);
      const state = chain.engine.state(stateBlock(chain, tag).block.header.stateRoot);
      const proof = await getMerkleStateProof(state, addressFrom(address(who)), storageKeys.map(storageKey));
      return {
        ...proof,
        storageProof: proof.storageProof.map((each, i) => ({
          ...each,
          key: storageKeys[i] as string,
          value: quantity(BigInt(each.value === '0x' ? 0 : each.value)),
        })),
      };
    },
    eth_call: ([given, tag]) => call(chain, stateBlock(chain, tag), readCall(chain, given)),
    eth_estimateGas: async ([given, tag]) => quantity(await estimate(chain, stateBlock(chain, tag), readCall(chain, given))),
    eth_sendRawTransaction: ([raw]) => chain.submit(readOctets(raw, 'the transaction')),

    eth_getTransactionByHash([hash]) {
      const place = included(hash);
      if (place) return transactionOf(place.found.block.transactions[place.index]!, { block: place.found.block, index: place.index });
      const waiting = chain.mempool.get(octets(readOctets(hash, 'the transaction hash', 32)));
      return waiting ? transactionOf(waiting) : null;
    },
    eth_getTransactionByBlockHashAndIndex: ([hash, index]) => inBlock(findByHash(chain, readOctets(hash, 'the block hash', 32)), index),
    eth_getTransactionByBlockNumberAndIndex: ([tag, index]) => inBlock(findBlock(chain, tag), index),
    eth_getTransactionReceipt([hash]) {
      const place = included(hash);
      return place ? receiptOf(place.found.block, chain.receipts(place.found.hash), place.index) : null;
    },
    eth_getBlockReceipts: ([tag]) => receipts(findBlock(chain, typeof tag === 'string' && tag.length === 66 ? { blockHash: tag } : tag)),
    eth_getBlockByNumber: ([tag, full]) => {
      const found = findBlock(chain, tag);
      return found ? blockOf(found.block, full === true) : null;
    },
    eth_getBlockByHash: ([hash, full]) => {
      const found = findByHash(chain, readOctets(hash, 'the block hash', 32));
      return found ? blockOf(found.block, full === true) : null;
    },
    eth_getBlockTransactionCountByNumber: ([tag]) => countOf(findBlock(chain, tag)),
    eth_getBlockTransactionCountByHash: ([hash]) => countOf(findByHash(chain, readOctets(hash, 'the block hash', 32))),
    eth_getUncleCountByBlockNumber: ([tag]) => (findBlock(chain, tag) ? '0x0' : null),
    eth_getUncleCountByBlockHash: ([hash]) => (findByHash(chain, readOctets(hash, 'the block hash', 32)) ? '0x0' : null),

    eth_getLogs: ([filter]) => findLogs(chain, filter ?? {}),
    eth_newFilter: ([filter]) => feeds.open({ kind: 'logs', question: readLogQuestion(filter ?? {}) }),
    eth_newBlockFilter: () => feeds.open({ kind: 'blocks' }),
    eth_newPendingTransactionFilter: ([full]) => feeds.open({ kind: 'transactions', full: full === true }),
    eth_getFilterChanges: ([id]) => feeds.changes(String(id)),
    eth_getFilterLogs([id]) {
      const { addresses, topics } = feeds.question(String(id));
      return findLogs(chain, { address: addresses, topics, fromBlock: 'earliest' });
    },
    eth_uninstallFilter: ([id]) => feeds.close(String(id)),
    eth_subscribe([kind, options], connection) {
      if (!connection) throw new RpcError(-32601, 'subscriptions need a WebSocket');
      const open = (wish: Parameters<Feeds['open']>[0]): string => {
        const id: string = feeds.open(wish, (value) => connection.push(id, value));
        connection.opened(id);
        return id;
      };
      if (kind === 'newHeads') return open({ kind: 'heads' });
      if (kind === 'logs') return open({ kind: 'logs', question: readLogQuestion(options ?? {}) });
      if (kind === 'newPendingTransactions') return open({ kind: 'transactions', full: options === true });
      throw invalid(`there is no subscription ${String(kind)}`);
    },
    eth_unsubscribe: ([id]) => feeds.close(String(id)),

    meshbox_header([tag]) {
      const found = findBlock(chain, tag);
      const header = found && chain.stored(found.hash)?.block.header;
      return header ? { hash: octets(found.hash), octets: octets(headerOctets(header)) } : null;
    },
    meshbox_epochHeader([epoch]) {
      const message = chain.epochHeader(epoch === undefined || epoch === null ? undefined : Number(readQuantity(epoch, 'the epoch')));
      if (!message) return null;
      const w = new ByteWriter(new Uint8Array(EPOCH_HEADER_MAX));
      encodeEpochHeader(w, message);
      return octets(w.written());
    },
    meshbox_weights: () => weightsOf(chain),
    meshbox_conflicts: () => chain.conflicts,
  };
  return new Map(Object.entries(methods));
}

/** Every failure as an error of JSON-RPC. */
export function asRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (error instanceof Problem) return new RpcError(-32000, error.message, { code: error.code, remedy: error.remedy });
  return new RpcError(-32603, error instanceof Error ? error.message : String(error));
}

function countOf(found: Found | undefined): string | null {
  return found ? quantity(found.block.transactions.length) : null;
}

/** Who may propose and attest now, with the seats that each holds. */
export function weightsOf(
  chain: Chain,
): { readonly key: string; readonly weight: number; readonly payee: string; readonly seats: number }[] {
  const { weights, committee } = chain.head.reign.current;
  return weights.map(({ key, weight, payee }) => ({
    key: octets(key),
    weight,
    payee: octets(payee),
    seats: committee.filter((each) => Buffer.compare(each, key) === 0).length,
  }));
}

function feeHistory(chain: Chain, count: unknown, newest: unknown, percentiles: unknown): unknown {
  const found = findBlock(chain, newest);
  if (!found) throw invalid('there is no such block');
  const last = Number(found.block.header.number);
  const wanted = Math.min(Number(readQuantity(count, 'the number of blocks')), HISTORY_BLOCKS, last + 1);
  const ranks = Array.isArray(percentiles) ? percentiles.map(Number) : [];
  if (ranks.some((rank, i) => !(rank >= 0 && rank <= 100) || rank < (ranks[i - 1] ?? 0)))
    throw invalid('the percentiles ascend from 0 to 100');
  const blocks = Array.from({ length: wanted }, (_, i) => {
    const hash = chain.canonical(last - wanted + 1 + i)!;
    return { hash, block: chain.payloadOf(hash)! };
  });
  const reward = blocks.map(({ hash, block }) => {
    const all = chain.receipts(hash);
    const paid = block.transactions
      .map((each, i) => ({
        tip: effectivePrice(each, block.header.baseFeePerGas) - (block.header.baseFeePerGas ?? 0n),
        gas: all[i]!.gasUsed,
      }))
      .sort((a, b) => (a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0));
    return ranks.map((rank) => {
      let gas = (block.header.gasUsed * BigInt(Math.round(rank * 100))) / 10_000n;
      for (const each of paid) {
        if (gas <= each.gas) return quantity(each.tip);
        gas -= each.gas;
      }
      return quantity(paid.at(-1)?.tip ?? 0n);
    });
  });
  const next = blocks.at(-1)?.block.header.calcNextBaseFee() ?? 0n;
  return {
    oldestBlock: quantity(last - wanted + 1),
    baseFeePerGas: [...blocks.map(({ block }) => block.header.baseFeePerGas ?? 0n), next].map(quantity),
    gasUsedRatio: blocks.map(({ block }) => Number(block.header.gasUsed) / Number(block.header.gasLimit)),
    ...(ranks.length > 0 && { reward }),
  };
}
