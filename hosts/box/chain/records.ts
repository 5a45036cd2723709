/** What the chain keeps of a block on disk, in RLP. Weights and committees change once an epoch and are kept once, by their hash. */
import { RLP } from '@ethereumjs/rlp';
import { bigIntToUnpaddedBytes, bytesToBigInt } from '@ethereumjs/util';
import { decodeBlock, encodeBlock, type ChainBlock, type Reign, type Term, type Weight } from './consensus/index.js';
import { keccak256 } from './crypto.js';
import { keys, type ChainDatabase, type Write } from './execution/database.js';
import type { Receipt } from './execution/engine.js';

type Nested = Uint8Array | Nested[];

const integer = (value: number | bigint): Uint8Array => bigIntToUnpaddedBytes(BigInt(value));
const number = (bytes: Nested): number => Number(bytesToBigInt(bytes as Uint8Array));

function encodeReceipts(receipts: readonly Receipt[]): Nested[] {
  return receipts.map(({ status, gasUsed, cumulativeGasUsed, bloom, logs, created }) => [
    integer(status),
    integer(gasUsed),
    integer(cumulativeGasUsed),
    bloom,
    logs.map((log) => log as unknown as Nested[]),
    created ?? new Uint8Array(0),
  ]);
}

function decodeReceipts(list: Nested[]): Receipt[] {
  return (list as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Receipt['logs'], Uint8Array][]).map(
    ([status, gasUsed, cumulativeGasUsed, bloom, logs, created]) => ({
      status: number(status) === 1 ? 1 : 0,
      gasUsed: bytesToBigInt(gasUsed),
      cumulativeGasUsed: bytesToBigInt(cumulativeGasUsed),
      bloom,
      logs,
      ...(created.length > 0 && { created }),
    }),
  );
}

function encodeTerm({ weights, committee }: Term): Uint8Array {
  return RLP.encode([weights.map(({ key, weight, payee }) => [key, integer(weight), payee]), [...committee]]);
}

function decodeTerm(octets: Uint8Array): Term {
  const [weights, committee] = RLP.decode(octets) as unknown as [[Uint8Array, Uint8Array, Uint8Array][], Uint8Array[]];
  return { weights: weights.map(([key, weight, payee]): Weight => ({ key, weight: number(weight), payee })), committee };
}

/** Hash of each term that was written or read, so that equal ones stay one object. */
export class Records {
  readonly #database: ChainDatabase;
  readonly #hashes = new WeakMap<Term, Uint8Array>();
  readonly #terms = new Map<string, Term>();

  constructor(database: ChainDatabase) {
    this.#database = database;
  }

  blockWrites(hash: Uint8Array, block: ChainBlock, receipts: readonly Receipt[], reign: Reign): Write[] {
    const writes: Write[] = [];
    const value = RLP.encode([encodeBlock(block), encodeReceipts(receipts), this.#encodeReign(reign, writes)] as never);
    writes.push(
      { type: 'put', key: keys.block(hash), value },
      { type: 'put', key: keys.payload(block.header.payload), value: hash },
      { type: 'put', key: keys.height(block.header.number, hash), value: new Uint8Array(0) },
    );
    return writes;
  }

  #encodeReign({ epoch, started, previous, current, next, justified, final, bans }: Reign, writes: Write[]): Nested[] {
    const term = (each: Term): Uint8Array => {
      const known = this.#hashes.get(each);
      if (known) return known;
      const value = encodeTerm(each);
      const hash = keccak256(value);
      writes.push({ type: 'put', key: keys.term(hash), value });
      this.#remember(hash, each);
      return hash;
    };
    return [
      integer(epoch),
      integer(started),
      term(previous),
      term(current),
      term(next),
      integer(justified),
      integer(final.number),
      final.hash,
      bans.map(({ key, until }) => [key, integer(until)]),
    ];
  }

  #remember(hash: Uint8Array, term: Term): void {
    this.#hashes.set(term, hash);
    this.#terms.set(Buffer.from(hash).toString('hex'), term);
    if (this.#terms.size > 16) this.#terms.delete(this.#terms.keys().next().value!);
  }

  #term(hash: Uint8Array): Term {
    const known = this.#terms.get(Buffer.from(hash).toString('hex'));
    if (known) return known;
    const term = decodeTerm(this.#database.get(keys.term(hash))!);
    this.#remember(hash, term);
    return term;
  }

  /** Undefined if it is not stored. */
  block(hash: Uint8Array): StoredBlock | undefined {
    const octets = this.#database.get(keys.block(hash));
    if (!octets) return undefined;
    const [block, receipts, reign] = RLP.decode(octets) as unknown as [Uint8Array, Nested[], Nested[]];
    return {
      octets: block,
      block: decodeBlock(block) as ChainBlock,
      receipts: () => decodeReceipts(receipts),
      reign: () => this.#decodeReign(reign),
    };
  }

  #decodeReign([epoch, started, previous, current, next, justified, final, hash, bans]: Nested[]): Reign {
    return {
      epoch: number(epoch!),
      started: number(started!),
      previous: this.#term(previous as Uint8Array),
      current: this.#term(current as Uint8Array),
      next: this.#term(next as Uint8Array),
      justified: number(justified!),
      final: { number: number(final!), hash: hash as Uint8Array },
      bans: (bans as [Uint8Array, Uint8Array][]).map(([key, until]) => ({ key, until: number(until) })),
    };
  }
}

export interface StoredBlock {
  /** As boxes hand it on. */
  readonly octets: Uint8Array;
  readonly block: ChainBlock;
  readonly receipts: () => Receipt[];
  readonly reign: () => Reign;
}
