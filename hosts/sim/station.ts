/** A station as the world sees it: something behind a radio, in this process or in another one. */
import { NEVER, type Machine, type Millis } from '../../firmware/core/base/index.js';
import type { RadioKind } from '../../firmware/core/ports/index.js';

/** The part of a node's inputs that comes from the world. */
export type RadioInput =
  | { readonly type: 'tick' }
  | {
      readonly type: 'frame';
      readonly link: RadioKind;
      readonly from: Uint8Array;
      readonly to: Uint8Array;
      readonly rssi: number;
      readonly bytes: Uint8Array;
    }
  | { readonly type: 'sent'; readonly link: RadioKind; readonly ok: boolean };

export interface Transmit {
  readonly type: 'transmit';
  readonly link: RadioKind;
  readonly to: Uint8Array;
  readonly bytes: Uint8Array;
}

/** What a station answers to one input. */
export interface Turn {
  readonly transmits: readonly Transmit[];
  /** When it wants a tick. */
  readonly deadline: Millis;
}

export interface Station {
  /** What it did while it started. */
  readonly first?: Turn;
  /** A station in another process answers later; the world waits for it before time moves on. */
  feed(now: Millis, input: RadioInput): Turn | Promise<Turn>;
  /** Turns that nobody asked for: a process board's serial line runs in real time. */
  onUnasked?(handler: (turn: Turn) => void): void;
  /** It ended by itself; `why` is a word or two. */
  onEnd?(handler: (why: string) => void): void;
  stop?(): void | Promise<void>;
}

/** A machine in this process: synchronous, so that hundreds of them run in virtual time. Its transmits are for its radio; `watch` gets the rest. */
export class MachineStation<Input extends { readonly type: string }, Effect extends { readonly type: string }> implements Station {
  readonly #machine: Machine<Input | RadioInput, Effect>;
  readonly #watch: (now: Millis, effect: Exclude<Effect, { readonly type: 'transmit' }>) => void;

  constructor(
    machine: Machine<Input | RadioInput, Effect>,
    watch: (now: Millis, effect: Exclude<Effect, { readonly type: 'transmit' }>) => void,
  ) {
    this.#machine = machine;
    this.#watch = watch;
  }

  feed(now: Millis, input: Input | RadioInput): Turn {
    const transmits: Transmit[] = [];
    this.#machine.handle(now, input);
    for (let effect = this.#machine.poll(); effect !== undefined; effect = this.#machine.poll()) {
      if (effect.type === 'transmit') transmits.push(effect as unknown as Transmit);
      else this.#watch(now, effect as Exclude<Effect, { readonly type: 'transmit' }>);
    }
    return { transmits, deadline: this.#machine.deadline() };
  }
}

/** A turn in which nothing happens. */
export const idleTurn: Turn = { transmits: [], deadline: NEVER };
