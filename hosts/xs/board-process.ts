/**
 * One simulated board: a process of the XS host that runs the firmware bundle with a chip's limits, driven in lockstep by the air.
 *
 *   starting -> up -> ended      `handle` may be called from up on; after the end it answers undefined
 */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { HealthReading } from '../../firmware/core/ports/index.js';
import { buildXs } from './build.mjs';
import { Decoder, encode } from './lockstep.js';
import type { FromBoard, ToBoard, Transmit } from './lockstep.js';

export type Chip = 'esp32' | 'esp32c3' | 'esp32c6' | 'esp32s3' | 'none';

export interface BoardOptions {
  /** Whose pools and stacks the board has: profiles.json. */
  readonly profile: Chip;
  /** Path of a bundle made by `bundleForXs`; it exports `start(host)` (board/host.ts). */
  readonly bundle: string;
  /** Folder of the board's small store; without one it forgets at its end. */
  readonly stateDir?: string;
  /** True: a pty for the box daemon to open, at `serialPath`. */
  readonly serial?: boolean;
}

/** What one turn of the board had to say. */
export interface Turn {
  readonly transmits: readonly Transmit[];
  /** Air time in milliseconds at which the board wants a tick; undefined: none. */
  readonly deadline: number | undefined;
}

export interface BoardStats extends HealthReading {
  /** Metered units of the most expensive turn. */
  readonly turnPeak: number;
  /** Receive ring (6 frames) full. */
  readonly framesLost: number;
  /** Event queue (10 entries) full. */
  readonly eventsLost: number;
  /** Octets lost in front of a full serial FIFO (128). */
  readonly serialLost: number;
  /** On the emulated machine only. */
  readonly machine?: MachineStats;
  /** What the firmware counts. */
  readonly counters: Readonly<Record<string, unknown>>;
}

/** How a board ended. `code` as `End` in host/engine.h (11 memory full, 12 stack overflow, 15 uncaught exception ...); undefined: killed. */
export interface BoardEnd {
  readonly code: number | undefined;
  /** The board's last words, or the signal that killed it; empty after a stop. */
  readonly reason: string;
}

export interface BoardProcess {
  /** The turn that the start itself was. */
  readonly first: Turn;
  readonly serialPath: string | undefined;
  readonly pid: number;
  /** One round trip: the message, and what the board answers. Undefined: the board has ended. */
  handle(message: Exclude<ToBoard, { type: 'stats' | 'stop' }>): Promise<Turn | undefined>;
  /** Turns that nobody asked for: input from the serial line. */
  onUnasked(handler: (turn: Turn) => void): void;
  onLog(handler: (line: string) => void): void;
  stats(): Promise<BoardStats | undefined>;
  /** Ends it in order. */
  stop(): Promise<BoardEnd>;
  /** Ends it like a power cut. */
  kill(): void;
  readonly exited: Promise<BoardEnd>;
}

interface Pending {
  resolve(turn: Turn | undefined, json: string | undefined): void;
}

/** What only the emulated machine can tell (emulated-board.ts); octets and instructions. */
export interface MachineStats {
  /** All that the profile leaves; static data, C stack and C heap divide it. */
  readonly ram: number;
  readonly staticRam: number;
  readonly cStackSize: number;
  readonly cStackPeak: number;
  /** Holds the XS pools as well. */
  readonly heapSize: number;
  readonly heapPeak: number;
  readonly heapFree: number;
  /** The largest block that could still be had. */
  readonly heapLargest: number;
  /** Of the jobs beside the turns, and the stack of their task. */
  readonly jobInstructions: number;
  readonly jobStackSize: number;
  readonly jobStackPeak: number;
  /** Of all turns. */
  readonly instructions: number;
  readonly longestTurn: number;
  /** By what caused the turn: how many, and their instructions. */
  readonly turns: Readonly<Record<'tick' | 'frame' | 'sent' | 'serial' | 'job', readonly [number, number]>>;
}

/** The executable is built, or found to be current, once per process. */
let host: ReturnType<typeof buildXs> | undefined;

/** Starts a board; resolves once its firmware is up. Throws, with the board's last words, if it ends before. */
export async function startBoardProcess(options: BoardOptions): Promise<BoardProcess> {
  const { executable } = await (host ??= buildXs());
  const args = ['--profile', options.profile, '--bundle', options.bundle];
  if (options.stateDir !== undefined) args.push('--state', options.stateDir);
  if (options.serial) args.push('--serial', 'pty');
  // A group of its own: Ctrl-C at the terminal is for whoever runs the island, who then stops the boards in order.
  // Node makes a `pipe` beyond the first three a socket pair: the board's end is its descriptor 3.
  return drive(spawn(executable, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] }));
}

/**
 * Drives a board that speaks the lockstep protocol on its descriptor 3 and whose last words are on its error output, or, there being none, are the
 * last line that it logged.
 * @param device of the serial line, if the board does not tell it itself
 */
export async function drive(child: ChildProcess, device?: string): Promise<BoardProcess> {
  const socket = child.stdio[3] as Socket;

  let lastWords = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (lastWords = (lastWords + text).slice(-1024)));
  socket.on('error', () => {}); // a board that ended; `close` tells
  const exited = new Promise<BoardEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve({
        code: code ?? undefined,
        reason: lastWords.replace(/^.*: warning: .*$/gm, '').trim() || (signal ?? (code === 0 ? '' : lastLine)),
      }),
    );
  });

  const decoder = new Decoder();
  const pending: Pending[] = [];
  let up: ((first: Turn) => void) | undefined;
  let unasked: (turn: Turn) => void = () => {};
  let log: (line: string) => void = () => {};
  let transmits: Transmit[] = [];
  let json: string | undefined;
  let serialPath = device;
  let lastLine = '';
  let ended = false;

  const endTurn = (deadline: number | undefined): Turn => {
    const turn = { transmits, deadline };
    transmits = [];
    return turn;
  };
  const receive = (message: FromBoard): void => {
    switch (message.type) {
      case 'transmit':
        transmits.push(message);
        break;
      case 'stats':
        json = message.json;
        break;
      case 'log':
        if (up && message.line.startsWith('serial ')) serialPath = message.line.slice('serial '.length);
        lastLine = message.line;
        log(message.line);
        break;
      case 'done':
        pending.shift()!.resolve(endTurn(message.deadline), json);
        break;
      case 'awake':
        if (up) up(endTurn(message.deadline));
        else unasked(endTurn(message.deadline));
        break;
    }
  };
  socket.on('data', (octets) => {
    for (const message of decoder.push(octets as Buffer)) receive(message);
  });
  void exited.then(() => {
    ended = true;
    for (const waiting of pending.splice(0)) waiting.resolve(undefined, undefined);
  });

  const first = await Promise.race([
    new Promise<Turn>((resolve) => (up = resolve)),
    exited.then((end) => {
      throw new Error(`the board ended at its start: ${end.reason} (exit code ${String(end.code)})`);
    }),
  ]);
  up = undefined;

  const ask = <T>(message: ToBoard, answer: (turn: Turn | undefined, json: string | undefined) => T): Promise<T> => {
    if (ended) return Promise.resolve(answer(undefined, undefined));
    return new Promise((resolve) => {
      pending.push({ resolve: (turn, text) => resolve(answer(turn, text)) });
      socket.write(encode(message));
    });
  };
  return {
    first,
    serialPath,
    pid: child.pid!,
    exited,
    handle: (message) => ask(message, (turn) => turn),
    onUnasked: (handler) => void (unasked = handler),
    onLog: (handler) => void (log = handler),
    stats: () => ask({ type: 'stats' }, (_turn, text) => (text === undefined ? undefined : (JSON.parse(text) as BoardStats))),
    stop: () => {
      if (!ended) socket.write(encode({ type: 'stop' }));
      return exited;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
