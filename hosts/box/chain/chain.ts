/**
 * A node of the chain: consensus machine, engine, pool and disk joined. It performs the machine's effects; what goes to other boxes is told to
 * listeners, so that a network, a simulation or nobody may carry it.
 *
 *   opening -> following     everything stored above the last final block is in the tree again
 *   following -> stopped     stop: nothing is under way any more, the database is closed
 */
import { readFile, rename } from 'node:fs/promises';
import { createBlockFromRLP, type Block } from '@ethereumjs/block';
import { RLP } from '@ethereumjs/rlp';
import { createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx';
import { Address } from '@ethereumjs/util';
import { hex } from '../../../firmware/core/base/index.js';
import {
  decodeCertificate,
  type Attestation,
  type Certificate,
  type EpochHeader,
  type OuterHeader,
} from '../../../firmware/core/wire/index.js';
import { messageOf, Problem, systemCode, writeDurably } from '../../node/index.js';
import {
  certificateOctets,
  Consensus,
  firstReign,
  Hashes,
  HISTORY,
  keysOf,
  restOf,
  weightsRoot,
  type ChainBlock,
  type ConsensusCrypto,
  type Effect,
  type Guard,
  type Input,
  type NewNode,
  type Reign,
  type TreeNode,
  type Weight,
} from './consensus/index.js';
import { ChainDatabase, exists, keys, type Write } from './execution/database.js';
import { Engine, type Ancestor, type Executed, type Fixed, type Receipt } from './execution/engine.js';
import { StateStore } from './execution/state-store.js';
import { Mempool } from './mempool.js';
import type { ChainParams } from './params.js';
import { Records, type StoredBlock } from './records.js';

/** Decoded payloads kept: more than the blocks that are not final on a healthy chain. */
const PAYLOADS = 256;
/** States kept below the last final block, for questions about the past: half an hour of 14 s slots. */
const STATES = 128;
/** Nodes written between two prunings at least; beyond it, four times what the last one kept. */
const PRUNE_LEAST = 50_000;
/** Transactions of lost branches that did not fit any more, kept to be asked for. */
const CONFLICTS = 256;
/** Of a slot, for choosing and running transactions. */
const BUILD_SHARE = 4;

/** The key of a box; secrets stay behind it. */
export interface Identity {
  /** Compressed, 33 octets. */
  readonly key: Uint8Array;
  sign(digest: Uint8Array): Promise<Uint8Array>;
  /** Proof of the verifiable random function. */
  prove(input: Uint8Array): Promise<Uint8Array>;
}

export interface ChainOptions {
  /** Of the database. */
  readonly folder: string;
  readonly params: ChainParams;
  readonly crypto: ConsensusCrypto;
  /** Undefined: this node only follows. */
  readonly identity?: Identity;
  /** Wall time in milliseconds. */
  readonly now: () => number;
  /** Calls once at that wall time; answers how to cancel it. */
  readonly at: (time: number, call: () => void) => () => void;
  readonly log: (line: string) => void;
  readonly report: (problem: Problem) => void;
}

export interface Listener {
  block?(block: ChainBlock, hash: Uint8Array): void;
  attestation?(attestation: Attestation): void;
  transaction?(transaction: TypedTransaction): void;
  head?(head: TreeNode, left: readonly TreeNode[], entered: readonly TreeNode[]): void;
  final?(node: TreeNode): void;
  want?(hash: Uint8Array, from: string): void;
  penalise?(from: string, reason: string): void;
}

/** A transaction that was in a block of a branch that lost, and cannot be included again. */
export interface Conflict {
  readonly hash: string;
  readonly reason: string;
}

export interface Included {
  readonly header: Uint8Array;
  readonly index: number;
}

export class Chain {
  readonly params: ChainParams;
  readonly engine: Engine;
  readonly mempool: Mempool;
  readonly records: Records;
  readonly database: ChainDatabase;
  readonly store: StateStore;
  readonly consensus: Consensus;
  /** Hash of the header of number 0. */
  readonly genesis: Uint8Array;
  readonly conflicts: Conflict[] = [];
  readonly #options: ChainOptions;
  readonly #listeners = new Set<Listener>();
  readonly #payloads = new Map<string, Block>();
  /** Executed, not kept yet. */
  readonly #executed = new Map<string, Executed>();
  #built: Executed | undefined;
  readonly #underWay = new Set<Promise<void>>();
  #lock: Promise<unknown> = Promise.resolve();
  #cancel: () => void = () => undefined;
  #wakes = 0;
  #written = 0;
  #pruneAt = PRUNE_LEAST;
  #restoring = true;
  #stopped = false;
  #clockWrong = 0;

  private constructor(
    options: ChainOptions,
    database: ChainDatabase,
    store: StateStore,
    engine: Engine,
    genesis: Uint8Array,
    root: NewNode,
    guard: Guard,
  ) {
    const { params, crypto, identity } = options;
    this.#options = options;
    this.params = params;
    this.database = database;
    this.store = store;
    this.engine = engine;
    this.genesis = genesis;
    this.records = new Records(database);
    this.consensus = new Consensus({
      ...params,
      weights: weightsIn(params),
      genesis,
      root,
      guard,
      crypto,
      ...(identity && { key: identity.key }),
    });
    this.mempool = new Mempool({
      chainId: BigInt(params.chainId),
      gasLimit: BigInt(params.gasLimit),
      leastTip: 0n,
      account: (address) => this.account(address),
    });
  }

  /** Fails with a Problem: `chain-busy`, `chain-corrupt`, `genesis-other`. */
  static async open(options: ChainOptions): Promise<Chain> {
    const database = await ChainDatabase.open(options.folder);
    try {
      const store = new StateStore(database);
      const engine = new Engine(options.params, store);
      const made = await engine.genesis();
      const { hash, node } = genesisNode(options, made.block);
      const stored = database.get(keys.meta('genesis'));
      if (stored && hex(stored) !== hex(hash))
        throw new Problem(
          'genesis-other',
          `the chain in ${options.folder} begins with ${hex(stored).slice(0, 16)}…, and the genesis given with ${hex(hash).slice(0, 16)}…`,
          'Give the genesis file that this chain was started with, or another state folder.',
        );
      if (!stored) await database.write([...store.writes(made.nodes), ...genesisWrites(new Records(database), hash, node, made)]);
      const chain = new Chain(
        options,
        database,
        store,
        engine,
        hash,
        readRoot(database, hash, node, options.crypto),
        await readGuard(options.folder),
      );
      await chain.#restore();
      return chain;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** Of the header of number 0, without a database. */
  static async genesisHash(options: Pick<ChainOptions, 'params' | 'crypto'>): Promise<Uint8Array> {
    const nothing = { get: () => undefined } as unknown as ChainDatabase;
    const { block } = await new Engine(options.params, new StateStore(nothing)).genesis();
    return genesisNode(options, block).hash;
  }

  get head(): TreeNode {
    return this.consensus.head;
  }

  get final(): TreeNode {
    return this.consensus.final;
  }

  /** Seconds by which our clock is wrong, 0 if it agrees. */
  get clockWrong(): number {
    return this.#clockWrong;
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when nothing is under way: for tests and virtual time. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.settled();
    await this.#lock;
    await this.database.close();
  }

  feed(input: Input): void {
    if (this.#stopped) return;
    this.consensus.handle(this.#options.now(), input);
    for (let effect = this.consensus.poll(); effect !== undefined; effect = this.consensus.poll()) this.#perform(effect);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#restoring) return;
    this.#cancel();
    const wake = (this.#wakes += 1);
    this.#cancel = this.#options.at(this.consensus.deadline(), () => wake === this.#wakes && this.feed({ type: 'tick' }));
  }

  /** Everything on disk above the root, in order; what the machine says meanwhile was said before. */
  async #restore(): Promise<void> {
    const from = this.consensus.final.header.number + 1;
    for await (const [key] of this.database.range(keys.height(from), keys.height(0xffff_ffff))) {
      const stored = this.records.block(key.slice(5));
      if (stored) this.feed({ type: 'restored', block: stored.block, reign: stored.reign() });
    }
    this.feed({ type: 'restored-final', hash: this.database.get(keys.meta('final'))! });
    const latest = this.#epochRecord(keys.meta('latest'));
    if (latest) this.feed({ type: 'certificate', certificate: latest.certificate });
    await this.settled();
    const state = this.head.header.state;
    if (!this.engine.hasState(state))
      throw new Problem(
        'chain-corrupt',
        `the database ${this.#options.folder} lacks the state of its newest block`,
        'It is set aside and rebuilt from the last snapshot, or from other boxes.',
      );
    await this.#index([], pathTo(this.head, this.consensus.final));
    this.#restoring = false;
    this.feed({ type: 'tick' });
  }

  // Effects of the machine

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'execute':
        return this.#track(this.#execute(effect));
      case 'keep':
        return this.#track(this.#keep(effect));
      case 'build':
        return this.#track(this.#build(effect));
      case 'prove':
        return this.#track(this.#options.identity!.prove(effect.input).then((proof) => this.feed({ type: 'proved', proof })));
      case 'sign':
        return this.#track(
          this.#options.identity!.sign(effect.digest).then((signature) => this.feed({ type: 'signed', what: effect.what, signature })),
        );
      case 'guard':
        return this.#track(this.#guard(effect));
      case 'head':
        return this.#restoring ? undefined : this.#track(this.#enter(effect));
      case 'final':
        return this.#restoring ? undefined : this.#track(this.#finalise(effect.node, effect.certificate));
      case 'announce-block':
        return this.#tell((listener) => listener.block?.(effect.block, effect.hash));
      case 'announce-attestation':
        return this.#tell((listener) => listener.attestation?.(effect.attestation));
      case 'want':
        return this.#tell((listener) => listener.want?.(effect.hash, effect.from));
      case 'penalise':
        return this.#tell((listener) => listener.penalise?.(effect.from, effect.reason));
      case 'invalid':
        return this.#options.log(`chain: refused block ${hex(effect.hash).slice(0, 16)}…: ${effect.reason}`);
      case 'equivocation':
        return this.#options.log(
          `chain: box ${hex(effect.key)} signed two ${effect.evidence.kind}s that contradict each other; the proof goes into a block`,
        );
      case 'clock':
        return this.#onClock(effect.seconds);
    }
  }

  #track(work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch((error: unknown) => {
        if (this.#stopped) return;
        this.#options.report(
          new Problem(
            'chain-failed',
            `the chain stopped: ${messageOf(error)}`,
            'Restart the daemon; nothing that was signed is lost. If it stays, report it with the log.',
          ),
        );
        this.#stopped = true;
      })
      .finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  #tell(say: (listener: Listener) => void): void {
    if (!this.#restoring) for (const listener of [...this.#listeners]) say(listener);
  }

  #onClock(seconds: number): void {
    this.#clockWrong = seconds;
    if (seconds === 0) return this.#options.log('chain: the clock agrees with the other boxes again; this box produces blocks');
    this.#options.report(
      new Problem(
        'clock-wrong',
        `this box’s clock is ${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} the other boxes’; it makes no blocks until it agrees`,
        'Set the time of this machine, for example with `timedatectl set-ntp true`.',
      ),
    );
  }

  /** One at a time, so that states are written in the order of blocks. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#lock.then(work);
    this.#lock = run.catch(() => undefined);
    return run;
  }

  async #execute({ hash, block, parent, random, payee }: Extract<Effect, { type: 'execute' }>): Promise<void> {
    const fixed: Fixed = { time: block.header.time, random, beacon: parent.hash, payee };
    try {
      const executed = await this.exclusive(() => this.engine.verify(this.payload(parent), fixed, block.payload, this.ancestorOf(parent)));
      const { header } = executed.block;
      const wrong = (
        [
          ['payload', executed.block.hash()],
          ['state', header.stateRoot],
          ['receipts', header.receiptTrie],
        ] as const
      ).find(([name, value]) => hex(value) !== hex(block.header[name]));
      if (wrong) throw new Error(`its ${wrong[0]} hash is not its payload’s`);
      this.#executed.set(hex(hash), executed);
      this.feed({ type: 'executed', hash });
    } catch (error) {
      this.feed({ type: 'refused', hash, reason: messageOf(error) });
    }
  }

  async #keep({ hash, block, reign }: Extract<Effect, { type: 'keep' }>): Promise<void> {
    const executed = this.#executed.get(hex(hash))!;
    this.#executed.delete(hex(hash));
    await this.exclusive(() => this.database.write(this.#blockWrites(hash, block, executed, reign)));
    this.feed({ type: 'kept', hash });
  }

  #blockWrites(hash: Uint8Array, block: ChainBlock, { nodes, receipts, block: payload }: Executed, reign: Reign): Write[] {
    this.#remember(hex(hash), payload);
    this.#written += nodes.size;
    return [...this.store.writes(nodes), ...this.records.blockWrites(hash, block, receipts, reign)];
  }

  async #build({ parent, time, random, payee, mayRest }: Extract<Effect, { type: 'build' }>): Promise<void> {
    const payload = this.payload(parent);
    const candidates = await this.#candidates(payload);
    if (mayRest && candidates.length === 0 && !this.#isAwaited(parent)) return this.feed({ type: 'rested' });
    const until = performance.now() + (this.params.slot * 1000) / BUILD_SHARE;
    const refused = new Map<string, string>();
    const note = (transaction: TypedTransaction, reason: string): void => {
      const sender = transaction.getSenderAddress().toString();
      if (refused.has(sender) || reason.includes('left in the block')) return;
      refused.set(sender, reason);
      this.#drop(transaction, reason);
    };
    const fixed: Fixed = { time, random, beacon: parent.hash, payee };
    const enough = (): boolean => performance.now() > until;
    const built = await this.exclusive(() => this.engine.build(payload, fixed, candidates, this.ancestorOf(parent), note, enough));
    this.#built = built;
    const { header } = built.block;
    this.feed({
      type: 'built',
      payload: built.block.hash(),
      state: header.stateRoot,
      receipts: header.receiptTrie,
      octets: built.block.serialize(),
    });
  }

  /** Whether somebody's transaction would become final sooner by one more block. */
  #isAwaited(node: TreeNode): boolean {
    for (let at: TreeNode | undefined = node; at && at.header.number > this.final.header.number; at = at.parent)
      if (this.payload(at).transactions.length > 0) return true;
    return false;
  }

  async #candidates(parent: Block): Promise<TypedTransaction[]> {
    const state = this.engine.state(parent.header.stateRoot);
    const nonces = new Map<string, bigint>();
    for (const sender of this.mempool.senders()) nonces.set(sender, (await state.getAccount(addressFrom(sender)))?.nonce ?? 0n);
    return [...this.mempool.candidates(parent.header.calcNextBaseFee(), (sender) => nonces.get(sender) ?? 0n)];
  }

  #drop(transaction: TypedTransaction, reason: string): void {
    const hash = `0x${hex(transaction.hash())}`;
    this.mempool.remove(hash);
    this.#options.log(`chain: transaction ${hash} is dropped: ${reason}`);
  }

  /** The guard has a file of its own: it outlives a damaged database. */
  async #guard({ what, guard, block, hash, reign }: Extract<Effect, { type: 'guard' }>): Promise<void> {
    await this.exclusive(async () => {
      await writeGuard(this.#options.folder, guard);
      if (block) await this.database.write(this.#blockWrites(hash!, block, this.#built!, reign!));
    });
    this.feed({ type: 'guarded', what });
  }

  async #enter({ head, left, entered }: Extract<Effect, { type: 'head' }>): Promise<void> {
    await this.exclusive(() => this.#index(left, entered));
    const again = new Set(entered.flatMap((node) => this.payload(node).transactions.map((each) => hex(each.hash()))));
    const lost = left.flatMap((node) => this.payload(node).transactions).filter((each) => !again.has(hex(each.hash())));
    for (const hash of again) this.mempool.remove(`0x${hash}`);
    for (const transaction of lost.reverse())
      await this.mempool.add(transaction).catch((error: unknown) => this.#conflict(transaction, messageOf(error)));
    await this.mempool.settle((transaction, reason) =>
      lost.includes(transaction) ? this.#conflict(transaction, reason) : this.#drop(transaction, reason),
    );
    this.#tell((listener) => listener.head?.(head, left, entered));
  }

  #conflict(transaction: TypedTransaction, reason: string): void {
    const hash = `0x${hex(transaction.hash())}`;
    this.conflicts.push({ hash, reason });
    if (this.conflicts.length > CONFLICTS) this.conflicts.shift();
    this.#options.log(`chain: transaction ${hash} was in a block that lost, and cannot be included again: ${reason}`);
  }

  /** The canonical chain by number, and its transactions. */
  async #index(left: readonly TreeNode[], entered: readonly TreeNode[]): Promise<void> {
    const writes: Write[] = [];
    for (const node of left) {
      writes.push({ type: 'del', key: keys.canonical(node.header.number) });
      for (const each of this.payload(node).transactions) writes.push({ type: 'del', key: keys.transaction(each.hash()) });
    }
    for (const node of entered) {
      writes.push({ type: 'put', key: keys.canonical(node.header.number), value: node.hash });
      this.payload(node).transactions.forEach((each, index) =>
        writes.push({ type: 'put', key: keys.transaction(each.hash()), value: RLP.encode([node.hash, index]) }),
      );
    }
    if (writes.length > 0) await this.database.write(writes);
  }

  async #finalise(node: TreeNode, certificate: Certificate): Promise<void> {
    const record = RLP.encode([node.hash, certificateOctets(certificate)]);
    const epoch = keys.epoch(node.reign.epoch);
    const writes: Write[] = [
      { type: 'put', key: keys.meta('final'), value: node.hash },
      { type: 'put', key: keys.meta('latest'), value: record },
      ...(this.database.get(epoch) ? [] : [{ type: 'put' as const, key: epoch, value: record }]),
    ];
    await this.exclusive(() => this.database.write(writes));
    this.#tell((listener) => listener.final?.(node));
    if (this.#written >= this.#pruneAt && !this.store.copying) await this.prune();
  }

  /** Forgets states that nobody can ask for any more. */
  async prune(): Promise<number> {
    this.#written = 0;
    const kept = await this.store.prune(
      () => this.#liveStates(),
      (step) => this.exclusive(step),
    );
    this.#pruneAt = Math.max(PRUNE_LEAST, kept * 4);
    return kept;
  }

  #liveStates(): Uint8Array[] {
    const roots = [...this.consensus.tree.nodes()].map(({ header }) => header.state);
    let at: TreeNode | undefined = this.final;
    for (let i = 0; i < STATES && at; i += 1, at = at.parent) if (this.engine.hasState(at.header.state)) roots.push(at.header.state);
    return roots;
  }

  // Questions

  account(address: string, root = this.head.header.state): Promise<{ readonly nonce: bigint; readonly balance: bigint }> {
    return this.engine
      .state(root)
      .getAccount(addressFrom(address))
      .then((account) => ({ nonce: account?.nonce ?? 0n, balance: account?.balance ?? 0n }));
  }

  /** Takes a transaction into the pool and tells the others; answers its hash. Fails with a Problem `transaction-refused`. */
  async submit(octets: Uint8Array): Promise<string> {
    let transaction: TypedTransaction;
    try {
      transaction = createTxFromRLP(octets, { common: this.engine.common, freeze: false });
    } catch (error) {
      throw new Problem(
        'transaction-refused',
        `the transaction cannot be read: ${messageOf(error)}`,
        'Send a signed transaction of type 0, 1 or 2 for this chain.',
      );
    }
    if (await this.mempool.add(transaction)) this.#tell((listener) => listener.transaction?.(transaction));
    return `0x${hex(transaction.hash())}`;
  }

  hashOf(header: OuterHeader): Uint8Array {
    return Hashes.header(this.#options.crypto, header);
  }

  canonical(number: number): Uint8Array | undefined {
    return this.database.get(keys.canonical(number));
  }

  stored(hash: Uint8Array): StoredBlock | undefined {
    return this.records.block(hash);
  }

  /** Header hash of a payload hash. */
  headerOf(payload: Uint8Array): Uint8Array | undefined {
    return this.database.get(keys.payload(payload));
  }

  included(transaction: Uint8Array): Included | undefined {
    const found = this.database.get(keys.transaction(transaction));
    if (!found) return undefined;
    const [header, index] = RLP.decode(found) as [Uint8Array, Uint8Array];
    return { header, index: index.length === 0 ? 0 : Number(`0x${hex(index)}`) };
  }

  receipts(hash: Uint8Array): Receipt[] {
    return this.stored(hash)?.receipts() ?? [];
  }

  payload(node: Pick<TreeNode, 'hash' | 'name'>): Block {
    return this.#payloads.get(node.name) ?? this.payloadOf(node.hash)!;
  }

  payloadOf(hash: Uint8Array): Block | undefined {
    const name = hex(hash);
    const known = this.#payloads.get(name);
    if (known) return known;
    const stored = this.stored(hash);
    if (!stored) return undefined;
    return this.#remember(name, createBlockFromRLP(stored.block.payload, { common: this.engine.common, freeze: false }));
  }

  #remember(name: string, payload: Block): Block {
    this.#payloads.set(name, payload);
    if (this.#payloads.size > PAYLOADS) this.#payloads.delete(this.#payloads.keys().next().value!);
    return payload;
  }

  ancestorOf(node: TreeNode): Ancestor {
    return (number) => {
      const near = this.consensus.tree.ancestor(node, number);
      if (near) return near.header.payload;
      const hash = this.canonical(number);
      return hash && this.stored(hash)?.block.header.payload;
    };
  }

  /** What a light client follows: of an epoch, or the newest. */
  epochHeader(epoch?: number): EpochHeader | undefined {
    const record = this.#epochRecord(epoch === undefined ? keys.meta('latest') : keys.epoch(epoch));
    const stored = record && this.stored(record.hash);
    if (!record || !stored) return undefined;
    const reign = stored.reign();
    const { keccak256 } = this.#options.crypto;
    return {
      kind: 'epoch-header',
      header: stored.octets.subarray(...headerRange(stored.octets)),
      child: record.certificate.target,
      previous: keccak256(keysOf(reign.previous.committee)),
      rest: restOf(reign, keccak256),
      signatures: record.certificate.signatures.filter(({ seat }) => seat < reign.current.committee.length),
      next: keysOf(reign.next.committee),
      current: keysOf(reign.current.committee),
    };
  }

  #epochRecord(key: Uint8Array): { readonly hash: Uint8Array; readonly certificate: Certificate } | undefined {
    const found = this.database.get(key);
    if (!found) return undefined;
    const [hash, octets] = RLP.decode(found) as [Uint8Array, Uint8Array];
    return { hash, certificate: decodeCertificate(octets, 0, octets.length) as Certificate };
  }
}

/** Where the header lies in an encoded block: after the list's head and its own. */
function headerRange(octets: Uint8Array): [number, number] {
  const list = octets[0]! < 0xf8 ? 1 : 1 + octets[0]! - 0xf7;
  return [list + 3, list + 3 + 334];
}

export function addressFrom(text: string): Address {
  return new Address(new Uint8Array(Buffer.from(text.slice(2), 'hex')));
}

function weightsIn({ weights }: ChainParams): Weight[] {
  const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replace(/^0x/, ''), 'hex'));
  return weights.map(({ key, weight, payee }) => ({ key: unhex(key), weight, payee: unhex(payee) }));
}

/** The header of number 0 follows from the parameters alone. */
function genesisNode(
  { params, crypto }: Pick<ChainOptions, 'params' | 'crypto'>,
  payload: Block,
): { readonly hash: Uint8Array; readonly node: NewNode } {
  const random = crypto.keccak256(payload.hash());
  const reign = firstReign(weightsIn(params), random, new Hashes(crypto, random));
  const header: OuterHeader = {
    parent: new Uint8Array(32),
    number: 0,
    time: params.genesisTime,
    payload: payload.hash(),
    state: payload.header.stateRoot,
    receipts: payload.header.receiptTrie,
    weights: weightsRoot(reign, crypto.keccak256),
    proposer: new Uint8Array(20),
    proof: new Uint8Array(81),
    seal: new Uint8Array(65),
  };
  const hash = Hashes.header(crypto, header);
  return { hash, node: { hash, header, reign, random } };
}

function genesisWrites(records: Records, hash: Uint8Array, { header, reign }: NewNode, { block, receipts }: Executed): Write[] {
  return [
    ...records.blockWrites(hash, { header, payload: block.serialize(), evidence: [] }, receipts, reign),
    { type: 'put', key: keys.canonical(0), value: hash },
    { type: 'put', key: keys.meta('genesis'), value: hash },
    { type: 'put', key: keys.meta('final'), value: hash },
  ];
}

/** The oldest block that the tree needs: HISTORY below the last final one, or where the snapshot began. */
function readRoot(database: ChainDatabase, genesis: Uint8Array, node: NewNode, crypto: ConsensusCrypto): NewNode {
  const records = new Records(database);
  const final = database.get(keys.meta('final')) ?? genesis;
  const last = records.block(final);
  if (!last)
    throw new Problem(
      'chain-corrupt',
      `the database ${database.folder} lacks its last final block`,
      'It is set aside and rebuilt from the last snapshot, or from other boxes.',
    );
  let hash = final;
  let number = last.block.header.number;
  while (number > 0 && number > last.block.header.number - HISTORY) {
    const below = database.get(keys.canonical(number - 1));
    if (!below || !records.block(below)) break;
    hash = below;
    number -= 1;
  }
  if (number === 0) return node;
  const { block, reign } = records.block(hash)!;
  return { hash, header: block.header, reign: reign(), random: crypto.proofOutput(block.header.proof) };
}

const guardFile = (folder: string): string => `${folder}.guard`;

async function readGuard(folder: string): Promise<Guard> {
  let text: string;
  try {
    text = await readFile(guardFile(folder), 'latin1');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { proposed: 0, sourceNumber: 0, targetNumber: 0 };
    throw error;
  }
  const fields = /^proposed (\d{1,10}) source (\d{1,10}) target (\d{1,10})\n$/.exec(text);
  if (!fields)
    throw new Problem(
      'chain-guard',
      `${guardFile(folder)} is damaged: this box no longer knows what it has signed`,
      'Keep the box off for a day, then move that file away: by then nothing it might sign again counts as an equivocation.',
    );
  const [, proposed, sourceNumber, targetNumber] = fields.map(Number);
  return { proposed: proposed!, sourceNumber: sourceNumber!, targetNumber: targetNumber! };
}

function writeGuard(folder: string, { proposed, sourceNumber, targetNumber }: Guard): Promise<void> {
  return writeDurably(guardFile(folder), Buffer.from(`proposed ${proposed} source ${sourceNumber} target ${targetNumber}\n`));
}

/** From the root's child to the node. */
function pathTo(node: TreeNode, root: TreeNode): TreeNode[] {
  const path: TreeNode[] = [];
  for (let at: TreeNode | undefined = node; at && at !== root; at = at.parent) path.unshift(at);
  return path;
}

/** Moves a damaged database aside; answers where to. */
export async function setAside(folder: string): Promise<string> {
  let to = `${folder}.damaged`;
  for (let i = 1; await exists(to); i += 1) to = `${folder}.damaged-${i}`;
  await rename(folder, to);
  return to;
}
