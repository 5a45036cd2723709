/**
 * Runs blocks. Building and verifying are one path: a block follows from its parent, its transactions and what consensus fixes (`Fixed`), so to
 * verify is to run it again and compare the hash. Headers have the shape of Cancun's ("proof of stake": difficulty 0, extra data empty), so that
 * another engine can take over; consensus is in the outer header. Not the library's block builder: its time grows with the square of the block.
 */
import { createBlock, createBlockFromRLP, genTransactionsTrieRoot, genWithdrawalsTrieRoot, type Block } from '@ethereumjs/block';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createEVM, EVMError, type CustomPrecompile } from '@ethereumjs/evm';
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { Caches, MerkleStateManager } from '@ethereumjs/statemanager';
import type { TypedTransaction } from '@ethereumjs/tx';
import { Account, Address, createWithdrawal, type Withdrawal } from '@ethereumjs/util';
import { Bloom, createVM, encodeReceipt, runTx, type PostByzantiumTxReceipt, type VM } from '@ethereumjs/vm';
import { messageOf } from '../../../node/index.js';
import { customCrypto } from '../crypto.js';
import type { ChainParams } from '../params.js';
import type { NewNodes, StateStore } from './state-store.js';

const GWEI = 10n ** 9n;
/** First base fee: 1 gwei; an idle chain lets it fall to almost nothing (EIP-1559). */
const FIRST_BASE_FEE = 1_000_000_000n;

/** What consensus fixes of a block before it is run. */
export interface Fixed {
  /** Seconds since 1970, greater than the parent's. */
  readonly time: number;
  /** Output of the proposer's verifiable random function, 32 octets: PREVRANDAO. */
  readonly random: Uint8Array;
  /** Hash of the parent's outer header, 32 octets: the parent beacon block root of EIP-4788. */
  readonly beacon: Uint8Array;
  /** Fees and reward go there, 20 octets. */
  readonly payee: Uint8Array;
}

export interface Receipt {
  /** 1: done, 0: reverted. */
  readonly status: 0 | 1;
  readonly gasUsed: bigint;
  readonly cumulativeGasUsed: bigint;
  readonly bloom: Uint8Array;
  /** Address, topics and data of each. */
  readonly logs: readonly (readonly [Uint8Array, Uint8Array[], Uint8Array])[];
  /** Address of the contract that it made, if it made one. */
  readonly created?: Uint8Array;
}

export interface Executed {
  readonly block: Block;
  readonly receipts: readonly Receipt[];
  readonly nodes: NewNodes;
}

/** Why a transaction is left out of a block that is being built. */
export type Refused = (transaction: TypedTransaction, reason: string) => void;

/** Looks up the payload hash of an ancestor by its number; for BLOCKHASH. */
export type Ancestor = (number: number) => Uint8Array | undefined;

export class InvalidBlock extends Error {}

/** There are no blobs here, so no proof about one holds: EIP-4844's precompile fails like one that is given a wrong proof, and takes its gas. */
const pointEvaluation: CustomPrecompile = {
  address: new Address(unhex('0x000000000000000000000000000000000000000a')),
  function: ({ gasLimit }) => ({
    returnValue: new Uint8Array(0),
    executionGasUsed: gasLimit,
    exceptionError: new EVMError(EVMError.errorMessages.INVALID_PROOF),
  }),
};

/** A transaction on which the machine itself gave up: what it leaves of the state is not to be used. */
class BrokenRun extends Error {
  readonly transaction: TypedTransaction;

  constructor(transaction: TypedTransaction, reason: string) {
    super(reason);
    this.transaction = transaction;
  }
}

export class Engine {
  readonly common: Common;
  readonly #params: ChainParams;
  readonly #store: StateStore;

  constructor(params: ChainParams, store: StateStore) {
    this.#params = params;
    this.#store = store;
    this.common = commonOf(params.chainId);
  }

  /** The block of number 0 with the allocation as its state. */
  async genesis(): Promise<Executed> {
    const nodes: NewNodes = new Map();
    const state = this.#state(undefined, nodes);
    for (const [address, { balance, nonce, code, storage }] of Object.entries(this.#params.alloc)) {
      const at = new Address(unhex(address));
      await state.putAccount(at, new Account(BigInt(nonce ?? 0), BigInt(balance)));
      if (code !== undefined) await state.putCode(at, unhex(code));
      for (const [key, value] of Object.entries(storage ?? {})) await state.putStorage(at, unhex(key), unhex(value));
    }
    await state.flush();
    const header = {
      timestamp: this.#params.genesisTime,
      gasLimit: this.#params.gasLimit,
      baseFeePerGas: FIRST_BASE_FEE,
      stateRoot: await state.getStateRoot(),
      withdrawalsRoot: await genWithdrawalsTrieRoot([], this.#trie()),
      blobGasUsed: 0n,
      excessBlobGas: 0n,
      parentBeaconBlockRoot: new Uint8Array(32),
      // Its hash stands for the parameters too: boxes of another chain never take our blocks for theirs.
      extraData: customCrypto.keccak256!(Buffer.from(JSON.stringify(this.#params))),
    };
    return { block: createBlock({ header, withdrawals: [] }, { common: this.common, freeze: false }), receipts: [], nodes };
  }

  /** Includes what of the candidates can be run, in their order, until the block is full or `enough` says so. */
  build(
    parent: Block,
    fixed: Fixed,
    candidates: Iterable<TypedTransaction>,
    ancestor: Ancestor,
    refused: Refused,
    enough = (): boolean => false,
  ): Promise<Executed> {
    const given = [...candidates];
    return this.#run(parent, fixed, given, ancestor, refused, enough).catch((error: unknown) => {
      if (!(error instanceof BrokenRun)) throw error;
      refused(error.transaction, error.message);
      return this.build(
        parent,
        fixed,
        given.filter((each) => each !== error.transaction),
        ancestor,
        refused,
        enough,
      );
    });
  }

  /** Fails with InvalidBlock, which says what is wrong with it. */
  async verify(parent: Block, fixed: Fixed, payload: Uint8Array, ancestor: Ancestor): Promise<Executed> {
    let block: Block;
    try {
      block = createBlockFromRLP(payload, { common: this.common, freeze: false });
    } catch (error) {
      throw new InvalidBlock(`the payload cannot be read: ${messageOf(error)}`);
    }
    const executed = await this.#run(parent, fixed, block.transactions, ancestor, (transaction, reason) => {
      throw new InvalidBlock(`transaction ${hex(transaction.hash())} cannot be run: ${reason}`);
    }).catch((error: unknown) => {
      throw error instanceof BrokenRun
        ? new InvalidBlock(`transaction ${hex(error.transaction.hash())} cannot be run: ${error.message}`)
        : error;
    });
    if (Buffer.compare(executed.block.hash(), block.hash()) !== 0) throw new InvalidBlock(difference(block, executed.block));
    return executed;
  }

  async #run(
    parent: Block,
    { time, random, beacon, payee }: Fixed,
    transactions: Iterable<TypedTransaction>,
    ancestor: Ancestor,
    refused: Refused,
    enough = (): boolean => false,
  ): Promise<Executed> {
    const nodes: NewNodes = new Map();
    const number = parent.header.number + 1n;
    const header = {
      parentHash: parent.hash(),
      number,
      timestamp: BigInt(time),
      gasLimit: BigInt(this.#params.gasLimit),
      baseFeePerGas: parent.header.calcNextBaseFee(),
      coinbase: new Address(payee),
      mixHash: random,
      blobGasUsed: 0n,
      excessBlobGas: 0n,
      parentBeaconBlockRoot: beacon,
    };
    const vm = await this.#vm(parent.header.stateRoot, nodes, ancestor);
    const context = createBlock({ header }, { common: this.common, freeze: false });
    // One checkpoint around the block: the tries are written once, at its end, instead of after each transaction.
    await vm.evm.journal.checkpoint();
    const included: TypedTransaction[] = [];
    const receipts: Receipt[] = [];
    const receiptTrie = this.#trie();
    const bloom = new Bloom(undefined, this.common);
    let gasUsed = 0n;
    for (const tx of transactions) {
      if (enough()) break;
      const room = header.gasLimit - gasUsed;
      if (tx.gasLimit > room) {
        refused(tx, `its gas limit of ${tx.gasLimit} is more than the ${room} that are left in the block`);
        continue;
      }
      try {
        const result = await runTx(vm, { tx, block: context, blockGasUsed: gasUsed, skipHardForkValidation: true });
        gasUsed += result.totalGasSpent;
        bloom.or(result.bloom);
        const receipt = result.receipt as PostByzantiumTxReceipt;
        await receiptTrie.put(RLP.encode(included.length), encodeReceipt(receipt, tx.type));
        included.push(tx);
        receipts.push({
          status: receipt.status,
          gasUsed: result.totalGasSpent,
          cumulativeGasUsed: gasUsed,
          bloom: receipt.bitvector,
          logs: receipt.logs as Receipt['logs'],
          ...(result.createdAddress && { created: result.createdAddress.bytes }),
        });
      } catch (error) {
        // It checks before it changes anything; if it gave up later, checkpoints are left open.
        if ((vm.stateManager as unknown as { readonly _checkpointCount: number })._checkpointCount !== 1)
          throw new BrokenRun(tx, reasonOf(error));
        refused(tx, reasonOf(error));
      }
    }
    const withdrawals = this.#reward(Number(number), payee);
    for (const { address, amount } of withdrawals) {
      const account = (await vm.stateManager.getAccount(address)) ?? new Account();
      account.balance += amount * GWEI;
      await vm.evm.journal.putAccount(address, account);
    }
    await vm.evm.journal.commit();
    await vm.evm.journal.cleanup();
    const sealed = {
      ...header,
      gasUsed,
      stateRoot: await vm.stateManager.getStateRoot(),
      transactionsTrie: await genTransactionsTrieRoot(included, this.#trie()),
      receiptTrie: receiptTrie.root(),
      withdrawalsRoot: await genWithdrawalsTrieRoot(withdrawals, this.#trie()),
      logsBloom: bloom.bitvector,
    };
    const block = createBlock({ header: sealed, transactions: included, withdrawals }, { common: this.common, freeze: false });
    return { block, receipts, nodes };
  }

  /** A machine on the state of this root whose writes are forgotten: for calls and estimates. */
  view(root: Uint8Array, ancestor: Ancestor): Promise<VM> {
    return this.#vm(root, new Map(), ancestor);
  }

  /** The state of this root, to read. */
  state(root: Uint8Array): MerkleStateManager {
    return this.#state(root, new Map());
  }

  hasState(root: Uint8Array): boolean {
    return this.#store.read(root) !== undefined;
  }

  /** Of a block's own lists: in memory. */
  #trie(): MerklePatriciaTrie {
    return new MerklePatriciaTrie({ common: this.common });
  }

  #state(root: Uint8Array | undefined, nodes: NewNodes): MerkleStateManager {
    const trie = new MerklePatriciaTrie({ common: this.common, useKeyHashing: true, db: this.#store.face(nodes), valueEncoding: 'view' });
    if (root) trie.root(root);
    return new MerkleStateManager({ common: this.common, trie, caches: new Caches() });
  }

  async #vm(root: Uint8Array, nodes: NewNodes, ancestor: Ancestor): Promise<VM> {
    const blockchain = {
      getBlock: async (number: number) => ({ hash: () => ancestor(number) ?? new Uint8Array(32) }),
      putBlock: async () => undefined,
      shallowCopy: () => blockchain,
    };
    const stateManager = this.#state(root, nodes);
    const evm = await createEVM({
      common: this.common,
      stateManager,
      blockchain: blockchain as never,
      customPrecompiles: [pointEvaluation],
    });
    return createVM({ common: this.common, stateManager, evm, blockchain: blockchain as never });
  }

  /** The block's reward as a withdrawal, which any engine pays (EIP-4895). */
  #reward(number: number, payee: Uint8Array): Withdrawal[] {
    const { amount, halving } = this.#params.reward;
    const gwei = BigInt(amount) >> BigInt(Math.floor((number - 1) / halving));
    return gwei === 0n
      ? []
      : [createWithdrawal({ index: BigInt(number - 1), validatorIndex: 0n, address: new Address(payee), amount: gwei })];
  }
}

/** Whether payload and receipts are those that the hashes stand for, without running anything. */
export async function isBodyOf(
  common: Common,
  octets: Uint8Array,
  receipts: readonly Receipt[],
  expected: { readonly payload: Uint8Array; readonly receipts: Uint8Array },
): Promise<boolean> {
  const block = createBlockFromRLP(octets, { common, freeze: false });
  if (Buffer.compare(block.hash(), expected.payload) !== 0 || receipts.length !== block.transactions.length) return false;
  const trie = new MerklePatriciaTrie({ common });
  for (const [index, { status, cumulativeGasUsed, bloom, logs }] of receipts.entries()) {
    const receipt = { status, cumulativeBlockGasUsed: cumulativeGasUsed, bitvector: bloom, logs } as unknown as PostByzantiumTxReceipt;
    await trie.put(RLP.encode(index), encodeReceipt(receipt, block.transactions[index]!.type));
  }
  return (
    Buffer.compare(trie.root(), expected.receipts) === 0 &&
    (await block.transactionsTrieIsValid()) &&
    (await block.withdrawalsTrieIsValid())
  );
}

export function commonOf(chainId: number): Common {
  return new Common({
    chain: { ...Mainnet, name: 'meshbox', chainId, defaultHardfork: Hardfork.Cancun, hardforks: allAtOnce() },
    hardfork: Hardfork.Cancun,
    customCrypto,
  });
}

/** Every rule up to Cancun from the first block on. */
function allAtOnce(): typeof Mainnet.hardforks {
  const last = Mainnet.hardforks.findIndex(({ name }) => name === (Hardfork.Cancun as string));
  return Mainnet.hardforks.slice(0, last + 1).map(({ name }) => ({ name, block: 0, forkHash: null }));
}

/** Which field of the header is not what follows from the block. */
function difference(given: Block, expected: Block): string {
  const [a, b] = [given.header.toJSON(), expected.header.toJSON()] as [Record<string, unknown>, Record<string, unknown>];
  const name = Object.keys(b).find((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]));
  return name === undefined
    ? 'its header does not follow from it'
    : `its ${name} is ${String(a[name])}, but ${String(b[name])} follows from it`;
}

/** The library ends its messages with what it knows of the machine. */
function reasonOf(error: unknown): string {
  return messageOf(error).replace(/ \((vm hf|block number)[^]*$/, '');
}

function hex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}

function unhex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replace(/^0x/, ''), 'hex'));
}
