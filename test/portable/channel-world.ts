/**
 * Nodes with channels in virtual time: the real machine, an ideal signer, a store that keeps what was written, a network with delay, the contract on
 * paper. A node can be killed before and after every step that it takes, and starts again from its store.
 */
import { concat, hex, millis, type Millis } from '../../firmware/core/base/index.js';
import {
  Channels,
  defaultRules,
  Layouts,
  type ChannelsEffect,
  type ChannelsInput,
  type ChannelsOptions,
  type Fact,
  type Peer,
  type Rules,
  type StoreRecord,
} from '../../firmware/core/channel/index.js';
import type { Kernels } from '../../firmware/core/ports/index.js';
import { decodePayment } from '../../firmware/core/wire/index.js';
import { PaperChain, PERIOD } from './channel-chain.js';

export const TOKEN = new Uint8Array(20).fill(0x70);
export const OTHER_TOKEN = new Uint8Array(20).fill(0x71);
export const network = { chainId: 20180430, contract: new Uint8Array(20).fill(0xcc) };
/** ms between send and receipt. */
const DELAY = 20;
/** s since 1970. */
const START = 1_790_000_000;
/** 40,000 blocks: mainnet's least settlement window. */
export const TIMEOUT = 40_000;

export type StepKind = 'send' | 'receive' | 'store' | 'acknowledge';
export interface Kill {
  readonly party: string;
  /** Its n-th step, from 0. */
  readonly step: number;
  readonly when: 'before' | 'after';
}
export interface Plans {
  readonly kill?: Kill;
  /** The planted fault: `stored` is said before it is true. */
  readonly sendBeforeStore?: boolean;
}

class Killed extends Error {}

export class Party {
  readonly name: string;
  readonly peer: Peer;
  readonly records = new Map<string, Uint8Array>();
  readonly facts = new Map<string, Fact>();
  readonly steps: StepKind[] = [];
  readonly outcomes: Extract<ChannelsEffect, { type: 'outcome' }>[] = [];
  readonly refusals: string[] = [];
  rules: Rules = defaultRules;
  fee = 0n;
  machine: Channels | undefined;
  chainHeight = 0;
  /** Without the chain. */
  offGrid = false;
  /** s that its clock is ahead. */
  skew = 0;
  /** What it does with messages that it should send: a cheat drops some. */
  filter: (payload: Uint8Array, to: Uint8Array) => boolean = () => true;
  /** Effects that wait for a fsync that the planted fault has not waited for. */
  readonly unsynced: { readonly records: readonly StoreRecord[]; readonly facts: readonly Fact[]; readonly at: number }[] = [];

  constructor(name: string, peer: Peer) {
    this.name = name;
    this.peer = peer;
  }
}

export class World {
  now: Millis = millis(0);
  readonly parties = new Map<string, Party>();
  readonly chain: PaperChain;
  readonly kernels: Kernels;
  readonly layouts: Layouts;
  readonly plans: Plans;
  /** Octets of every message that was sent, by kind. */
  readonly sent: { readonly kind: string; readonly octets: number; readonly from: string }[] = [];
  killed = false;
  #mail: { readonly at: number; readonly from: Uint8Array; readonly to: string; readonly payload: Uint8Array }[] = [];

  constructor(kernels: Kernels, names: readonly string[], plans: Plans = {}) {
    this.kernels = kernels;
    this.plans = plans;
    this.layouts = new Layouts(kernels, network);
    this.chain = new PaperChain(this.layouts, (key, digest, signature) => hex(this.#sign(key, digest)) === hex(signature), START);
    for (const name of names) {
      const key = new Uint8Array(33).fill(name.charCodeAt(0));
      key[0] = 2;
      key.set(this.layouts.secretHash(key), 1);
      const peer = { key, address: this.layouts.keccak(key).slice(12), node: this.layouts.secretHash(key).slice(0, 8) };
      this.parties.set(name, new Party(name, peer));
    }
  }

  party(name: string): Party {
    return this.parties.get(name)!;
  }

  id = (name: string): Uint8Array => this.party(name).peer.node;

  open(a: string, b: string, deposits: readonly [bigint, bigint], token = TOKEN, timeout = TIMEOUT): string {
    return this.chain.open(token, this.party(a).peer, deposits[0], this.party(b).peer, deposits[1], timeout);
  }

  /** Starts every party that is not up. */
  start(): void {
    for (const party of this.parties.values()) if (party.machine === undefined) this.#boot(party);
  }

  #boot(party: Party): void {
    const options: ChannelsOptions = {
      kernels: this.kernels,
      network,
      self: party.peer,
      rules: party.rules,
      feeOf: () => party.fee,
      keyOf: (node) => [...this.parties.values()].find(({ peer }) => hex(peer.node) === hex(node))?.peer.key,
      records: [...party.records].map(([key, value]) => ({ key, value })),
    };
    party.machine = new Channels(options);
    party.chainHeight = party.machine.view().height;
    this.#clock(party);
    this.#feedChain(party);
    this.feed(party, { type: 'tick' });
  }

  /** A message is lost with the memory that held it; what was stored stays. */
  #kill(party: Party): void {
    party.machine = undefined;
    party.unsynced.length = 0;
    this.killed = true;
  }

  feed(party: Party, input: ChannelsInput): void {
    if (party.machine === undefined) return;
    const inputs = [input];
    try {
      for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) {
        party.machine.handle(this.now, next);
        for (let effect = party.machine.poll(); effect !== undefined; effect = party.machine.poll()) this.#perform(party, effect, inputs);
      }
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.#kill(party);
    }
  }

  /** Counts a step of a party, and kills it there if that is the plan. */
  #step(party: Party, kind: StepKind, act: () => void): void {
    const { kill } = this.plans;
    const step = party.steps.length;
    party.steps.push(kind);
    const here = !this.killed && kill?.party === party.name && kill.step === step;
    if (here && kill.when === 'before') throw new Killed();
    act();
    if (here) throw new Killed();
  }

  #perform(party: Party, effect: ChannelsEffect, inputs: ChannelsInput[]): void {
    switch (effect.type) {
      case 'sign':
        return void inputs.push({
          type: 'signed',
          job: effect.job,
          signature: concat(this.#sign(party.peer.key, effect.digest), new Uint8Array(1)),
        });
      case 'verify': {
        const valid = hex(this.#sign(effect.key, effect.digest)) === hex(effect.signature);
        return void inputs.push({ type: 'verified', job: effect.job, valid });
      }
      case 'ecdh': {
        const keys = [hex(party.peer.key), hex(effect.peer)].sort();
        const secret = this.layouts.secretHash(new Uint8Array([...keys.join('')].map((c) => c.charCodeAt(0))));
        return void inputs.push({ type: 'shared', job: effect.job, secret });
      }
      case 'store': {
        const write = (): void => keep(party, effect);
        if (this.plans.sendBeforeStore) party.unsynced.push({ ...effect, at: this.now + DELAY / 2 });
        this.#step(party, 'store', this.plans.sendBeforeStore ? () => undefined : write);
        return void inputs.push({ type: 'stored', job: effect.job });
      }
      case 'send': {
        const message = decodePayment(effect.payload, 0, effect.payload.length);
        if (typeof message === 'number') throw new Error(`${party.name} sends what does not decode`);
        if (!party.filter(effect.payload, effect.to)) return;
        const kind = message.kind === 'transfer-ack' || message.kind === 'reveal-ack' ? 'acknowledge' : 'send';
        return this.#step(party, kind, () => this.#post(party, effect.to, effect.payload, message.kind));
      }
      case 'submit':
        return this.#step(party, 'send', () => this.chain.submit(party.peer, effect.transaction));
      case 'outcome':
        return void party.outcomes.push(effect);
      case 'refused':
        return void party.refusals.push(effect.reason);
    }
  }

  #post(party: Party, to: Uint8Array, payload: Uint8Array, kind: string): void {
    const target = [...this.parties.values()].find(({ peer }) => hex(peer.node) === hex(to))!;
    this.sent.push({ kind, octets: payload.length, from: party.name });
    this.#mail.push({ at: this.now + DELAY, from: party.peer.node, to: target.name, payload });
  }

  /** Hands a message to a party as if `from` had sent it. */
  inject(from: string, to: string, payload: Uint8Array): void {
    this.feed(this.party(to), { type: 'message', from: this.id(from), payload });
  }

  #sign(key: Uint8Array, digest: Uint8Array): Uint8Array {
    const half = this.layouts.secretHash(concat(key, digest));
    return concat(half, half);
  }

  /** Lets messages and timers run for so many ms. */
  run(duration: number): void {
    const end = this.now + duration;
    for (;;) {
      const mail = this.#mail.reduce((least, { at }) => Math.min(least, at), end + 1);
      let tick = end + 1;
      for (const { machine } of this.parties.values()) if (machine) tick = Math.min(tick, Math.max(machine.deadline(), this.now + 1));
      const next = Math.min(mail, tick);
      if (next > end) break;
      this.now = millis(next);
      this.#sync();
      const due = this.#mail.filter(({ at }) => at <= next);
      this.#mail = this.#mail.filter(({ at }) => at > next);
      for (const { from, to, payload } of due) this.#deliver(from, this.party(to), payload);
      for (const party of this.parties.values())
        if (party.machine && party.machine.deadline() <= this.now) this.feed(party, { type: 'tick' });
    }
    this.now = millis(end);
    this.#sync();
  }

  #deliver(from: Uint8Array, party: Party, payload: Uint8Array): void {
    if (party.machine === undefined) return;
    try {
      this.#step(party, 'receive', () => this.feed(party, { type: 'message', from, payload }));
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.#kill(party);
    }
  }

  #sync(): void {
    for (const party of this.parties.values())
      while (party.unsynced[0] !== undefined && party.unsynced[0].at <= this.now) keep(party, party.unsynced.shift()!);
  }

  /** Mines so many blocks, lets as much time pass, and tells everybody whom the chain reaches. */
  blocks(count: number): void {
    this.chain.mine(count);
    this.now = millis(this.now + count * PERIOD * 1_000);
    this.#sync();
    for (const party of this.parties.values()) this.#feedChain(party);
    this.run(DELAY * 20);
  }

  /** Time without new blocks for anybody. */
  pass(seconds: number): void {
    this.chain.height += Math.floor(seconds / PERIOD);
    this.now = millis(this.now + seconds * 1_000);
    this.run(DELAY * 20);
  }

  #feedChain(party: Party): void {
    if (party.machine === undefined) return;
    this.#clock(party);
    if (party.offGrid) return;
    const events = this.chain.since(party.peer, party.chainHeight);
    party.chainHeight = this.chain.height;
    this.feed(party, { type: 'chain', events, height: this.chain.height, time: this.chain.time });
  }

  #clock(party: Party): void {
    this.feed(party, { type: 'clock', wall: this.chain.time + party.skew });
  }

  send(from: string, input: ChannelsInput): void {
    this.feed(this.party(from), input);
  }

  pay(from: string, amount: bigint, route: readonly string[], more: Partial<Extract<ChannelsInput, { type: 'pay' }>> = {}): void {
    const payee = this.party(route.at(-1)!);
    this.send(from, {
      type: 'pay',
      token: 1,
      currency: TOKEN,
      amount,
      routes: [route.map(this.id)],
      fee: 0n,
      entropy: new Uint8Array(8).fill(amount === 0n ? 1 : Number(amount % 251n)),
      payeeKey: payee.peer.key,
      ...more,
    });
  }

  channel(name: string, key: string): ReturnType<Channels['channels']> extends IterableIterator<infer C> ? C : never {
    for (const channel of this.party(name).machine!.channels()) if (channel.key === key) return channel;
    throw new Error(`${name} has no channel ${key}`);
  }

  /** Closes everything and settles it on the chain; answers what each party got in all, by name. */
  settleAll(token = TOKEN): Map<string, bigint> {
    for (const party of this.parties.values())
      for (const channel of [...(party.machine?.channels() ?? [])])
        if (channel.phase !== 'closed') this.feed(party, { type: 'close', channel: channel.key, token: 0, force: true });
    for (let i = 0; i < 14; i += 1) this.blocks(5);
    for (let i = 0; i < 3; i += 1) this.blocks(TIMEOUT / 2 + 100);
    for (let i = 0; i < 4; i += 1) this.blocks(300);
    return new Map(
      [...this.parties.values()].map(({ name, peer }) => [name, this.chain.paid.get(`${hex(peer.address)} ${hex(token)}`) ?? 0n]),
    );
  }
}

function keep(party: Party, { records, facts }: { readonly records: readonly StoreRecord[]; readonly facts: readonly Fact[] }): void {
  for (const { key, value } of records)
    if (value === undefined) party.records.delete(key);
    else party.records.set(key, value);
  for (const fact of facts)
    party.facts.set(`${fact.type === 'received' || fact.type === 'forwarded' ? fact.type : 'ours'} ${fact.id}`, fact);
}
