/** Runs a machine on Node: feeds it inputs one at a time, hands out its effects, and sends ticks at its deadline. */
import type { Machine } from '../../firmware/core/base/index.js';
import type { Clock } from '../../firmware/core/ports/index.js';

/** setTimeout takes 31 bits; a later deadline is only looked at again then. */
const LONGEST = 0x7fff_ffff;

export class MachineDriver<Input extends { readonly type: string }, Effect> {
  readonly #machine: Machine<Input | { readonly type: 'tick' }, Effect>;
  readonly #clock: Clock;
  readonly #perform: (effect: Effect) => void;
  readonly #inputs: (Input | { readonly type: 'tick' })[] = [];
  #running = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(machine: Machine<Input | { readonly type: 'tick' }, Effect>, clock: Clock, perform: (effect: Effect) => void) {
    this.#machine = machine;
    this.#clock = clock;
    this.#perform = perform;
    this.#schedule();
  }

  /** Effects may feed further inputs: they wait until those of this one are drained. */
  feed(input: Input | { readonly type: 'tick' }): void {
    if (this.#stopped) return;
    this.#inputs.push(input);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined && !this.#stopped; next = this.#inputs.shift()) {
        this.#machine.handle(this.#clock.now().mono, next);
        for (let effect = this.#machine.poll(); effect !== undefined; effect = this.#machine.poll()) this.#perform(effect);
      }
    } finally {
      this.#running = false;
    }
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const wait = Math.min(Math.max(this.#machine.deadline() - this.#clock.now().mono, 0), LONGEST);
    this.#timer = setTimeout(() => this.feed({ type: 'tick' }), wait);
  }
}
