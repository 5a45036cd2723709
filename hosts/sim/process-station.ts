/** A board in a process of its own (the XS engine) as a station of the world. */
import { millis, NEVER, type Millis } from '../../firmware/core/base/index.js';
import type { BoardProcess, Turn as BoardTurn } from '../xs/board-process.js';
import { idleTurn, type RadioInput, type Station, type Turn } from './station.js';

export class ProcessStation implements Station {
  readonly board: BoardProcess;
  readonly first: Turn;

  constructor(board: BoardProcess) {
    this.board = board;
    this.first = turnOf(board.first);
  }

  async feed(now: Millis, input: RadioInput): Promise<Turn> {
    const turn = await this.board.handle(input.type === 'tick' ? { type: 'tick', now } : { ...input, kind: input.link, now });
    return turn === undefined ? idleTurn : turnOf(turn);
  }

  onUnasked(handler: (turn: Turn) => void): void {
    this.board.onUnasked((turn) => handler(turnOf(turn)));
  }

  onEnd(handler: (why: string) => void): void {
    void this.board.exited.then(({ code, reason }) => handler(`${reason} (exit code ${code ?? 'none'})`));
  }

  /** Like a power cut. */
  async stop(): Promise<void> {
    this.board.kill();
    await this.board.exited;
  }
}

function turnOf({ transmits, deadline }: BoardTurn): Turn {
  return {
    transmits: transmits.map(({ kind, to, bytes }) => ({ type: 'transmit', link: kind, to, bytes })),
    deadline: deadline === undefined ? NEVER : millis(deadline),
  };
}
