/**
 * The channel machine at work on Node: jobs of the curve inline, records in the ledger, messages and transactions handed on. Callers wait for outcomes.
 */
import {
  Channels,
  type Channel,
  type ChannelsEffect,
  type ChannelsInput,
  type ChannelsOptions,
  type Outcome,
  type Transaction,
} from '../../../firmware/core/channel/index.js';
import type { Clock, CurveKernels, Signer } from '../../../firmware/core/ports/index.js';
import { MachineDriver } from '../../node/index.js';
import type { Ledger } from './ledger.js';

export interface EngineOptions extends Omit<ChannelsOptions, 'records'> {
  readonly ledger: Ledger;
  readonly signer: Pick<Signer, 'sign' | 'ecdh'>;
  readonly curve: Pick<CurveKernels, 'verify'>;
  readonly clock: Clock;
  readonly send: (to: Uint8Array, payload: Uint8Array) => void;
  readonly submit: (transaction: Transaction) => void;
  readonly refused?: (from: Uint8Array, reason: string) => void;
}

export interface Result {
  readonly outcome: Outcome;
  readonly id: string;
  readonly reason?: string;
}

/** Told of each step of what was asked for; true: nothing more is waited for. */
export type Follow = (result: Result) => boolean;

type Command = Extract<ChannelsInput, { readonly token: number }>;
type WithoutToken<T> = T extends unknown ? Omit<T, 'token'> : never;

export class Engine {
  readonly #options: EngineOptions;
  readonly #machine: Channels;
  readonly #driver: MachineDriver<ChannelsInput, ChannelsEffect>;
  readonly #following = new Map<number, Follow>();
  #token = 1;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#machine = new Channels({ ...options, records: options.ledger.records });
    this.#driver = new MachineDriver(this.#machine, options.clock, (effect) => this.#perform(effect));
  }

  channels(): Channel[] {
    return [...this.#machine.channels()];
  }

  get machine(): Channels {
    return this.#machine;
  }

  feed(input: ChannelsInput): void {
    this.#driver.feed(input);
  }

  command(command: WithoutToken<Command>, follow: Follow): void {
    const token = this.#token++;
    this.#following.set(token, follow);
    this.feed({ ...command, token } as Command);
  }

  stop(): void {
    this.#driver.stop();
  }

  #perform(effect: ChannelsEffect): void {
    const { signer, curve, ledger } = this.#options;
    switch (effect.type) {
      case 'sign':
        return signer.sign(effect.digest, (signature) => this.feed({ type: 'signed', job: effect.job, signature }));
      case 'verify':
        return this.feed({ type: 'verified', job: effect.job, valid: curve.verify(effect.signature, effect.digest, effect.key, true) });
      case 'ecdh':
        return signer.ecdh(effect.peer, (secret) => this.feed({ type: 'shared', job: effect.job, secret }));
      case 'store':
        return ledger.append(effect.records, effect.facts, () => this.feed({ type: 'stored', job: effect.job }));
      case 'send':
        return this.#options.send(effect.to, effect.payload);
      case 'submit':
        return this.#options.submit(effect.transaction);
      case 'refused':
        return this.#options.refused?.(effect.from, effect.reason);
      case 'outcome': {
        const { token, outcome, id, reason } = effect;
        const done = this.#following.get(token)?.({ outcome, id, ...(reason === undefined ? {} : { reason }) });
        if (done) this.#following.delete(token);
      }
    }
  }
}
