/** Questions for logs: by addresses, topics and blocks (eth_getLogs). */
import { Bloom } from '@ethereumjs/vm';
import { customCrypto } from '../crypto.js';
import type { Chain } from '../chain.js';
import { findBlock, findByHash } from './blocks.js';
import { invalid, logsOf, octets, readOctets, RpcError, type Log } from './values.js';

/** Blocks and logs of one answer: a box answers it within seconds. */
const BLOCKS = 10_000;
const LOGS = 10_000;

export interface LogQuestion {
  /** Lower case; empty: any. */
  readonly addresses: readonly string[];
  /** Per position the accepted topics; empty: any. */
  readonly topics: readonly (readonly string[])[];
}

export function readLogQuestion(value: unknown): LogQuestion {
  if (typeof value !== 'object' || value === null) throw invalid('a filter is an object');
  const { address, topics } = value as { address?: unknown; topics?: unknown };
  const list = (given: unknown): unknown[] => (given === undefined || given === null ? [] : Array.isArray(given) ? given : [given]);
  if (topics !== undefined && topics !== null && (!Array.isArray(topics) || topics.length > 4))
    throw invalid('topics is a list of at most four');
  return {
    addresses: list(address).map((each) => octets(readOctets(each, 'address', 20))),
    topics: list(topics).map((each) => list(each).map((topic) => octets(readOctets(topic, 'a topic', 32)))),
  };
}

export function fits({ addresses, topics }: LogQuestion, log: Log): boolean {
  if (addresses.length > 0 && !addresses.includes(log.address)) return false;
  return topics.every((accepted, i) => accepted.length === 0 || (log.topics[i] !== undefined && accepted.includes(log.topics[i])));
}

/** Whether a block's bloom filter lets one of the logs be in it. */
function mayHold({ addresses, topics }: LogQuestion, bloom: Uint8Array): boolean {
  const filter = new Bloom(bloom, { customCrypto } as never);
  const has = (text: string): boolean => filter.check(Buffer.from(text.slice(2), 'hex'));
  return (addresses.length === 0 || addresses.some(has)) && topics.every((accepted) => accepted.length === 0 || accepted.some(has));
}

/** Of a filter with `blockHash`, or `fromBlock` and `toBlock`. */
export function findLogs(chain: Chain, value: unknown): Log[] {
  const question = readLogQuestion(value);
  const { fromBlock, toBlock, blockHash } = value as { fromBlock?: unknown; toBlock?: unknown; blockHash?: unknown };
  if (blockHash !== undefined) {
    const found = findByHash(chain, readOctets(blockHash, 'blockHash', 32));
    if (!found) throw new RpcError(-32000, 'unknown block');
    return logsOf(found.block, chain.receipts(found.hash))
      .flat()
      .filter((log) => fits(question, log));
  }
  const head = chain.head.header.number;
  const end = Math.min(Number(findBlock(chain, toBlock)?.block.header.number ?? head), head);
  const start = Number(findBlock(chain, fromBlock)?.block.header.number ?? end + 1);
  if (end - start >= BLOCKS)
    throw new RpcError(-32005, `the filter spans ${end - start + 1} blocks, an answer at most ${BLOCKS}; ask in parts`);
  const logs: Log[] = [];
  for (let number = start; number <= end; number += 1) {
    const hash = chain.canonical(number)!;
    const block = chain.payloadOf(hash)!;
    if (!mayHold(question, block.header.logsBloom)) continue;
    logs.push(
      ...logsOf(block, chain.receipts(hash))
        .flat()
        .filter((log) => fits(question, log)),
    );
    if (logs.length > LOGS) throw new RpcError(-32005, `more than ${LOGS} logs fit the filter; ask for fewer blocks`);
  }
  return logs;
}
