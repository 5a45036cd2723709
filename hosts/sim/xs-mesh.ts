/**
 * A mesh of boards on the XS engine, a process each, driven in lockstep. Nobody can look into a board or command it, so every board has a leaf in
 * this process beside it, attached over Bluetooth LE, that sends the pings.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createNode, type NodeEffect, type NodeInput } from '../../firmware/core/node/index.js';
import { startBoardProcess, type Chip } from '../xs/board-process.js';
import { bundleForXs } from '../xs/build.mjs';
import { identityOf, kernels, type Mesh, type MeshOptions } from './mesh.js';
import { ProcessStation } from './process-station.js';
import { RandomStream } from './random-stream.js';
import { MachineStation } from './station.js';
import { World } from './world.js';

export interface XsMeshOptions extends MeshOptions {
  readonly profile: Chip;
}

/** The seed of a board's entropy at one of its boots: 16 octets. */
export function entropySeed(seed: string | number, board: number, boots: number): Uint8Array {
  return new RandomStream(seed, 'entropy', board, boots).bytes(16);
}

export class XsMesh implements Mesh {
  readonly world: World;
  readonly ids: readonly Uint8Array[];
  readonly #folder: string;
  readonly #boards: ProcessStation[] = [];
  readonly #leaves: MachineStation<NodeInput, NodeEffect>[] = [];

  /** Bundles the firmware and makes room for the boards' stores; nothing is switched on yet. */
  static async make(options: XsMeshOptions): Promise<XsMesh> {
    const folder = await mkdtemp(join(tmpdir(), 'meshbox-sim-'));
    await bundleForXs({ entry: fileURLToPath(new URL('seeded-board.ts', import.meta.url)), output: join(folder, 'board.js') });
    return new XsMesh(folder, options);
  }

  private constructor(folder: string, { seed, topology, world, profile, effect }: XsMeshOptions) {
    this.world = new World({ ...world, seed });
    this.#folder = folder;
    this.ids = Array.from({ length: topology.nodes }, (_, index) => {
      const { secret, id, mac } = identityOf(seed, 'board', index);
      this.world.add({
        name: `board ${index}`,
        mac,
        boot: async (_now, boots) => {
          const stateDir = join(folder, `board-${index}`);
          await mkdir(stateDir, { recursive: true });
          await writeFile(join(stateDir, 'secret'), secret);
          await writeFile(join(stateDir, 'seed'), entropySeed(seed, index, boots));
          const board = await startBoardProcess({ profile, bundle: join(folder, 'board.js'), stateDir });
          return (this.#boards[index] = new ProcessStation(board));
        },
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
    await rm(this.#folder, { recursive: true });
  }
}

/** A phone on a board: a leaf that is on as soon as the world runs. */
export function addLeaf(
  world: World,
  seed: string | number,
  board: number,
  effect: MeshOptions['effect'],
): MachineStation<NodeInput, NodeEffect> {
  const { publicKey, mac } = identityOf(seed, 'leaf', board);
  const random = new RandomStream(seed, 'leaf', board).bytes(16);
  const node = createNode({ publicKey, role: 'leaf', kernels, mtu: { ble: world.mtu.ble }, seed: random });
  const station = new MachineStation<NodeInput, NodeEffect>(node, (now, each) => effect?.(board, now, each));
  const leaf = world.add({ name: `leaf of board ${board}`, mac, boot: () => station });
  world.attach(leaf, board);
  world.start(leaf);
  return station;
}
