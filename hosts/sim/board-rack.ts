/**
 * Simulated boards on the XS engine, with an identity and entropy that follow from the seed and a store that lasts as long as the rack: a process
 * each, or a bare-metal image in the emulator.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CodedError } from '../../firmware/core/base/index.js';
import { startBoardProcess, type BoardProcess, type Chip } from '../xs/board-process.js';
import { bundleForXs } from '../xs/build.mjs';
import { startEmulatedBoard, type EmulatedChip } from '../xs/emulated-board.js';
import { identityOf } from './mesh.js';
import { RandomStream } from './random-stream.js';

export class BoardRack {
  readonly #seed: string | number;
  readonly #profile: Chip;
  readonly #emulated: ReadonlySet<number>;
  readonly #folder: string;

  /** Bundles the firmware and makes room for the boards' stores; nothing is switched on yet. `emulated`: the boards that are images. */
  static async make(seed: string | number, profile: Chip, emulated: ReadonlySet<number> = new Set()): Promise<BoardRack> {
    if (emulated.size > 0 && !isEmulatedChip(profile)) throw new CodedError('board-chip', `the emulator has no ${profile}`);
    const folder = await mkdtemp(join(tmpdir(), 'meshbox-boards-'));
    await bundleForXs({ entry: fileURLToPath(new URL('seeded-board.ts', import.meta.url)), output: join(folder, 'board.js') });
    return new BoardRack(seed, profile, emulated, folder);
  }

  private constructor(seed: string | number, profile: Chip, emulated: ReadonlySet<number>, folder: string) {
    this.#seed = seed;
    this.#profile = profile;
    this.#emulated = emulated;
    this.#folder = folder;
  }

  /** Switches a board on for the (boots + 1)th time; `serial`: with a pty for a box to open. */
  async boot(board: number, boots: number, serial = false): Promise<BoardProcess> {
    const stateDir = join(this.#folder, `board-${board}`);
    await mkdir(stateDir, { recursive: true });
    await writeFile(join(stateDir, 'secret'), identityOf(this.#seed, 'board', board).secret);
    await writeFile(join(stateDir, 'seed'), entropySeed(this.#seed, board, boots));
    const bundle = join(this.#folder, 'board.js');
    const profile = this.#profile;
    if (this.#emulated.has(board) && isEmulatedChip(profile)) return startEmulatedBoard({ profile, bundle, stateDir, serial });
    return startBoardProcess({ profile, bundle, stateDir, serial });
  }

  /** Forgets the stores. */
  async clear(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function isEmulatedChip(chip: Chip): chip is EmulatedChip {
  return chip === 'esp32c3' || chip === 'esp32c6';
}

/** The seed of a board's entropy at one of its boots: 16 octets. */
export function entropySeed(seed: string | number, board: number, boots: number): Uint8Array {
  return new RandomStream(seed, 'entropy', board, boots).bytes(16);
}
