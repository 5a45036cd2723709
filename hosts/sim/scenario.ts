/**
 * The scenario of `npm run sim`: cold start, convergence judged by ground truth, a while at rest, then pings between all ordered pairs.
 *
 *   starting --every pair has a way, or patience is out--> settling --> resting --> pinging --all answered or given up--> done
 */
import { micros, type Micros, type Millis } from '../../firmware/core/base/index.js';
import { defaultCaps, type NodeCaps, type NodeEffect } from '../../firmware/core/node/index.js';
import { Problem } from '../node/index.js';
import type { Chip } from '../xs/board-process.js';
import { pathBounds } from './bound.js';
import type { Reach } from './ground-truth.js';
import { capsFor, type Mesh, type MeshOptions } from './mesh.js';
import { NodeMesh } from './node-mesh.js';
import { RandomStream } from './random-stream.js';
import type { Topology } from './topology.js';
import type { Transmission } from './trace.js';
import { controlClasses, dataClasses, Traffic } from './traffic.js';

export interface ScenarioOptions {
  readonly topology: Topology;
  readonly seed: number;
  /** Pings a second, in the whole world. */
  readonly rate: number;
  /** A chip: boards are processes of the XS engine with its pools. Undefined: nodes in this process. */
  readonly chip?: Chip | undefined;
  readonly onTransmission?: (transmission: Transmission) => void;
  /** `share` of the phase that is done, 0..1. */
  readonly onProgress?: (phase: string, share: number) => void;
}

export interface ScenarioReport {
  /** What was raised above a board's own caps; nothing on XS. */
  readonly caps: Partial<NodeCaps>;
  /** Seconds from the first power-on until so many of all pairs had a way; null: not within patience, or on XS, where nobody can look. */
  readonly convergence: { readonly p95: number | null; readonly p99: number | null; readonly p100: number | null };
  /** Octets a second and node of beacons, routing, handshakes and the acknowledgements among them. */
  readonly control: { readonly start: number; readonly rest: number };
  /** Share of time that a station sends: mean and busiest, in percent. */
  readonly airtime: { readonly rest: Spread; readonly pings: Spread };
  readonly pings: {
    readonly sent: number;
    readonly delivered: number;
    /** That the node gave up and the scenario sent again. */
    readonly again: number;
    /** Milliseconds from the first try to the answer. */
    readonly p50: number;
    readonly p95: number;
    readonly meanHops: number;
  };
  /** Frames of data and acknowledgement for each delivered ping and its answer, and what the best paths would cost. */
  readonly transmissions: { readonly perPing: number; readonly bound: number; readonly ratio: number };
  /** Most pairs that were in a routing loop at any look (several a second until convergence, then one every 5 s); null on XS. */
  readonly loops: number | null;
  readonly drops: Readonly<Record<string, number>>;
  /** Boards that ended by themselves, and why; each was switched on again. */
  readonly ends: readonly string[];
  readonly virtualSeconds: number;
  readonly trace: { readonly transmissions: number; readonly sha256: string };
}

export interface Spread {
  readonly mean: number;
  readonly most: number;
}

const second = 1_000_000;
/** All are switched on within a second, as after a power cut. */
const startWithin = second;
/** Looks at the routes: a quarter of a second apart, and a hundredth of the time gone by when that is more. */
const look = second / 4;
const patience = 300 * second;
/** Where nobody can look: islands of 9 to 30 boards converged within 3 to 19 s on Node. */
const blindStart = 30 * second;
/** The start's triggered updates and repetitions die down; then two refresh intervals of 60 s are measured. */
const settling = 60 * second;
const resting = 120 * second;
/** A ping that the node gave up (it tries three times in about six seconds) is sent again so often: over a link that carries a tenth of the frames a person repeats it, too. */
const attempts = 12;
/** Doubled each time, five times. */
const again = 2 * second;

interface Ping {
  readonly from: number;
  readonly to: number;
  attempts: number;
  firstAt: number;
  answer: { readonly after: number; readonly hops: number } | undefined;
}

export async function runScenario(options: ScenarioOptions): Promise<ScenarioReport> {
  const { topology, seed, chip, onTransmission } = options;
  const ends: string[] = [];
  const common: MeshOptions = {
    seed,
    topology,
    effect: (_, now, effect) => scenario.onEffect(now, effect),
    world: {
      observer: {
        transmission: (station, transmission, airtime) => {
          scenario.onTransmission(station, transmission, airtime);
          onTransmission?.(transmission);
        },
        ended: (station, why) => {
          ends.push(`${mesh.world.name(station)}: ${why}`);
          mesh.world.start(station, micros(mesh.world.now + second));
        },
      },
    },
  };
  const caps = capsFor(topology);
  if (chip !== undefined && Object.keys(caps).length > 0) {
    throw new Problem(
      'board-caps',
      `${topology.name} needs more than a board holds: ${capsText(caps)}.`,
      'Use --engine node, where caps follow the topology.',
    );
  }
  // Only a run on XS needs the engine's build.
  const mesh: Mesh =
    chip === undefined ? new NodeMesh({ ...common, caps }) : await (await import('./xs-mesh.js')).XsMesh.make({ ...common, profile: chip });
  const scenario = new Scenario(options, mesh);
  try {
    return { caps, ends, ...(await scenario.run()) };
  } finally {
    await mesh.stop();
  }
}

export function capsText(caps: Partial<NodeCaps>): string {
  return Object.entries(caps)
    .map(([name, cap]) => `${name} ${cap} (a board has ${defaultCaps.board[name as keyof NodeCaps]})`)
    .join(', ');
}

class Scenario {
  readonly #options: ScenarioOptions;
  readonly #mesh: Mesh;
  /** What was sent since the phase began. */
  #traffic = new Traffic();
  #loops: number | null = null;
  readonly #pings: Ping[] = [];
  #open = 0;

  constructor(options: ScenarioOptions, mesh: Mesh) {
    this.#options = options;
    this.#mesh = mesh;
  }

  onTransmission(station: number, transmission: Transmission, airtime: Micros): void {
    if (transmission.kind !== 'air') return;
    this.#traffic.add(station, transmission, airtime);
  }

  async run(): Promise<Omit<ScenarioReport, 'caps' | 'ends'>> {
    const { topology, seed } = this.#options;
    const { world, ids } = this.#mesh;
    const random = new RandomStream(seed, 'start');
    for (const board of ids.keys()) world.start(board, micros(random.below(startWithin)));
    const convergence = await this.#converge();
    const start = this.#controlRate(world.now);
    await this.#pass('settling', settling);
    this.#traffic = new Traffic();
    await this.#pass('resting', resting);
    const rest = this.#controlRate(resting);
    const restAirtime = this.#airtime(resting);

    this.#traffic = new Traffic();
    const began = world.now;
    await this.#pingAll();
    const answered = this.#pings.filter((ping) => ping.answer !== undefined);
    const latencies = answered.map(({ answer }) => answer!.after).sort((a, b) => a - b);
    const frames = this.#traffic.total([...dataClasses, 'ack']).frames;
    const bounds = pathBounds(topology, '1M');
    const bound = mean(this.#pings.map(({ from, to }) => bounds[from]![to]! + bounds[to]![from]!));
    const perPing = frames / answered.length;
    return {
      convergence,
      control: { start, rest },
      airtime: { rest: restAirtime, pings: this.#airtime(world.now - began) },
      pings: {
        sent: this.#pings.length,
        delivered: answered.length,
        again: this.#pings.filter((ping) => ping.attempts > 1).length,
        p50: percentile(latencies, 0.5),
        p95: percentile(latencies, 0.95),
        meanHops: mean(answered.map(({ answer }) => answer!.hops)),
      },
      transmissions: { perPing, bound, ratio: perPing / bound },
      loops: this.#loops,
      drops: await this.#drops(),
      virtualSeconds: world.now / second,
      trace: { transmissions: world.trace.transmissions, sha256: world.trace.digest() },
    };
  }

  async #converge(): Promise<ScenarioReport['convergence']> {
    const reachedAt: (number | null)[] = [null, null, null];
    const shares = [0.95, 0.99, 1];
    const { world } = this.#mesh;
    while (reachedAt[2] === null && world.now < patience) {
      await world.run(micros(Math.ceil(world.now + Math.max(look, world.now / 100))));
      const reach = this.#look();
      if (reach === undefined) {
        await this.#pass('starting', blindStart);
        break;
      }
      const { reached, pairs } = reach;
      for (const [index, share] of shares.entries()) if (reached >= share * pairs) reachedAt[index] ??= world.now / second;
      this.#options.onProgress?.('converging', reached / pairs);
    }
    const [p95, p99, p100] = reachedAt;
    return { p95: p95!, p99: p99!, p100: p100! };
  }

  /** Lets time pass, with a look at the routes every five seconds. */
  async #pass(phase: string, duration: number): Promise<void> {
    const { world } = this.#mesh;
    const end = world.now + duration;
    for (let left = duration; left > 0; left = end - world.now) {
      await world.run(micros(Math.min(end, world.now + 5 * second)));
      this.#look();
      this.#options.onProgress?.(phase, 1 - (end - world.now) / duration);
    }
  }

  #look(): Reach | undefined {
    const reach = this.#mesh.reach();
    if (reach !== undefined) this.#loops = Math.max(this.#loops ?? 0, reach.looping);
    return reach;
  }

  async #pingAll(): Promise<void> {
    const { topology, seed, rate, onProgress } = this.#options;
    const { world } = this.#mesh;
    for (let from = 0; from < topology.nodes; from += 1) {
      for (let to = 0; to < topology.nodes; to += 1) {
        if (from !== to) this.#pings.push({ from, to, attempts: 0, firstAt: 0, answer: undefined });
      }
    }
    new RandomStream(seed, 'pings').shuffle(this.#pings);
    this.#open = this.#pings.length;
    for (const token of this.#pings.keys()) world.at(micros(world.now + Math.round((token * second) / rate)), () => this.#send(token));
    while (this.#open > 0) {
      await world.run(micros(world.now + 5 * second));
      this.#look();
      onProgress?.('pinging', 1 - this.#open / this.#pings.length);
    }
  }

  #send(token: number): void {
    const ping = this.#pings[token]!;
    if (ping.attempts === 0) ping.firstAt = this.#mesh.world.now;
    ping.attempts += 1;
    this.#mesh.ping(ping.from, ping.to, token);
  }

  onEffect(now: Millis, effect: NodeEffect): void {
    if (effect.type === 'pong') {
      const ping = this.#pings[effect.token]!;
      ping.answer = { after: now - ping.firstAt / 1000, hops: effect.hops };
      this.#open -= 1;
    } else if (effect.type === 'outcome') {
      const { world } = this.#mesh;
      const { attempts: made } = this.#pings[effect.token]!;
      if (made < attempts) world.at(micros(world.now + again * 2 ** Math.min(made - 1, 5)), () => this.#send(effect.token));
      else this.#open -= 1;
    }
  }

  /** Octets a second and node, of the present traffic. */
  #controlRate(duration: number): number {
    return (this.#traffic.total([...controlClasses, 'ack']).octets * second) / duration / this.#mesh.world.size;
  }

  #airtime(duration: number): Spread {
    const shares = this.#mesh.ids.map((_, station) => (100 * this.#traffic.total(undefined, station).airtime) / duration);
    return { mean: mean(shares), most: Math.max(...shares) };
  }

  /** Losses of the air, of the stations' hardware and of the nodes themselves, by reason; only those that occurred. */
  async #drops(): Promise<Record<string, number>> {
    const sums: Record<string, number> = {};
    const add = (name: string, count: number): void => {
      if (count > 0) sums[name] = (sums[name] ?? 0) + count;
    };
    for (const station of this.#mesh.ids.keys()) {
      const { air, overruns, impatient } = this.#mesh.world.counters(station);
      add('air: receiver was sending', air.deafened);
      add('air: collision', air.collided);
      add('air: too weak to read', air.faded);
      add('air: medium busy too long', air.starved);
      add('station: receive ring full', overruns);
      add('station: sent while sending', impatient);
    }
    for (const [reason, count] of await this.#mesh.drops()) add(`node: ${reason}`, count);
    return sums;
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Nearest rank; `sorted` ascending. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
}
