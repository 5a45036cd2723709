/**
 * The settlement contract over JSON-RPC: events of finalised blocks go in, transactions come out. The only file that knows RPC.
 *
 * A key that the contract knows only by its address is recovered from the transaction by which it opened a channel.
 */
import {
  createPublicClient,
  encodeFunctionData,
  erc20Abi,
  http,
  keccak256,
  parseEventLogs,
  recoverAddress,
  recoverPublicKey,
  serializeTransaction,
  type Hex,
  type Log,
  type PublicClient,
  type TransactionSerializable,
} from 'viem';
import type { ChainEvent, Peer, Transaction } from '../../../firmware/core/channel/index.js';
import type { Signer } from '../../../firmware/core/ports/index.js';
import { secretRegistryAbi, tokensNetworkAbi } from '../../contracts/abi.js';
import { messageOf, Problem } from '../../node/index.js';
import { hexOf, octetsOf } from './identity.js';
import type { Network } from './network.js';

/** ms between looks for a new finalised block. */
const POLL = 2_000;
/** Blocks asked for at once: nodes limit the range. */
const RANGE = 2_000n;

export interface Opening {
  readonly token: Hex;
  readonly parties: readonly [Hex, Hex];
  readonly block: bigint;
}

export interface ChainOptions {
  readonly network: Network;
  readonly self: Peer;
  readonly signer: Pick<Signer, 'sign'>;
  /** Height of the newest block whose events are in the ledger. */
  readonly from: number;
  readonly peerOf: (address: Hex) => Peer | undefined;
  /** A key was found. */
  readonly met: (key: Uint8Array) => Peer | undefined;
  readonly settleTimeout: (id: Hex) => number;
  readonly events: (events: readonly ChainEvent[], height: number, time: number) => void;
  /** Any channel of the contract, for routes. */
  readonly opened: (opening: Opening, deposit: bigint) => void;
  readonly closed: (id: Hex) => void;
  readonly log: (line: string) => void;
}

/** What a network is, as the contract itself says it. Fails with a Problem `channels-network`. */
export async function inspectNetwork(rpc: string, contract: Hex, blockPeriod: number): Promise<Network> {
  const client = createPublicClient({ transport: http(rpc, { retryCount: 0 }) });
  try {
    const [chainId, signed, registry] = await Promise.all([
      client.getChainId(),
      client.readContract({ address: contract, abi: tokensNetworkAbi, functionName: 'chain_id' }),
      client.readContract({ address: contract, abi: tokensNetworkAbi, functionName: 'secret_registry' }),
    ]);
    if (BigInt(chainId) !== signed) throw new Error(`the contract signs for chain ${signed}, the node is of chain ${chainId}`);
    return { rpc, chainId, contract, registry, blockPeriod };
  } catch (error) {
    const remedy = 'Check the address of the node and of the TokensNetwork contract, then try again.';
    throw new Problem(
      'channels-network',
      `${rpc} does not show a settlement contract at ${contract}: ${messageOf(error).split('\n')[0]}`,
      remedy,
    );
  }
}

export class Chain {
  readonly #options: ChainOptions;
  readonly #client: PublicClient;
  #next: bigint;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #sending: Promise<unknown> = Promise.resolve();
  /** What the last look met with, if it failed. */
  trouble: string | undefined;

  constructor(options: ChainOptions) {
    this.#options = options;
    this.#client = createPublicClient({ transport: http(options.network.rpc, { retryCount: 0 }) });
    this.#next = BigInt(options.from) + 1n;
  }

  start(): void {
    void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    try {
      await this.#follow();
      this.trouble = undefined;
    } catch (error) {
      this.trouble = messageOf(error).split('\n')[0]!;
    }
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#look(), POLL);
  }

  async #follow(): Promise<void> {
    const final = await this.#client.getBlock({ blockTag: 'finalized' });
    while (this.#next <= final.number && !this.#stopped) {
      const to = this.#next + RANGE - 1n < final.number ? this.#next + RANGE - 1n : final.number;
      const { contract, registry } = this.#options.network;
      const logs = await this.#client.getLogs({ address: [contract, registry], fromBlock: this.#next, toBlock: to });
      const events: ChainEvent[] = [];
      for (const log of parseEventLogs({ abi: [...tokensNetworkAbi, ...secretRegistryAbi], logs })) {
        const event = await this.#read(log);
        if (event) events.push(event);
      }
      const { timestamp } = to === final.number ? final : await this.#client.getBlock({ blockNumber: to });
      this.#options.events(events, Number(to), Number(timestamp));
      this.#next = to + 1n;
    }
  }

  async #read(
    log: ReturnType<typeof parseEventLogs<readonly [...typeof tokensNetworkAbi, ...typeof secretRegistryAbi]>>[number],
  ): Promise<ChainEvent | undefined> {
    const { settleTimeout } = this.#options;
    const block = Number(log.blockNumber);
    switch (log.eventName) {
      case 'SecretRevealed':
        return { type: 'secret', secret: octetsOf(log.args.secret), block };
      case 'ChannelOpenedAndDeposit':
        return this.#opened(log.args, log);
      case 'ChannelNewDeposit': {
        const { channel_identifier: id, participant, total_deposit: deposit } = log.args;
        return { type: 'deposited', id: octetsOf(id), participant: octetsOf(participant), deposit };
      }
      case 'ChannelWithdraw': {
        const { channel_identifier: id, participant1, participant1_balance: first, participant2_balance: second } = log.args;
        const ours = participant1.toLowerCase() === hexOf(this.#options.self.address);
        return {
          type: 'withdrawn',
          id: octetsOf(id),
          openBlock: block,
          deposit: ours ? first : second,
          peerDeposit: ours ? second : first,
        };
      }
      case 'ChannelClosed': {
        const { channel_identifier: id, closing_participant: closer, locksroot, transferred_amount: transferred } = log.args;
        const settleBlock = block + settleTimeout(id);
        return { type: 'closed', id: octetsOf(id), closer: octetsOf(closer), settleBlock, locksroot: octetsOf(locksroot), transferred };
      }
      case 'BalanceProofUpdated': {
        const { channel_identifier: id, participant: payer, locksroot, transferred_amount: transferred } = log.args;
        return { type: 'updated', id: octetsOf(id), payer: octetsOf(payer), locksroot: octetsOf(locksroot), transferred };
      }
      case 'ChannelUnlocked': {
        const { channel_identifier: id, payer_participant: payer, lockhash, transferred_amount: transferred } = log.args;
        return { type: 'unlocked', id: octetsOf(id), payer: octetsOf(payer), lockHash: octetsOf(lockhash), transferred };
      }
      case 'ChannelPunished':
        return { type: 'punished', id: octetsOf(log.args.channel_identifier), beneficiary: octetsOf(log.args.beneficiary) };
      case 'ChannelSettled':
      case 'ChannelCooperativeSettled':
        this.#options.closed(log.args.channel_identifier);
        return { type: 'settled', id: octetsOf(log.args.channel_identifier) };
      default:
        return undefined;
    }
  }

  async #opened(
    {
      token,
      participant,
      partner,
      settle_timeout: timeout,
      participant1_deposit: deposit,
    }: { token: Hex; participant: Hex; partner: Hex; settle_timeout: bigint; participant1_deposit: bigint },
    log: Log<bigint, number, false>,
  ): Promise<ChainEvent | undefined> {
    const self = hexOf(this.#options.self.address);
    const [opener, other] = [participant.toLowerCase() as Hex, partner.toLowerCase() as Hex];
    if (!this.#options.peerOf(opener)) await this.#meet(log.transactionHash);
    this.#options.opened({ token: token.toLowerCase() as Hex, parties: [opener, other], block: log.blockNumber }, deposit);
    if (opener !== self && other !== self) return undefined;
    const peer = this.#options.peerOf(opener === self ? other : opener);
    if (peer === undefined) {
      this.#options.log(
        `a channel with ${opener === self ? other : opener} is on the chain, but its key is not known here: it can't be used`,
      );
      return undefined;
    }
    const [id] = await this.#client.readContract({
      address: this.#options.network.contract,
      abi: tokensNetworkAbi,
      functionName: 'getChannelInfo',
      args: [token, participant, partner],
    });
    const [mine, theirs] = opener === self ? [deposit, 0n] : [0n, deposit];
    const openBlock = Number(log.blockNumber);
    return {
      type: 'opened',
      id: octetsOf(id),
      token: octetsOf(token),
      peer,
      openBlock,
      settleTimeout: Number(timeout),
      deposit: mine,
      peerDeposit: theirs,
    };
  }

  /** The key behind a transaction, from its signature. */
  async #meet(hash: Hex): Promise<void> {
    const found = await this.#client.getTransaction({ hash });
    const { r, s, yParity, v } = found;
    const request = (
      found.type === 'legacy'
        ? {
            type: 'legacy',
            chainId: found.chainId,
            nonce: found.nonce,
            gasPrice: found.gasPrice,
            gas: found.gas,
            to: found.to,
            value: found.value,
            data: found.input,
          }
        : {
            type: 'eip1559',
            chainId: found.chainId,
            nonce: found.nonce,
            maxFeePerGas: found.maxFeePerGas,
            maxPriorityFeePerGas: found.maxPriorityFeePerGas,
            gas: found.gas,
            to: found.to,
            value: found.value,
            data: found.input,
            accessList: 'accessList' in found ? found.accessList : [],
          }
    ) as TransactionSerializable;
    const parity = yParity ?? Number((v ?? 0n) >= 35n ? ((v ?? 0n) - 35n) % 2n : (v ?? 27n) - 27n);
    const whole = await recoverPublicKey({ hash: keccak256(serializeTransaction(request)), signature: { r, s, yParity: parity } });
    const point = octetsOf(whole);
    const key = new Uint8Array(33);
    key[0] = 2 + (point[64]! & 1);
    key.set(point.subarray(1, 33), 1);
    this.#options.met(key);
  }

  /** A duty: what reverts is told in the log, the machine asks again if it still wants it. */
  submit(transaction: Transaction): void {
    const { log } = this.#options;
    this.#enqueue(async () => {
      const { contract, registry } = this.#options.network;
      const data = await this.#encode(transaction);
      await this.#send(transaction.call === 'register-secret' ? registry : contract, data);
      log(`channels: sent ${transaction.call} to the chain`);
    }).catch((error: unknown) => log(`channels: ${transaction.call} did not reach the chain: ${messageOf(error).split('\n')[0]}`));
  }

  /** Allows the contract to take the tokens, and opens a channel or adds to it. Resolves with the transaction. */
  deposit(token: Hex, partner: Hex, amount: bigint, settleTimeout: number): Promise<Hex> {
    const { contract } = this.#options.network;
    const self = hexOf(this.#options.self.address);
    return this.#enqueue(async () => {
      await this.#send(token, encodeFunctionData({ abi: erc20Abi, functionName: 'approve', args: [contract, amount] }));
      const args = [token, self, partner, amount, BigInt(settleTimeout)] as const;
      return this.#send(contract, encodeFunctionData({ abi: tokensNetworkAbi, functionName: 'deposit', args }));
    });
  }

  balance(token: Hex): Promise<bigint> {
    return this.#client.readContract({
      address: token,
      abi: erc20Abi,
      functionName: 'balanceOf',
      args: [hexOf(this.#options.self.address)],
    });
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#sending.then(work);
    this.#sending = done.catch(() => undefined);
    return done;
  }

  /** Signed by the box's Signer; resolves when the transaction is in a block that it did not revert in. */
  async #send(to: Hex, data: Hex): Promise<Hex> {
    const from = hexOf(this.#options.self.address);
    const [nonce, gas, gasPrice] = await Promise.all([
      this.#client.getTransactionCount({ address: from, blockTag: 'pending' }),
      this.#client.estimateGas({ account: from, to, data }),
      this.#client.getGasPrice(),
    ]);
    const request: TransactionSerializable = {
      type: 'legacy',
      chainId: this.#options.network.chainId,
      nonce,
      gas: (gas * 12n) / 10n,
      gasPrice,
      to,
      data,
    };
    const signature = await new Promise<Uint8Array>((done) =>
      this.#options.signer.sign(octetsOf(keccak256(serializeTransaction(request))), done),
    );
    const [r, s] = [hexOf(signature.subarray(0, 32)), hexOf(signature.subarray(32, 64))];
    const hash = await this.#client.sendRawTransaction({
      serializedTransaction: serializeTransaction(request, { r, s, v: BigInt(27 + signature[64]!) }),
    });
    const receipt = await this.#client.waitForTransactionReceipt({ hash, pollingInterval: 500, timeout: 120_000 });
    if (receipt.status !== 'success') throw new Error(`transaction ${hash} was reverted`);
    return hash;
  }

  async #encode(t: Transaction): Promise<Hex> {
    if (t.call === 'register-secret')
      return encodeFunctionData({ abi: secretRegistryAbi, functionName: 'registerSecret', args: [hexOf(t.secret)] });
    const [token, partner, self] = [hexOf(t.token), hexOf(t.partner), hexOf(this.#options.self.address)];
    const abi = tokensNetworkAbi;
    switch (t.call) {
      case 'close':
      case 'update': {
        const signature = t.nonce === 0 ? '0x' : await whole(t.signature, t.digest, partner);
        const args = [token, partner, t.transferred, hexOf(t.locksroot), BigInt(t.nonce), hexOf(t.additional), signature] as const;
        return encodeFunctionData({ abi, functionName: t.call === 'close' ? 'prepareSettle' : 'updateBalanceProof', args });
      }
      case 'unlock': {
        const args = [token, partner, t.transferred, BigInt(t.expiryBlock), t.amount, hexOf(t.hash), hexOf(t.proof)] as const;
        return encodeFunctionData({ abi, functionName: 'unlock', args });
      }
      case 'punish': {
        const signature = await whole(t.signature, t.digest, partner);
        return encodeFunctionData({
          abi,
          functionName: 'punishObsoleteUnlock',
          args: [token, self, partner, hexOf(t.lockHash), hexOf(t.additional), signature],
        });
      }
      case 'settle': {
        const args = [token, self, t.transferred, hexOf(t.locksroot), partner, t.partnerTransferred, hexOf(t.partnerLocksroot)] as const;
        return encodeFunctionData({ abi, functionName: 'settle', args });
      }
      case 'cooperative-settle': {
        const [mine, theirs] = [await whole(t.signature, t.digest, self), await whole(t.partnerSignature, t.digest, partner)];
        return encodeFunctionData({
          abi,
          functionName: 'cooperativeSettle',
          args: [token, self, t.balance, partner, t.partnerBalance, mine, theirs],
        });
      }
      case 'withdraw': {
        const [mine, theirs] = [await whole(t.signature, t.digest, self), await whole(t.partnerSignature, t.digest, partner)];
        return encodeFunctionData({ abi, functionName: 'withDraw', args: [token, self, partner, t.balance, t.amount, mine, theirs] });
      }
    }
  }
}

/** 65 octets of 64: the recovery octet that leads to the signer. */
async function whole(signature: Uint8Array, digest: Uint8Array, signer: Hex): Promise<Hex> {
  for (const octet of ['1b', '1c']) {
    const candidate = `${hexOf(signature)}${octet}` as Hex;
    if ((await recoverAddress({ hash: hexOf(digest), signature: candidate })).toLowerCase() === signer.toLowerCase()) return candidate;
  }
  throw new Error('a signature in the ledger is not of its signer');
}
