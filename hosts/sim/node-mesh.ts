/** A mesh of nodes in this process: the stations of a topology, each running the real node machine. Every node can be looked into. */
import { u32At } from '../../firmware/core/base/index.js';
import { createNode, type Node, type NodeCaps, type NodeEffect, type NodeInput } from '../../firmware/core/node/index.js';
import { followRoutes, type Reach } from './ground-truth.js';
import { identityOf, kernels, type Mesh, type MeshOptions } from './mesh.js';
import { RandomStream } from './random-stream.js';
import { MachineStation } from './station.js';
import { World } from './world.js';

export interface NodeMeshOptions extends MeshOptions {
  readonly caps?: Partial<NodeCaps>;
}

export class NodeMesh implements Mesh {
  readonly world: World;
  readonly ids: readonly Uint8Array[];
  readonly #stations: MachineStation<NodeInput, NodeEffect>[] = [];
  readonly #nodes: Node[] = [];
  readonly #byId = new Map<number, number>();

  constructor({ seed, topology, world, caps, effect }: NodeMeshOptions) {
    this.world = new World({ ...world, seed });
    this.ids = Array.from({ length: topology.nodes }, (_, index) => {
      const { publicKey, id, mac } = identityOf(seed, 'board', index);
      this.#byId.set(u32At(id, 0), index);
      this.world.add({
        name: `board ${index}`,
        mac,
        boot: (_now, boots) => {
          const random = new RandomStream(seed, 'node', index, boots).bytes(16);
          const node = createNode({ publicKey, role: 'board', kernels, mtu: this.world.mtu, seed: random, ...(caps && { caps }) });
          this.#nodes[index] = node;
          return (this.#stations[index] = new MachineStation(node, (now, each) => effect?.(index, now, each)));
        },
      });
      return id;
    });
    for (const { from, to, ...link } of topology.links) this.world.setLink(from, to, link);
  }

  /** The station's machine, if it is on. */
  node(index: number): Node | undefined {
    return this.world.isOn(index) ? this.#nodes[index] : undefined;
  }

  /** Gives the node an input of its host at the present time. */
  command(index: number, input: NodeInput): void {
    this.world.submit(index, (now) => this.#stations[index]!.feed(now, input));
  }

  ping(from: number, to: number, token: number): void {
    this.command(from, { type: 'ping', token, to: { node: this.ids[to]! } });
  }

  /** Station of the id, or -1. */
  stationOf(id: Uint8Array): number {
    return this.#byId.get(u32At(id, 0)) ?? -1;
  }

  reach(): Reach {
    const on = this.ids.flatMap((_, index) => (this.world.isOn(index) ? [index] : []));
    const size = this.ids.length;
    const hops = new Int32Array(size * size).fill(-1);
    for (const index of on) {
      this.node(index)!.routes((id, nextHop) => {
        const destination = this.stationOf(id);
        const hop = this.stationOf(nextHop);
        if (destination !== -1 && hop !== -1 && this.world.isOn(hop)) hops[index * size + destination] = hop;
      });
    }
    return followRoutes(on, (at, destination) => hops[at * size + destination]!);
  }

  drops(): Promise<ReadonlyMap<string, number>> {
    const sums = new Map<string, number>();
    for (const index of this.ids.keys()) {
      for (const [reason, count] of Object.entries(this.node(index)?.counters().drops ?? ({} as Record<string, number>)))
        sums.set(reason, (sums.get(reason) ?? 0) + count);
    }
    return Promise.resolve(sums);
  }

  stop(): Promise<void> {
    return this.world.stop();
  }
}
