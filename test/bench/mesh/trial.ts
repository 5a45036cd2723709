/**
 * One trial: a network in virtual time, what it sends, and looks at its routes. Scenarios are made of its steps.
 *
 *   off --start--> running: converge, pass, cut, converse, in any order --stop--> off
 */
import { micros, type Micros } from '../../../firmware/core/base/index.js';
import { RandomStream } from '../../../hosts/sim/random-stream.js';
import type { Topology } from '../../../hosts/sim/topology.js';
import type { MakeNetwork, Network } from './network.js';

export const second = 1_000_000;
/** All are switched on within a second, as after a power cut. */
const startWithin = second;
const lookEvery = second / 4;

/** [seconds, share of pairs with a way] */
export type Curve = readonly (readonly [number, number])[];

export interface Tally {
  frames: number;
  octets: number;
  controlFrames: number;
  controlOctets: number;
}

export interface Conversation {
  readonly asked: number;
  readonly answered: number;
  /** Milliseconds from question to answer, ascending. */
  readonly latencies: readonly number[];
  /** All that was sent meanwhile. */
  readonly tally: Tally;
}

export interface Pair {
  readonly from: number;
  readonly to: number;
}

export class Trial {
  readonly network: Network;
  readonly random: RandomStream;
  readonly topology: Topology;
  /** Most pairs that were in a routing loop at any look. */
  loops = 0;
  #tally = noTally();
  readonly #askedAt = new Map<number, number>();
  readonly #latencies: number[] = [];
  #token = 0;

  constructor(make: MakeNetwork, topology: Topology, seed: number) {
    this.topology = topology;
    this.random = new RandomStream(seed, 'trial');
    this.network = make({
      seed,
      topology,
      observer: {
        transmission: (_, { kind, bytes }) => {
          if (kind !== 'air') return;
          this.#tally.frames += 1;
          this.#tally.octets += bytes.length;
          if (!this.network.isControl(bytes)) return;
          this.#tally.controlFrames += 1;
          this.#tally.controlOctets += bytes.length;
        },
      },
      answered: (token) => {
        const at = this.#askedAt.get(token);
        if (at !== undefined) this.#latencies.push((this.world.now - at) / 1000);
        this.#askedAt.delete(token);
      },
      givenUp: (token) => this.#askedAt.delete(token),
    });
    for (let station = 0; station < topology.nodes; station += 1) this.world.start(station, micros(this.random.below(startWithin)));
  }

  get world(): Network['world'] {
    return this.network.world;
  }

  /** Lets time pass until every pair has a way, for `patience` seconds at most; the share of pairs with a way meanwhile. */
  async converge(patience: number): Promise<Curve> {
    const curve: [number, number][] = [];
    const start = this.world.now;
    const look = (): boolean => {
      const share = this.look();
      curve.push([(this.world.now - start) / second, share]);
      return share === 1;
    };
    if (start > 0) look();
    while (this.world.now - start < patience * second) {
      await this.world.run(micros(this.world.now + lookEvery));
      if (look()) break;
    }
    return curve;
  }

  /** Lets time pass with looks at the routes; what was sent meanwhile. */
  async pass(seconds: number): Promise<Tally> {
    this.#tally = noTally();
    const end = this.world.now + seconds * second;
    while (this.world.now < end) {
      await this.world.run(micros(Math.min(end, this.world.now + 5 * second)));
      this.look();
    }
    return { ...this.#tally };
  }

  /** Share of pairs with a way. */
  look(): number {
    const reach = this.network.reach();
    if (reach === undefined) return 1;
    this.loops = Math.max(this.loops, reach.looping);
    return reach.reached / reach.pairs;
  }

  cut(links: readonly Pair[]): void {
    for (const { from, to } of links) {
      this.world.setLink(from, to, undefined);
      this.world.setLink(to, from, undefined);
    }
  }

  /** Questions spread over some seconds, and until the last answer or the end of patience. */
  async converse(pairs: readonly Pair[], seconds: number, patience = seconds + 10): Promise<Conversation> {
    this.#tally = noTally();
    this.#latencies.length = 0;
    this.#askedAt.clear();
    const { now } = this.world;
    pairs.forEach(({ from, to }, index) => {
      const token = (this.#token += 1);
      const at = micros(Math.round(now + (index * seconds * second) / pairs.length));
      this.#askedAt.set(token, at);
      this.world.at(at, () => this.network.ask(from, to, token));
    });
    for (let waited = 0; waited < patience && this.#askedAt.size > 0; waited += 1) {
      await this.world.run(micros(this.world.now + second));
      if (waited % 5 === 0) this.look();
    }
    const latencies = [...this.#latencies].sort((a, b) => a - b);
    return { asked: pairs.length, answered: latencies.length, latencies, tally: { ...this.#tally } };
  }

  /** So many different ordered pairs that `suits`. */
  pairs(count: number, suits: (pair: Pair) => boolean = () => true): Pair[] {
    const { nodes } = this.topology;
    const chosen = new Map<number, Pair>();
    const all = nodes * (nodes - 1);
    for (let tries = 0; chosen.size < Math.min(count, all) && tries < 20 * all; tries += 1) {
      const pair = { from: this.random.below(nodes), to: this.random.below(nodes) };
      if (pair.from !== pair.to && suits(pair)) chosen.set(pair.from * nodes + pair.to, pair);
    }
    return [...chosen.values()];
  }

  get now(): Micros {
    return this.world.now;
  }
}

function noTally(): Tally {
  return { frames: 0, octets: 0, controlFrames: 0, controlOctets: 0 };
}
