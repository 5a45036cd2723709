/**
 * A mesh of boards on the XS engine, a process each, driven in lockstep. Nobody can look into a board or command it, so every board has a leaf in
 * this process beside it, attached over Bluetooth LE, that sends the pings.
 */
import { createNode, type NodeEffect, type NodeInput } from '../../firmware/core/node/index.js';
import type { Chip } from '../xs/board-process.js';
import { BoardRack } from './board-rack.js';
import { cryptoOf, identityOf, kernels, type Mesh, type MeshOptions } from './mesh.js';
import { ProcessStation } from './process-station.js';
import { RandomStream } from './random-stream.js';
import { MachineStation } from './station.js';
import { World } from './world.js';

export interface XsMeshOptions extends MeshOptions {
  readonly profile: Chip;
}

export class XsMesh implements Mesh {
  readonly world: World;
  readonly ids: readonly Uint8Array[];
  readonly #rack: BoardRack;
  readonly #boards: ProcessStation[] = [];
  readonly #leaves: MachineStation<NodeInput, NodeEffect>[] = [];

  /** Nothing is switched on yet. */
  static async make(options: XsMeshOptions): Promise<XsMesh> {
    return new XsMesh(await BoardRack.make(options.seed, options.profile), options);
  }

  private constructor(rack: BoardRack, { seed, topology, world, effect }: XsMeshOptions) {
    this.world = new World({ ...world, seed });
    this.#rack = rack;
    this.ids = Array.from({ length: topology.nodes }, (_, index) => {
      const { id, mac } = identityOf(seed, 'board', index);
      this.world.add({
        name: `board ${index}`,
        mac,
        boot: async (_now, boots) => (this.#boards[index] = new ProcessStation(await rack.boot(index, boots))),
      });
      return id;
    });
    for (const { from, to, ...link } of topology.links) this.world.setLink(from, to, link);
    for (const board of this.ids.keys()) this.#leaves.push(addLeaf(this.world, seed, board, effect));
  }

  ping(from: number, to: number, token: number): void {
    const leaf = this.#leaves[from]!;
    this.world.submit(this.ids.length + from, (now) => leaf.feed(now, { type: 'ping', token, to: { node: this.ids[to]! } }));
  }

  reach(): undefined {
    return undefined;
  }

  async drops(): Promise<ReadonlyMap<string, number>> {
    const sums = new Map<string, number>();
    for (const { board } of this.#boards) {
      const stats = await board.stats();
      for (const [reason, count] of Object.entries(stats?.counters['drops'] ?? {}))
        sums.set(reason, (sums.get(reason) ?? 0) + Number(count));
    }
    return sums;
  }

  async stop(): Promise<void> {
    await this.world.stop();
    await this.#rack.clear();
  }
}

/** A phone on a board: a leaf that is on as soon as the world runs. */
export function addLeaf(
  world: World,
  seed: string | number,
  board: number,
  effect: MeshOptions['effect'],
): MachineStation<NodeInput, NodeEffect> {
  const identity = identityOf(seed, 'leaf', board);
  const { publicKey, mac } = identity;
  const stream = new RandomStream(seed, 'leaf', board);
  const random = stream.bytes(16);
  const inline = cryptoOf(identity, (octets) => stream.bytes(octets));
  const node = createNode({ publicKey, role: 'leaf', kernels, mtu: { ble: world.mtu.ble }, seed: random, inline });
  const station = new MachineStation<NodeInput, NodeEffect>(node, (now, each) => effect?.(board, now, each));
  const leaf = world.add({ name: `leaf of board ${board}`, mac, boot: () => station });
  world.attach(leaf, board);
  world.start(leaf);
  return station;
}
