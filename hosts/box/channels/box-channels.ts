/** A box's channels: the engine, the chain if there is one, who there is, what the owner wants. What the API and the daemon see of them. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { Hex } from 'viem';
import type { WasmCurveKernels } from '../../../assembly/wasm/index.js';
import { available, defaultRules, effective, type Channel, type Peer } from '../../../firmware/core/channel/index.js';
import type { Clock, Kernels, Signer } from '../../../firmware/core/ports/index.js';
import { messageOf, Problem } from '../../node/index.js';
import type { Chain } from './chain.js';
import { Directory } from './directory.js';
import { Engine, type Result } from './engine.js';
import { hexOf, octetsOf, peerOf } from './identity.js';
import { Ledger } from './ledger.js';
import { readNetwork, storeNetwork, type Network } from './network.js';
import { PolicyFile } from './policy.js';
import { findRoutes, usualFee, type Route } from './routes.js';

/** Mainnet's least settlement window; half of it is how long a box can be paid without the chain. */
export const SETTLE_TIMEOUT = 40_000;
/** ms that an answer is waited for; a payment goes on by itself after that. */
const PATIENCE = 15_000;
/** ms between looks at the clock of the machine, whose owner keeps it. */
const CLOCK_EVERY = 3_600_000;

export interface BoxChannelsOptions {
  readonly folder: string;
  readonly key: Uint8Array;
  readonly signer: Pick<Signer, 'sign' | 'ecdh'>;
  readonly kernels: Kernels;
  readonly curve: WasmCurveKernels;
  readonly clock: Clock;
  readonly send: (to: Uint8Array, payload: Uint8Array) => void;
  readonly log: (line: string) => void;
  readonly failed: (error: unknown) => void;
}

export interface PayOrder {
  readonly token: Hex;
  /** Address, node id or key. */
  readonly target: string;
  readonly amount: bigint;
  readonly data?: Uint8Array;
  readonly secret?: Uint8Array;
  readonly held?: boolean;
  /** False: over locks even to a neighbour. */
  readonly direct?: boolean;
}

export class BoxChannels {
  readonly self: Peer;
  readonly ledger: Ledger;
  readonly directory: Directory;
  readonly policy: PolicyFile;
  network: Network | undefined;
  readonly #options: BoxChannelsOptions;
  #engine: Engine | undefined;
  #chain: Chain | undefined;
  readonly #clock: NodeJS.Timeout;

  private constructor(
    options: BoxChannelsOptions,
    self: Peer,
    ledger: Ledger,
    directory: Directory,
    policy: PolicyFile,
    network: Network | undefined,
  ) {
    this.#options = options;
    this.self = self;
    this.ledger = ledger;
    this.directory = directory;
    this.policy = policy;
    this.network = network;
    this.#clock = setInterval(() => this.#tellTime(), CLOCK_EVERY);
    this.#clock.unref();
    if (network) this.#begin(network);
  }

  static async open(options: BoxChannelsOptions): Promise<BoxChannels> {
    const { folder, key, curve, kernels, failed } = options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const identify = (each: Uint8Array): Peer | undefined => peerOf(each, curve, kernels);
    const [ledger, directory, policy, network] = await Promise.all([
      Ledger.open(folder, failed),
      Directory.open(folder, identify, failed),
      PolicyFile.open(folder),
      readNetwork(folder),
    ]);
    return new BoxChannels(options, identify(key)!, ledger, directory, policy, network);
  }

  /** Once for a box: its channels are of one contract. */
  async connect(rpc: string, contract: Hex, blockPeriod: number): Promise<Network> {
    const { inspectNetwork } = await import('./chain.js');
    const network = await inspectNetwork(rpc, contract, blockPeriod);
    const known = this.network;
    if (
      known &&
      (known.contract.toLowerCase() !== contract.toLowerCase() || known.chainId !== network.chainId) &&
      this.ledger.records.length > 0
    )
      throw new Problem(
        'refused',
        `this box has channels of ${known.contract} on chain ${known.chainId}`,
        'Settle them first; a box has channels of one contract.',
      );
    await storeNetwork(this.#options.folder, network);
    this.#end();
    this.network = network;
    this.#begin(network);
    return network;
  }

  channels(): Channel[] {
    return this.#engine?.channels() ?? [];
  }

  message(from: Uint8Array, payload: Uint8Array): void {
    this.#engine?.feed({ type: 'message', from: from.slice(), payload: payload.slice() });
  }

  /** Online, or how it stands with the chain, in words. */
  chainInWords(): string {
    if (this.network === undefined) return 'no chain: `meshbox channels connect` says which';
    const view = this.engine.machine.view();
    if (effective(view, defaultRules)) return `online, final block ${view.height}`;
    const since = view.time === 0 ? 'never seen' : `last final block ${view.height} of ${new Date(view.time * 1000).toISOString()}`;
    return `off-grid, ${since}${this.#chain?.trouble === undefined ? '' : ` (${this.#chain.trouble})`}`;
  }

  async deposit(token: Hex, partner: string, amount: bigint, settleTimeout: number): Promise<Hex> {
    const peer = this.find(partner);
    if (peer === undefined)
      throw new Problem(
        'bad-address',
        `nobody here knows the key of ${partner}`,
        "Give the partner's whole key, 66 digits: its `meshbox channels` shows it.",
      );
    return this.chain.deposit(token, hexOf(peer.address), amount, settleTimeout).catch((error: unknown) => {
      throw new Problem(
        'refused',
        `the deposit did not go through: ${messageOf(error).split('\n')[0]}`,
        'The box needs the tokens, and coins for gas; its address is in `meshbox channels`.',
      );
    });
  }

  routes(token: Hex, target: Hex, amount: bigint): Route[] {
    const open = this.channels().filter((channel) => channel.phase === 'open' && hexOf(channel.token) === token);
    const own = new Map(open.map((channel) => [hexOf(channel.peer.address), available(channel)]));
    return findRoutes(
      { edges: this.directory.edges(token), available: (neighbour) => own.get(neighbour) },
      hexOf(this.self.address),
      target,
      amount,
    );
  }

  async pay(order: PayOrder): Promise<Result> {
    const { token, target, amount } = order;
    const payee = this.find(target);
    if (payee === undefined)
      throw new Problem(
        'no-such-node',
        `nobody here knows ${target}`,
        "Give the payee's address, node id or whole key; a key is enough when nobody was met yet.",
      );
    const address = hexOf(payee.address);
    const routes = this.routes(token, address, amount);
    if (routes.length === 0)
      throw new Problem(
        'refused',
        `there is no way to pay ${amount} to ${address}`,
        'Open a channel towards it with `meshbox deposit`, or pay less; `meshbox channels` shows what is left.',
      );
    const fee = usualFee(amount, Math.max(...routes.map(({ hops }) => hops.length - 1)));
    const nodes = routes
      .map(({ hops }) => hops.map((hop) => this.directory.byAddress(hop)?.node))
      .filter((hops) => hops.every((hop) => hop !== undefined));
    if (nodes.length === 0)
      throw new Problem(
        'refused',
        'a box on every way to the payee has never been met',
        'Let this box see the chain once, so that it learns their keys.',
      );
    return this.#wait({
      type: 'pay',
      currency: octetsOf(token),
      amount,
      routes: nodes as Uint8Array[][],
      fee,
      entropy: randomBytes(8),
      payeeKey: payee.key,
      ...(order.data ? { data: order.data } : {}),
      ...(order.secret ? { secret: order.secret } : {}),
      ...(order.held ? { held: true } : {}),
      ...(order.direct === false ? { locked: true } : {}),
    });
  }

  /** Asks for something of a channel; the chain does it later. */
  command(type: 'settle' | 'close' | 'withdraw', channel: Channel, more: { amount?: bigint; force?: boolean } = {}): Promise<Result> {
    const command =
      type === 'withdraw'
        ? { type, channel: channel.key, amount: more.amount! }
        : { type, channel: channel.key, ...(more.force ? { force: true } : {}) };
    return new Promise((resolve) => this.engine.command(command as never, (result) => (resolve(result), true)));
  }

  allow(hash: Uint8Array): void {
    this.engine.feed({ type: 'allow', hash });
  }

  cancel(hash: Uint8Array): void {
    this.engine.feed({ type: 'cancel', hash });
  }

  /** By whole key, address or node id. */
  find(text: string): Peer | undefined {
    const plain = text.toLowerCase().replace(/^0x/, '');
    if (/^0[23][0-9a-f]{64}$/.test(plain)) return this.directory.meet(octetsOf(plain));
    if (/^[0-9a-f]{40}$/.test(plain)) return this.directory.byAddress(`0x${plain}`);
    return /^[0-9a-f]{16}$/.test(plain) ? this.directory.byNode(octetsOf(plain)) : undefined;
  }

  balance(token: Hex): Promise<bigint> {
    return this.chain.balance(token).catch((error: unknown) => {
      throw new Problem(
        'no-answer',
        `the chain does not answer: ${messageOf(error).split('\n')[0]}`,
        'Balances in channels are known without it: `meshbox channels`.',
      );
    });
  }

  get engine(): Engine {
    if (this.#engine) return this.#engine;
    throw new Problem(
      'refused',
      'this box does not know which chain its channels are of',
      'Say so with `meshbox channels connect --contract ADDRESS`.',
    );
  }

  get chain(): Chain {
    void this.engine;
    if (this.#chain) return this.#chain;
    throw new Problem('no-answer', 'the chain is not looked at yet', 'Try again in a moment.');
  }

  async stop(): Promise<void> {
    clearInterval(this.#clock);
    this.#end();
    await this.ledger.close();
    await this.directory.settled();
  }

  #begin(network: Network): void {
    const { signer, curve, kernels, clock, send, log, failed } = this.#options;
    const { directory, policy } = this;
    const engine = new Engine({
      kernels,
      curve,
      signer,
      clock,
      send,
      network: { chainId: network.chainId, contract: octetsOf(network.contract) },
      self: this.self,
      rules: { ...defaultRules, blockPeriod: network.blockPeriod, caps: policy.capsOf },
      feeOf: policy.feeOf,
      keyOf: (node) => directory.byNode(node)?.key,
      ledger: this.ledger,
      submit: (transaction) => this.#chain?.submit(transaction),
      refused: (from, reason) => log(`channels: ${hexOf(from)} was refused: ${reason}`),
    });
    this.#engine = engine;
    this.#tellTime();
    this.#attach(network, engine).catch(failed);
  }

  /** The chain's part is loaded while the box is up already: it is most of the code. */
  async #attach(network: Network, engine: Engine): Promise<void> {
    const { signer, log } = this.#options;
    const { directory } = this;
    const { Chain } = await import('./chain.js');
    if (this.#engine !== engine) return;
    this.#chain = new Chain({
      network,
      self: this.self,
      signer,
      log,
      from: engine.machine.view().height,
      peerOf: directory.byAddress,
      met: (key) => directory.meet(key),
      settleTimeout: (id) => engine.channels().find(({ key }) => `0x${key}` === id.toLowerCase())?.settleTimeout ?? SETTLE_TIMEOUT,
      opened: ({ token, parties, block }) => directory.opened({ token, parties, block: String(block) }),
      closed: (id) => directory.closed((edge) => this.#idOf(edge.token, edge.parties) === id.toLowerCase()),
      events: (events, height, time) => engine.feed({ type: 'chain', events, height, time }),
    });
    this.#chain.start();
  }

  #idOf(token: Hex, [a, b]: readonly [Hex, Hex]): Hex {
    return hexOf(this.engine.machine.channelId(octetsOf(a), octetsOf(b), octetsOf(token)));
  }

  #end(): void {
    this.#chain?.stop();
    this.#engine?.stop();
    this.#chain = undefined;
    this.#engine = undefined;
  }

  /** The machine's own clock, which its owner keeps; never before the newest final block. */
  #tellTime(): void {
    const engine = this.#engine;
    if (engine) engine.feed({ type: 'clock', wall: Math.max(Math.floor(Date.now() / 1_000), engine.machine.view().time) });
  }

  #wait(command: Parameters<Engine['command']>[0]): Promise<Result> {
    return new Promise((resolve) => {
      let last: Result | undefined;
      const late = setTimeout(() => resolve(last ?? { outcome: 'pending', id: '' }), PATIENCE);
      this.engine.command(command, (result) => {
        last = result;
        if (result.outcome === 'pending' && !('held' in command)) return false;
        clearTimeout(late);
        resolve(result);
        return true;
      });
    });
  }
}
