/**
 * Boxes of one chain in one process and in virtual time: real engines, pools and databases; only the carrier and the clock are the world's.
 * Cryptography is a pure function and its answers are remembered for all boxes alike: seven boxes check each signature once.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hex } from '../../firmware/core/base/index.js';
import { Chain, type Identity } from '../../hosts/box/chain/chain.js';
import type { ConsensusCrypto } from '../../hosts/box/chain/consensus/index.js';
import { addressOf, consensusCrypto, identityOf, keccak256 } from '../../hosts/box/chain/crypto.js';
import { Exchange, type Carrier } from '../../hosts/box/chain/network/exchange.js';
import { networkDefaults, type ChainParams } from '../../hosts/box/chain/params.js';

/** Milliseconds from box to box: the Internet across a continent. */
const LATENCY = 80;
const START = 1_800_000_000;
/** The first of the accounts that every tool knows. */
export const RICH = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';

export interface WorldBox {
  readonly index: number;
  readonly identity: Identity;
  readonly folder: string;
  chain: Chain | undefined;
  exchange: Exchange | undefined;
}

export class World {
  now = START * 1000;
  readonly boxes: WorldBox[] = [];
  readonly params: ChainParams;
  readonly logs: string[] = [];
  /** Every block that any box called final: number -> hashes. */
  readonly finals = new Map<number, Set<string>>();
  readonly #events: { readonly time: number; readonly order: number; readonly run: () => unknown }[] = [];
  readonly #crypto = remembering(consensusCrypto);
  readonly #root = mkdtempSync(join(tmpdir(), 'chain-world-'));
  /** Boxes hear each other within an island. */
  #island: readonly number[];
  #order = 0;

  /** copies: of each box, with the same key: what no owner may ever run. */
  constructor(weights: readonly number[], params: Partial<ChainParams> = {}, copies = 1) {
    const identities = weights.map((_, i) => identityOf(keccak256(Uint8Array.of(7, i))));
    this.params = {
      ...networkDefaults,
      name: 'world',
      chainId: 1_234,
      genesisTime: START,
      weights: identities.map(({ key }, i) => ({ key: hex(key), weight: weights[i]!, payee: `0x${hex(addressOf(key))}` })),
      alloc: { [RICH]: { balance: `${10n ** 24n}` } },
      ...params,
    };
    this.boxes = Array.from({ length: copies }, () => identities)
      .flat()
      .map((identity, index) => ({
        index,
        identity,
        folder: join(this.#root, String(index)),
        chain: undefined,
        exchange: undefined,
      }));
    this.#island = this.boxes.map(() => 0);
  }

  async start(index: number): Promise<Chain> {
    const box = this.boxes[index]!;
    const chain = await Chain.open({
      folder: box.folder,
      params: this.params,
      crypto: this.#crypto,
      identity: box.identity,
      now: () => this.now,
      at: (time, call) => this.#at(time, call),
      log: (line) => this.logs.push(`${(this.now / 1000 - START).toFixed(1)} box ${index}: ${line}`),
      report: (problem) => this.logs.push(`${(this.now / 1000 - START).toFixed(1)} box ${index}: PROBLEM ${problem.message}`),
    });
    chain.listen({
      final: ({ header, name }) => this.finals.set(header.number, (this.finals.get(header.number) ?? new Set()).add(name)),
    });
    box.chain = chain;
    box.exchange = new Exchange(chain, this.#carrier(box), (line) =>
      this.logs.push(`${(this.now / 1000 - START).toFixed(1)} box ${index}: ${line}`),
    );
    this.#meet();
    return chain;
  }

  async startAll(): Promise<void> {
    for (const { index } of this.boxes) await this.start(index);
  }

  async kill(index: number): Promise<void> {
    const box = this.boxes[index]!;
    const { chain, exchange } = box;
    box.chain = box.exchange = undefined;
    exchange?.stop();
    await chain?.stop();
    for (const other of this.boxes) other.exchange?.left(String(index));
  }

  /** Boxes with the same number hear each other. */
  islands(of: readonly number[]): void {
    this.#island = of;
    for (const a of this.boxes) for (const b of this.boxes) if (!this.#hears(a, b)) a.exchange?.left(String(b.index));
    this.#meet();
  }

  #meet(): void {
    for (const a of this.boxes)
      for (const b of this.boxes)
        if (a !== b && this.#hears(a, b) && !a.exchange!.peers().has(String(b.index)))
          this.#at(this.now + LATENCY, () => this.#hears(a, b) && a.exchange!.joined(String(b.index)));
  }

  #hears(a: WorldBox, b: WorldBox): boolean {
    return a.chain !== undefined && b.chain !== undefined && this.#island[a.index] === this.#island[b.index];
  }

  #at(time: number, run: () => unknown): () => void {
    const event = { time: Math.max(time, this.now), order: (this.#order += 1), run };
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#events[middle]!;
      if (other.time < event.time || (other.time === event.time && other.order < event.order)) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, event);
    return () => {
      const at = this.#events.indexOf(event);
      if (at >= 0) this.#events.splice(at, 1);
    };
  }

  #carrier(from: WorldBox): Carrier {
    return {
      gossip: (topic, octets) => {
        for (const to of this.boxes)
          if (to !== from)
            this.#at(this.now + LATENCY, () => this.#hears(from, to) && to.exchange!.heard(topic, octets, String(from.index)));
      },
      ask: (peer, question, octets) =>
        new Promise((resolve, reject) => {
          const to = this.boxes[Number(peer)]!;
          this.#at(this.now + LATENCY, () => {
            const answer = this.#hears(from, to) ? to.exchange!.answer(question, octets) : undefined;
            this.#at(this.now + LATENCY, () => (answer && this.#hears(from, to) ? resolve(answer) : reject(new Error('out of reach'))));
          });
        }),
      drop: (peer, reason) => void this.logs.push(`box ${from.index} drops ${peer}: ${reason}`),
    };
  }

  /** Lets seconds pass. After each event all boxes are done with it before the next one. */
  async run(seconds: number): Promise<void> {
    const end = this.now + seconds * 1000;
    for (let next = this.#events[0]; next !== undefined && next.time <= end; next = this.#events[0]) {
      this.#events.shift();
      this.now = next.time;
      next.run();
      await Promise.resolve();
      for (const { chain } of this.boxes) await chain?.settled();
    }
    this.now = end;
  }

  async stop(): Promise<void> {
    for (const { index } of this.boxes) await this.kill(index);
    rmSync(this.#root, { recursive: true, force: true });
  }

  get alive(): Chain[] {
    return this.boxes.flatMap(({ chain }) => chain ?? []);
  }

  /** Numbers at which two boxes called different blocks final. */
  rivals(): number[] {
    return [...this.finals].filter(([, hashes]) => hashes.size > 1).map(([number]) => number);
  }
}

/** Answers by their arguments, the oldest forgotten. */
function remembering(crypto: ConsensusCrypto): ConsensusCrypto {
  const remember = <A extends Uint8Array[], R>(call: (...args: A) => R): ((...args: A) => R) => {
    const known = new Map<string, R>();
    return (...args) => {
      const name = args.map((each) => Buffer.from(each).toString('latin1')).join('|');
      if (known.has(name)) return known.get(name)!;
      const answer = call(...args);
      known.set(name, answer);
      if (known.size > 20_000) known.delete(known.keys().next().value!);
      return answer;
    };
  };
  return {
    ...crypto,
    recoverKey: remember(crypto.recoverKey),
    verifySignature: remember(crypto.verifySignature),
    verifyProof: remember(crypto.verifyProof),
    addressOf: remember(crypto.addressOf),
  };
}
