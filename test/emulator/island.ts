/** An island around one emulated board: every station has as many neighbours, the others are nodes in this process. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { micros } from '../../firmware/core/base/index.js';
import { entropySeed } from '../../hosts/sim/board-rack.js';
import { makeTopology } from '../../hosts/sim/make-topology.js';
import { identityOf } from '../../hosts/sim/mesh.js';
import { ProcessStation } from '../../hosts/sim/process-station.js';
import { World } from '../../hosts/sim/world.js';
import type { BoardProcess, BoardStats } from '../../hosts/xs/board-process.js';
import { startEmulatedBoard, type EmulatedChip } from '../../hosts/xs/emulated-board.js';
import { BoardStation } from '../sim/board-station.js';
import { seed } from './scenario.js';

export interface IslandOptions {
  /** Where the board's state is kept. */
  readonly folder: string;
  /** Path of a bundle of hosts/sim/seeded-board.ts. */
  readonly bundle: string;
  readonly profile: EmulatedChip;
  readonly boards: number;
  /** An even number: half of them on either side of a ring. */
  readonly neighbours: number;
  readonly seconds: number;
  readonly sampleEvery?: number;
}

export interface Joined {
  readonly stats: BoardStats;
  /** What the board logged. */
  readonly lines: readonly string[];
}

/** A board that has been there for so many seconds. Throws, with its last words, if it ended. */
export async function joinIsland({ folder, bundle, profile, boards, neighbours, seconds, sampleEvery }: IslandOptions): Promise<Joined> {
  const lines: string[] = [];
  const ends: string[] = [];
  const world = new World({ seed, observer: { transmission: () => {}, ended: (station, why) => void ends.push(`${station}: ${why}`) } });
  let board: BoardProcess | undefined;
  const stateDir = join(folder, `island-${profile}`);
  await mkdir(stateDir, { recursive: true });
  for (let index = 0; index < boards; index += 1) {
    const identity = identityOf(seed, 'board', index);
    world.add({
      name: `board ${index}`,
      mac: identity.mac,
      boot: async (_, boots) => {
        const entropy = entropySeed(seed, index, boots);
        if (index > 0) return new BoardStation({ identity, seed: entropy, mtu: { air: 250, ble: 244 } });
        await writeFile(join(stateDir, 'secret'), identity.secret);
        await writeFile(join(stateDir, 'seed'), entropy);
        board = await startEmulatedBoard({ profile, bundle, stateDir, ...(sampleEvery !== undefined && { sampleEvery }) });
        board.onLog((line) => void lines.push(line));
        return new ProcessStation(board);
      },
    });
    world.start(index, micros(index * 20_000));
  }
  const [link] = makeTopology('line:2', { loss: 0 }).links;
  for (let index = 0; index < boards; index += 1) {
    for (let step = 1; step <= neighbours / 2; step += 1) {
      const other = (index + step) % boards;
      world.setLink(index, other, link!);
      world.setLink(other, index, link!);
    }
  }
  await world.run(micros(seconds * 1_000_000));
  const stats = await board!.stats();
  await world.stop();
  if (stats === undefined || ends.length > 0) throw new Error(`a board ended: ${ends.join(', ')}`);
  return { stats, lines };
}
