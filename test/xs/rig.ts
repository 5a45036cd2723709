/** What the tests of the XS host share: the echo firmware on a board, and its commands by name. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBoardProcess, type BoardOptions, type BoardProcess, type BoardStats, type Turn } from '../../hosts/xs/board-process.js';
import { bundleForXs } from '../../hosts/xs/build.mjs';
import { Command } from './echo-firmware.js';

export { Command };

export async function scratchFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'meshbox-xs-'));
}

/** Bundles the echo firmware; answers the bundle's path. */
export async function bundleEcho(): Promise<string> {
  const output = join(await scratchFolder(), 'echo.js');
  await bundleForXs({ entry: new URL('./echo-firmware.ts', import.meta.url).pathname, output });
  return output;
}

export interface EchoCounters {
  readonly ticks: number;
  readonly frames: number;
  readonly sent: number;
  readonly octets: number;
  readonly refused: number;
  readonly found: string;
}

export interface EchoBoard extends BoardProcess {
  command(command: Command, ...octets: number[]): Promise<Turn | undefined>;
  /** As `stats` and the firmware's own counters; the board must be up. */
  read(): Promise<BoardStats & { readonly counters: EchoCounters }>;
}

export async function startEcho(bundle: string, options: Partial<BoardOptions> = {}): Promise<EchoBoard> {
  const board = await startBoardProcess({ profile: 'esp32c3', ...options, bundle });
  return {
    ...board,
    command: (command, ...octets) => board.handle(frame(command, ...octets)),
    read: async () => (await board.stats()) as BoardStats & { counters: EchoCounters },
  };
}

export function frame(...octets: number[]) {
  const from = Uint8Array.of(2, 1, 1, 1, 1, 1);
  const to = new Uint8Array(6).fill(255);
  return { type: 'frame', now: 5, kind: 'air', from, to, rssi: -60, bytes: Uint8Array.from(octets) } as const;
}

/** Messages that reach the board while it stands still, so that it finds them all at once. */
export function inOneBurst(board: BoardProcess, send: () => void): void {
  process.kill(board.pid, 'SIGSTOP');
  send();
  process.kill(board.pid, 'SIGCONT');
}
