/** The box's own node: its machine, its way to the board, and the answers that callers wait for. */
import type { Address } from '../../../firmware/core/transport/index.js';
import type { Node, NodeEffect, NodeInput, TrafficClass } from '../../../firmware/core/node/index.js';
import type { Clock } from '../../../firmware/core/ports/index.js';
import { MachineDriver } from '../../node/index.js';

/** No answer in time is `unknown`: it may have arrived. */
export type Outcome = 'delivered' | 'unknown' | 'refused';

export interface Pong {
  readonly hops: number;
  readonly elapsed: number;
}

export interface StationOptions {
  readonly node: Node;
  readonly clock: Clock;
  /** Hand a frame to the serial line; `sent` answers. */
  readonly transmit: (frame: Uint8Array) => void;
  /** A whole message for this box. */
  readonly message: (from: Address, payload: Uint8Array) => void;
  readonly neighbour: (changed: Omit<Extract<NodeEffect, { type: 'neighbour' }>, 'type'>) => void;
  readonly route: (changed: Omit<Extract<NodeEffect, { type: 'route' }>, 'type'>) => void;
}

/** The 802.11 addresses that a serial link does not have. */
const NO_MAC = new Uint8Array(6);

export class Station {
  readonly id: Uint8Array;
  readonly node: Node;
  readonly #options: StationOptions;
  readonly #driver: MachineDriver<NodeInput, NodeEffect>;
  readonly #outcomes = new Map<number, (outcome: Outcome) => void>();
  readonly #pongs = new Map<number, (pong: Pong | undefined) => void>();
  #token = 1;

  constructor(options: StationOptions) {
    this.id = options.node.id;
    this.node = options.node;
    this.#options = options;
    this.#driver = new MachineDriver(options.node, options.clock, (effect) => this.#perform(effect));
  }

  send(to: Address, trafficClass: TrafficClass, payload: Uint8Array): Promise<Outcome> {
    return new Promise((resolve) => {
      const token = this.#token++;
      this.#outcomes.set(token, resolve);
      this.#driver.feed({ type: 'send', token, to, class: trafficClass, payload });
    });
  }

  /** Undefined: nothing came back in time. */
  ping(to: Address): Promise<Pong | undefined> {
    return new Promise((resolve) => {
      const token = this.#token++;
      this.#pongs.set(token, resolve);
      this.#driver.feed({ type: 'ping', token, to });
    });
  }

  link(up: boolean): void {
    this.#driver.feed({ type: 'link', link: 'serial', up });
  }

  frame(bytes: Uint8Array): void {
    this.#driver.feed({ type: 'frame', link: 'serial', from: NO_MAC, to: NO_MAC, rssi: 0, bytes });
  }

  sent(ok: boolean): void {
    this.#driver.feed({ type: 'sent', link: 'serial', ok });
  }

  stop(): void {
    this.#driver.stop();
  }

  #perform(effect: NodeEffect): void {
    switch (effect.type) {
      case 'transmit':
        return this.#options.transmit(effect.bytes);
      case 'message':
        return this.#options.message(effect.from, effect.payload);
      case 'outcome':
        take(this.#outcomes, effect.token)?.(effect.outcome);
        return take(this.#pongs, effect.token)?.(undefined);
      case 'pong':
        return take(this.#pongs, effect.token)?.({ hops: effect.hops, elapsed: effect.elapsed });
      case 'neighbour':
        return this.#options.neighbour(effect);
      case 'route':
        return this.#options.route(effect);
      case 'want-health':
        // A box has no pools: a report without them (app.cddl) is the whole truth.
        return this.#driver.feed({ type: 'health', reading: NO_POOLS });
      case 'progress':
        return;
    }
  }
}

const NO_POOLS = { chunkPeak: 0, chunkSize: 0, slotPeak: 0, slotSize: 0, stackPeak: 0, stackSize: 0, computation: 0, overruns: 0 };

function take<T>(map: Map<number, T>, token: number): T | undefined {
  const found = map.get(token);
  map.delete(token);
  return found;
}
