/**
 * Transactions that wait for a block. A full pool gives up the cheapest for a dearer one; a waiting transaction is replaced by one of the same sender
 * and nonce that pays a tenth more (both fees), as elsewhere.
 */
import type { TypedTransaction } from '@ethereumjs/tx';
import { Problem } from '../../node/index.js';

/** Transactions in the pool, and of one sender: a village's day. */
const CAPACITY = 4_096;
const OF_ONE = 64;
/** Octets of one transaction, as in go-ethereum's pool. */
const LARGEST = 128 * 1024;
/** A replacement pays at least so many percent more. */
const BUMP = 10n;

export interface AccountView {
  readonly nonce: bigint;
  readonly balance: bigint;
}

export interface MempoolOptions {
  readonly chainId: bigint;
  readonly gasLimit: bigint;
  /** Least tip in wei per gas. */
  readonly leastTip: bigint;
  /** Of the head's state. */
  readonly account: (address: string) => Promise<AccountView>;
}

interface Waiting {
  readonly transaction: TypedTransaction;
  readonly hash: string;
  readonly sender: string;
  /** Counts arrivals: of two that pay the same the earlier goes first. */
  readonly order: number;
}

export class Mempool {
  readonly #options: MempoolOptions;
  readonly #byHash = new Map<string, Waiting>();
  /** By sender, then nonce. */
  readonly #bySender = new Map<string, Map<bigint, Waiting>>();
  #order = 0;

  constructor(options: MempoolOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byHash.size;
  }

  get(hash: string): TypedTransaction | undefined {
    return this.#byHash.get(hash)?.transaction;
  }

  all(): TypedTransaction[] {
    return [...this.#byHash.values()].map(({ transaction }) => transaction);
  }

  /** First nonce of the sender that no transaction here or in the chain has. */
  nextNonce(sender: string, nonce: bigint): bigint {
    const own = this.#bySender.get(sender);
    let next = nonce;
    while (own?.has(next)) next += 1n;
    return next;
  }

  /** False if it is here already. Fails with a Problem `transaction-refused`. */
  async add(transaction: TypedTransaction): Promise<boolean> {
    const hash = hex(transaction.hash());
    if (this.#byHash.has(hash)) return false;
    const sender = await this.#check(transaction);
    if (this.#byHash.has(hash)) return false;
    const waiting: Waiting = { transaction, hash, sender, order: (this.#order += 1) };
    const own = this.#bySender.get(sender) ?? new Map<bigint, Waiting>();
    const old = own.get(transaction.nonce);
    if (old) {
      if (!isDearer(transaction, old.transaction))
        throw refused('replacement transaction underpriced', `Pay at least ${BUMP} % more than the waiting one, in both fees.`);
      this.#drop(old);
    } else if (own.size >= OF_ONE)
      throw refused(`the sender has ${OF_ONE} transactions waiting already`, 'Wait until some are in a block.');
    else if (this.#byHash.size >= CAPACITY) this.#makeRoom(transaction);
    this.#byHash.set(hash, waiting);
    own.set(transaction.nonce, waiting);
    this.#bySender.set(sender, own);
    return true;
  }

  async #check(transaction: TypedTransaction): Promise<string> {
    const { chainId, gasLimit, leastTip, account } = this.#options;
    if (transaction.type > 2) throw refused(`transactions of type ${transaction.type} are not taken`, 'Send one of type 0, 1 or 2.');
    if (!transaction.isSigned()) throw refused('the transaction is not signed', 'Sign it first.');
    if (transaction.common.chainId() !== chainId) throw refused('invalid chain id for signer', `The id of this chain is ${chainId}.`);
    if (transaction.serialize().length > LARGEST) throw refused('oversized data', `A transaction has at most ${LARGEST} octets.`);
    if (transaction.gasLimit > gasLimit) throw refused('exceeds block gas limit', `A block has ${gasLimit}.`);
    const needed = transaction.getIntrinsicGas();
    if (transaction.gasLimit < needed) throw refused('intrinsic gas too low', `It needs at least ${needed}.`);
    let sender: string;
    try {
      sender = transaction.getSenderAddress().toString();
    } catch {
      throw refused('invalid sender', 'Its signature does not fit; sign it again.');
    }
    if (tipCap(transaction) < leastTip) throw refused('transaction underpriced', `This box takes tips from ${leastTip} wei per gas.`);
    const { nonce, balance } = await account(sender);
    if (transaction.nonce < nonce)
      throw refused(`nonce too low: next nonce ${nonce}, tx nonce ${transaction.nonce}`, 'It was replaced, or is in a block already.');
    if (transaction.nonce >= nonce + BigInt(OF_ONE))
      throw refused(`nonce too high: next nonce ${nonce}, tx nonce ${transaction.nonce}`, 'Send the ones before it first.');
    const cost = transaction.gasLimit * feeCap(transaction) + transaction.value;
    if (balance < cost)
      throw refused('insufficient funds for gas * price + value', `${sender} has ${balance} wei, and it may cost ${cost}.`);
    return sender;
  }

  #makeRoom(transaction: TypedTransaction): void {
    let cheapest: Waiting | undefined;
    for (const waiting of this.#byHash.values())
      if (!cheapest || tipCap(waiting.transaction) <= tipCap(cheapest.transaction)) cheapest = waiting;
    if (!cheapest || tipCap(transaction) <= tipCap(cheapest.transaction))
      throw refused('txpool is full', 'Pay a higher tip, or try again after a few blocks.');
    this.#drop(cheapest);
  }

  #drop({ hash, sender, transaction }: Waiting): void {
    this.#byHash.delete(hash);
    const own = this.#bySender.get(sender);
    own?.delete(transaction.nonce);
    if (own?.size === 0) this.#bySender.delete(sender);
  }

  remove(hash: string): void {
    const waiting = this.#byHash.get(hash);
    if (waiting) this.#drop(waiting);
  }

  /** Drops what the new head made impossible; asks for each sender that waits once. */
  async settle(dropped: (transaction: TypedTransaction, reason: string) => void): Promise<void> {
    for (const [sender, own] of [...this.#bySender]) {
      const { nonce, balance } = await this.#options.account(sender);
      for (const waiting of [...own.values()]) {
        const { transaction } = waiting;
        const isLate = transaction.nonce < nonce;
        if (!isLate && balance >= transaction.gasLimit * feeCap(transaction) + transaction.value) continue;
        this.#drop(waiting);
        dropped(
          transaction,
          isLate ? `another transaction with nonce ${transaction.nonce} is in the chain` : 'its sender cannot pay for it any more',
        );
      }
    }
  }

  /** In the order of a block: by tip, the nonces of each sender one after the other. */
  *candidates(baseFee: bigint, nonces: (sender: string) => bigint): Generator<TypedTransaction> {
    const next = (sender: string, nonce: bigint): Waiting | undefined => {
      const found = this.#bySender.get(sender)?.get(nonce);
      return found && feeCap(found.transaction) >= baseFee ? found : undefined;
    };
    const ready = [...this.#bySender.keys()].flatMap((sender) => next(sender, nonces(sender)) ?? []);
    const better = (a: Waiting, b: Waiting): number => {
      const tips = tipOf(b.transaction, baseFee) - tipOf(a.transaction, baseFee);
      return tips === 0n ? a.order - b.order : tips > 0n ? 1 : -1;
    };
    ready.sort(better);
    for (let first = ready.shift(); first !== undefined; first = ready.shift()) {
      yield first.transaction;
      const follower = next(first.sender, first.transaction.nonce + 1n);
      if (!follower) continue;
      const at = ready.findIndex((each) => better(follower, each) < 0);
      ready.splice(at < 0 ? ready.length : at, 0, follower);
    }
  }

  senders(): string[] {
    return [...this.#bySender.keys()];
  }
}

export function feeCap(transaction: TypedTransaction): bigint {
  return 'maxFeePerGas' in transaction ? transaction.maxFeePerGas : transaction.gasPrice;
}

function tipCap(transaction: TypedTransaction): bigint {
  return 'maxPriorityFeePerGas' in transaction ? transaction.maxPriorityFeePerGas : transaction.gasPrice;
}

function tipOf(transaction: TypedTransaction, baseFee: bigint): bigint {
  const room = feeCap(transaction) - baseFee;
  return room < tipCap(transaction) ? room : tipCap(transaction);
}

function isDearer(fresh: TypedTransaction, old: TypedTransaction): boolean {
  const enough = (a: bigint, b: bigint): boolean => a * 100n >= b * (100n + BUMP);
  return enough(feeCap(fresh), feeCap(old)) && enough(tipCap(fresh), tipCap(old));
}

function refused(message: string, remedy: string): Problem {
  return new Problem('transaction-refused', message, remedy);
}

function hex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}
