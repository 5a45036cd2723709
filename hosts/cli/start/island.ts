/**
 * The island of `npm start`: boards on the XS engine and a phone, on one simulated air in step with real time. The box's board, with the serial line,
 * and the board that the phone is at are those that stand farthest apart.
 *
 *   a board that ends by itself (memory full, an exception) is switched on again after a moment, as its watchdog would; one that is killed stays dark
 */
import { hex, micros } from '../../../firmware/core/base/index.js';
import { messageOf } from '../../node/index.js';
import type { BoardProcess, BoardStats, Chip } from '../../xs/board-process.js';
import { BoardRack, distances, identityOf, makeTopology, ProcessStation, usableGraph, World, type Topology } from '../../sim/index.js';
import { Journey } from './journey.js';
import { Phone } from './phone.js';

export interface IslandOptions {
  readonly boards: number;
  readonly seed: number;
  /** Share of frames lost on top of what each link loses. */
  readonly loss: number;
  readonly profile: Chip;
  /** How many boards are bare-metal images in the emulator: the box's own first. */
  readonly emulated: number;
  readonly log: (line: string) => void;
}

/** Microseconds: a board's watchdog and boot. */
const REBOOT = micros(2_000_000);
interface Gate {
  readonly promise: Promise<void>;
  readonly open: () => void;
}

function gate(): Gate {
  let open = (): void => {};
  return { promise: new Promise((resolve) => (open = resolve)), open: () => open() };
}

export class Island {
  readonly world: World;
  readonly topology: Topology;
  readonly phone: Phone;
  readonly journey: Journey;
  /** The box's board, and the one that the phone is attached to. */
  readonly gateway: number;
  readonly edge: number;
  readonly #rack: BoardRack;
  readonly #boards: BoardProcess[] = [];
  readonly #names: string[];
  /** Of each board, its first time. */
  readonly #switchedOn: readonly Gate[];
  readonly #running = new AbortController();
  #run: Promise<void> = Promise.resolve();

  static async make(options: IslandOptions): Promise<Island> {
    const topology = makeTopology(`island:${options.boards}`, { seed: options.seed, loss: options.loss });
    const ends = farthestApart(topology);
    const [gateway] = ends;
    const others = Array.from({ length: topology.nodes }, (_, board) => board).filter((board) => board !== gateway);
    const emulated = new Set([gateway, ...others].slice(0, options.emulated));
    return new Island(options, topology, ends, emulated, await BoardRack.make(options.seed, options.profile, emulated));
  }

  private constructor(
    { seed, log }: IslandOptions,
    topology: Topology,
    ends: readonly [number, number],
    emulated: ReadonlySet<number>,
    rack: BoardRack,
  ) {
    this.topology = topology;
    this.#rack = rack;
    this.#switchedOn = Array.from({ length: topology.nodes }, gate);
    [this.gateway, this.edge] = ends;
    this.journey = new Journey(this.edge, this.gateway);
    this.world = new World({
      seed,
      observer: {
        transmission: (station, transmission, airtime) => this.journey.see(station, transmission, airtime),
        ended: (station, why) => this.#ended(station, why, log),
      },
    });
    this.#names = Array.from({ length: topology.nodes }, (_, index) => {
      const { id, mac } = identityOf(seed, 'board', index);
      const name = `board ${index}`;
      this.world.add({ name, mac, boot: async (_now, boots) => this.#boot(index, boots, log) });
      return `${name} (${hex(id)}${emulated.has(index) ? ', emulated' : ''})`;
    });
    for (const { from, to, ...link } of topology.links) this.world.setLink(from, to, link);
    this.phone = new Phone(seed, this.world.mtu.ble, (command) => this.world.submit(topology.nodes, command));
    this.world.add({ name: 'phone', mac: this.phone.mac, boot: () => this.phone });
    this.world.attach(topology.nodes, this.edge);
  }

  /** Switches everything on and lets time run; answers the serial device of the box's board once all are up. */
  async start(): Promise<string> {
    for (let station = 0; station <= this.topology.nodes; station += 1) this.world.start(station);
    this.#run = this.world.runPaced(this.#running.signal);
    // A board that can't even start ends the run, and the whole with it.
    await Promise.race([Promise.all(this.#switchedOn.map(({ promise }) => promise)), this.#run]);
    return this.#boards[this.gateway]!.serialPath!;
  }

  nameOf(board: number): string {
    return this.#names[board]!;
  }

  pidOf(board: number): number {
    return this.#boards[board]!.pid;
  }

  /** High-water marks of the boards that are up. */
  async stats(): Promise<BoardStats[]> {
    const all = await Promise.all(this.#boards.map((board) => board.stats()));
    return all.filter((stats) => stats !== undefined);
  }

  async stop(): Promise<void> {
    this.#running.abort();
    await this.#run;
    await this.world.stop();
    await this.#rack.clear();
  }

  async #boot(board: number, boots: number, log: (line: string) => void): Promise<ProcessStation> {
    const process = await this.#rack.boot(board, boots, board === this.gateway).catch((error: unknown) => {
      throw new Error(`${this.nameOf(board)}: ${messageOf(error)}`);
    });
    this.#boards[board] = process;
    this.#switchedOn[board]!.open();
    if (boots > 0) log(`${this.nameOf(board)} is up again`);
    return new ProcessStation(process);
  }

  #ended(board: number, why: string, log: (line: string) => void): void {
    log(`${this.nameOf(board)} went dark: ${why}`);
    // A process that was killed has no exit code; one that ended by itself says why by its code.
    void this.#boards[board]!.exited.then(({ code }) => {
      if (code !== undefined) this.world.start(board, micros(this.world.now + REBOOT));
    });
  }
}

/** Two stations with the most hops between them. */
function farthestApart(topology: Topology): readonly [number, number] {
  const graph = usableGraph(topology);
  let farthest: readonly [number, number] = [0, 0];
  let most = -1;
  for (const from of graph.keys()) {
    const away = distances(graph, from);
    const hops = Math.max(...away);
    if (hops > most) [most, farthest] = [hops, [from, away.indexOf(hops)]];
  }
  return farthest;
}
