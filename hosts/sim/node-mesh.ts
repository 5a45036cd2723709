/** A mesh of nodes in this process: the stations of a topology, each running the real node machine. Every node can be looked into. */
import { u32At } from '../../firmware/core/base/index.js';
import type { MeshTimers } from '../../firmware/core/mesh/index.js';
import { createNode, type Node, type NodeCaps, type NodeEffect, type NodeInput, type NodeOptions } from '../../firmware/core/node/index.js';
import { followRoutes, type Reach } from './ground-truth.js';
import { cryptoOf, identityOf, kernels, type Mesh, type MeshOptions } from './mesh.js';
import { RandomStream } from './random-stream.js';
import { MachineStation } from './station.js';
import { World } from './world.js';

export interface NodeMeshOptions extends MeshOptions {
  readonly caps?: Partial<NodeCaps>;
  readonly timers?: Partial<MeshTimers>;
  /** Makes a board's node another way. */
  readonly node?: (index: number, options: NodeOptions) => Node;
  /** Stations whose routes are not looked at: no honest packet should go there. */
  readonly hostile?: ReadonlySet<number>;
}

export class NodeMesh implements Mesh {
  readonly world: World;
  readonly ids: readonly Uint8Array[];
  readonly #stations: MachineStation<NodeInput, NodeEffect>[] = [];
  readonly #nodes: Node[] = [];
  readonly #hostile: ReadonlySet<number>;
  readonly #byId = new Map<number, number>();

  constructor({ seed, topology, world, caps, timers, node: make = (_, options) => createNode(options), hostile, effect }: NodeMeshOptions) {
    this.world = new World({ ...world, seed });
    this.#hostile = hostile ?? new Set();
    this.ids = Array.from({ length: topology.nodes }, (_, index) => {
      const identity = identityOf(seed, 'board', index);
      const { publicKey, id, mac } = identity;
      this.#byId.set(u32At(id, 0), index);
      this.world.add({
        name: `board ${index}`,
        mac,
        boot: (_now, boots) => {
          const stream = new RandomStream(seed, 'node', index, boots);
          const random = stream.bytes(16);
          const { mtu } = this.world;
          const options: NodeOptions = {
            publicKey,
            role: 'board',
            kernels,
            mtu,
            seed: random,
            inline: cryptoOf(identity, (octets) => stream.bytes(octets)),
            ...(caps && { caps }),
            ...(timers && { timers }),
          };
          const node = make(index, options);
          this.#nodes[index] = node;
          return (this.#stations[index] = new MachineStation(node, (now, each) => effect?.(index, now, each)));
        },
      });
      return id;
    });
    for (const { from, to, ...link } of topology.links) this.world.setLink(from, to, link);
  }

  /** The station's node, if it is on. */
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
    const on = this.ids.flatMap((_, index) => (this.#isHonest(index) ? [index] : []));
    const size = this.ids.length;
    const hops = new Int32Array(size * size).fill(-1);
    for (const index of on) {
      this.node(index)!.routes((id, nextHop) => {
        const destination = this.stationOf(id);
        const hop = this.stationOf(nextHop);
        if (destination !== -1 && hop !== -1 && this.#hears(hop, index)) hops[index * size + destination] = hop;
      });
    }
    return followRoutes(on, (at, destination) => hops[at * size + destination]!);
  }

  #isHonest(index: number): boolean {
    return this.world.isOn(index) && !this.#hostile.has(index);
  }

  /** Whether a frame from the station could arrive at the other one's node. */
  #hears(at: number, from: number): boolean {
    return this.#isHonest(at) && (this.world.link(from, at)?.prr ?? 0) > 0;
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
